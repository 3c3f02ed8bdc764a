"""Connect an account: landing page, consent, callback, first sync."""

from __future__ import annotations

from urllib.parse import urlsplit

from demo import hooks
from demo.browser import Browser
from demo.page import Page

from .world import Account, World, eventually, expect, opened, shown

FIRST_SYNC_LIMIT_S = 240


def landing(world: World) -> str:
    page = opened(world.nobody, world.stack.web)
    scopes = ("contacts", "companies", "deals", "tickets")
    missing = [word for word in scopes if word not in page.text.lower()]
    expect(
        not missing, "a landing page that says what it will ask for", f"nothing about {missing} in: {page.text[:400]}"
    )
    page.link("/install")
    return ""


def consent(world: World) -> str:
    page = _to_hubspot(world, world.nobody, "/install")
    missing = [hub_id for hub_id in world.stack.hub_ids if not _offers(page, hub_id)]
    expect(not missing, "every account to choose from", f"{missing} missing in: {page.text[:400]}", "emulator")
    page = _consent_page(world, world.nobody, world.portal, "/install")
    expect("crm.objects.contacts.read" in page.text, "the scopes on the consent page", page.text[:400], "emulator")
    return f"{len(world.stack.hub_ids)} accounts to choose from"


def cancel(world: World) -> str:
    before = world.in_hubspot()["installs"]
    page = shown(_decide(world, world.nobody, world.portal, 0, "/install", "cancel"))
    page.one("data-problem")
    page.link("/install")
    expect(world.in_hubspot()["installs"] == before, "nothing installed", "an installation", "emulator")
    return ""


def one_use(world: World) -> str:
    """The address that HubSpot sends a browser back to works once, and only in the browser that began."""
    form = _consent_page(world, world.owner, world.portal, "/install").form("/authorize")
    back = world.owner.redirected(form, user_id=str(world.portal.users[0]), decision="grant")
    for who, browser in (("another browser", world.nobody), ("its own browser, a second time", world.owner)):
        page = shown(browser.open(back), 400)
        expect(page.all("data-problem"), f"an explanation in {who}", page.text[:300])
    return ""


def install(world: World) -> str:
    page = install_in(world, world.owner, world.portal)
    expect(str(world.hub_id) in page.text, "the account's id on its overview", page.text[:400])
    return f"{world.portal.name}"


def install_in(world: World, browser: Browser, portal: Account, place: int = 0) -> Page:
    """Install the app in an account and return the overview. Raises Unexpected."""
    return _granted(world, browser, portal, place, "/install")


def sign_in_to(world: World, browser: Browser, portal: Account, place: int) -> Page:
    """Sign in as a user of an account and return the overview, whatever it shows. Raises Unexpected."""
    return _granted(world, browser, portal, place, "/signin")


def first_sync(world: World) -> str:
    return sync(world, world.owner, world.portal)


def sync(world: World, browser: Browser, portal: Account) -> str:
    """Wait for the first sync and compare its counts with what is in HubSpot. Raises Unexpected."""
    address = world.address(hub_id=portal.hub_id)
    percents: list[int] = []

    def look() -> hooks.Overview:
        found = hooks.overview(opened(browser, address))
        percents.append(found.sync_percent)
        return found

    done = eventually(
        look, lambda found: found.sync_percent >= 100, "a first sync at 100 %", limit_s=FIRST_SYNC_LIMIT_S
    )
    wanted = dict(world.in_hubspot(portal.hub_id)["records"])
    seen = {plural: done.counts.get(plural) for plural in wanted}
    expect(seen == wanted, f"mirrored records {wanted}", f"{seen}", "worker")
    return f"{sum(wanted.values())} records; seen on the way: {_some(percents)} %"


def _granted(world: World, browser: Browser, portal: Account, place: int, start: str) -> Page:
    page = shown(_decide(world, browser, portal, place, start, "grant"))
    wanted = world.address(hub_id=portal.hub_id)
    expect(page.address == wanted, f"to arrive at {wanted}", f"{page.address}: {page.text[:300]}")
    return page


def _decide(world: World, browser: Browser, portal: Account, place: int, start: str, decision: str) -> Page:
    form = _consent_page(world, browser, portal, start).form("/authorize")
    return browser.send(form, user_id=str(portal.users[place]), decision=decision)


def _consent_page(world: World, browser: Browser, portal: Account, start: str) -> Page:
    page = _to_hubspot(world, browser, start)
    return opened(browser, page.link(_consent_path(portal.hub_id)))


def _to_hubspot(world: World, browser: Browser, start: str) -> Page:
    page = opened(browser, f"{world.stack.web}{start}")
    wanted, seen = urlsplit(world.stack.emulator).netloc, urlsplit(page.address).netloc
    expect(wanted == seen, f"HubSpot's page at {wanted}", page.address)
    return page


def _offers(page: Page, hub_id: int) -> bool:
    return any(found.get("href").split("?")[0].endswith(_consent_path(hub_id)) for found in page.all("href"))


def _consent_path(hub_id: int) -> str:
    return f"/oauth/{hub_id}/authorize"


def _some(percents: list[int]) -> str:
    different = sorted(set(percents))
    step = max(1, len(different) // 6)
    return ", ".join(str(percent) for percent in different[::step])
