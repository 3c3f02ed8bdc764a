"""Install, first sync, records, a change in HubSpot seen without reloading, disconnect: as a portal admin does it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.hubspot import Account
from tests.journeys.world import World

SCREENSHOTS = Path(__file__).resolve().parent.parent / "screenshots"
PATIENCE_MS = 60_000
WIDTHS = {"wide": (1280, 900), "narrow": (390, 844)}


@pytest.fixture(params=[("wide", "light"), ("narrow", "light"), ("wide", "dark"), ("narrow", "dark")], ids="-".join)
def context(request: pytest.FixtureRequest, world: World, browser: Browser) -> Iterator[BrowserContext]:
    """A person's browser at one width and colour scheme; it complains about whatever its console complains about."""
    width, scheme = request.param
    viewport = {"width": WIDTHS[width][0], "height": WIDTHS[width][1]}
    found = browser.new_context(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]
    found.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    complaints: list[str] = []
    found.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    found.on("weberror", lambda error: complaints.append(str(error.error)))
    yield found
    found.close()
    assert not complaints


class Person:
    """A portal admin at work; every page they see is photographed."""

    def __init__(self, world: World, context: BrowserContext, account: Account, name: str) -> None:
        self.world = world
        self.context = context
        self.account = account
        self.page = context.new_page()
        self._name = name
        self._shots = 0

    def look(self, what: str, page: Page | None = None) -> None:
        """Take a screenshot, and make sure that nothing sticks out to the right."""
        page = page or self.page
        self._shots += 1
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{self._name}-{self._shots:02}-{what}.png", full_page=True)
        overhang = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overhang <= 0, f"{what} is {overhang} px wider than the window"

    @property
    def portal(self) -> str:
        return f"{self.world.stack.web}/portals/{self.account.hub_id}/"


@pytest.fixture
def person(request: pytest.FixtureRequest, world: World, context: BrowserContext) -> Person:
    account = world.hubspot.add_account(contacts=260, companies=30, deals=20, tickets=10)
    return Person(world, context, account, request.node.callspec.id)


def test_the_main_job(person: Person) -> None:
    install(person)
    watch_the_first_sync(person)
    contact = find_a_contact(person)
    see_a_change_without_reloading(person, contact)
    see_a_new_company_in_the_list(person)
    look_at_activity_and_settings(person)
    disconnect(person)


def install(person: Person) -> None:
    page = person.page
    page.goto(person.world.stack.web)
    person.look("landing")
    page.get_by_role("link", name=re.compile("install", re.IGNORECASE)).first.click()
    page.get_by_role("link", name=re.compile(str(person.account.hub_id))).click()
    expect(page.get_by_text("crm.objects.contacts.read")).to_be_visible()
    person.look("consent")
    page.get_by_role("button", name=re.compile("grant|connect", re.IGNORECASE)).click()
    page.wait_for_url(person.portal)


def watch_the_first_sync(person: Person) -> None:
    """The bar moves without reloading, and is full only when everything is read."""
    page = person.page
    page.evaluate("window.neverReloaded = true")
    person.look("overview-at-first")
    expect(page.locator("[data-sync-percent='100']")).to_be_visible()
    expect(page.locator("[data-record-count='contacts']")).to_have_attribute("data-count", "260")
    assert page.evaluate("window.neverReloaded"), "the page was reloaded"
    person.look("overview-synced")


def find_a_contact(person: Person) -> int:
    page = person.page
    page.goto(f"{person.portal}records/contacts/")
    expect(page.locator("[data-record-id]")).to_have_count(50)
    person.look("contacts")
    page.locator("a[rel=next]").click()
    expect(page.locator("[data-record-id]")).to_have_count(50)
    row = page.locator("[data-record-id]").first
    record_id = int(row.get_attribute("data-record-id") or "")
    page.goto(f"{person.portal}records/contacts/")
    page.get_by_role("searchbox").fill(str(record_id))
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("[data-record-id]")).to_have_count(1)
    person.look("search")
    page.locator("[data-record-id] a").first.click()
    expect(page.locator("[data-record-state=live]")).to_be_visible()
    person.look("contact")
    return record_id


def see_a_change_without_reloading(person: Person, record_id: int) -> None:
    """In another tab, in HubSpot, the contact is renamed; here its page changes by itself."""
    page = person.page
    page.evaluate("window.neverReloaded = true")
    with person.context.expect_page() as opened:
        page.locator("a[data-in-hubspot]").click()
    hubspot = opened.value
    hubspot.locator("input[name=firstname]").fill("Ottilie")
    hubspot.get_by_role("button", name=re.compile("save", re.IGNORECASE)).first.click()
    hubspot.wait_for_load_state()
    person.look("in-hubspot", hubspot)
    hubspot.close()
    expect(page.locator("[data-property=firstname]")).to_have_text("Ottilie")
    assert page.evaluate("window.neverReloaded"), "the page was reloaded"
    assert str(record_id) in page.url
    person.look("contact-renamed")


def see_a_new_company_in_the_list(person: Person) -> None:
    page = person.page
    page.goto(f"{person.portal}records/companies/")
    page.evaluate("window.neverReloaded = true")
    company = {"op": "create", "object_type": "companies", "properties": {"name": "Zephyr & Söhne"}}
    (made,) = person.world.hubspot.change(person.account, company)
    expect(page.locator(f"[data-record-id='{made['id']}']")).to_be_visible()
    person.world.hubspot.change(person.account, {"op": "archive", "object_type": "companies", "id": made["id"]})
    expect(page.locator(f"[data-record-id='{made['id']}']")).to_have_count(0)
    assert page.evaluate("window.neverReloaded"), "the page was reloaded"


def look_at_activity_and_settings(person: Person) -> None:
    for section in ("activity", "settings"):
        person.page.goto(f"{person.portal}{section}/")
        person.look(section)


def disconnect(person: Person) -> None:
    page = person.page
    page.goto(f"{person.portal}settings/")
    page.get_by_role("button", name=re.compile("disconnect", re.IGNORECASE)).click()
    person.look("disconnect")
    page.get_by_role("button", name=re.compile("disconnect account", re.IGNORECASE)).click()
    expect(page.get_by_text(re.compile("is disconnected"))).to_be_visible()
    person.look("disconnected")
    answer = page.request.get(person.portal)
    assert answer.status == 404
