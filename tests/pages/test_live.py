"""What the pages' own script does, in a real browser: keep up, say when it cannot, make way for another page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from crm.models import Change, Record
from crm.object_types import CONTACT
from installations.models import Membership, Portal

from .furniture import COMPANY_ID, CONTACT_ID, OWNER, WAITING, add_change, browser_of, furnished, page_addresses

PATIENCE_MS = 15_000
LOST = "Not up to date: reconnecting…"
# A tab that the test can hide.
HIDEABLE = "Object.defineProperty(document, 'hidden', { get: () => window.isHidden === true })"

Open = Callable[[int, str], Page]


@pytest.fixture(scope="module", autouse=True)
def _beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, beside which Django refuses to work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def portal(transactional_db: None) -> Portal:
    return furnished()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context()
    found.set_default_timeout(PATIENCE_MS)
    found.add_init_script(HIDEABLE)
    yield found
    for page in found.pages:
        page.evaluate("window.isHidden = true")
        page.wait_for_timeout(300)  # a question under way ends before the database is emptied
    found.close()


@pytest.fixture
def go(context: BrowserContext, live_server: LiveServer) -> Open:
    """Return what opens an address as a user."""

    def open_as(user_id: int, address: str) -> Page:
        session = browser_of(user_id).cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        page.goto(f"{live_server.url}{address}")
        return page

    return open_as


def rename(portal: Portal, name: str) -> None:
    properties = {"firstname": name, "email": "ada@example.com"}
    Record.objects.filter(portal=portal, record_id=CONTACT_ID).update(title=name, properties=properties)
    version = Change.objects.filter(portal=portal).count() + 1
    add_change(portal, CONTACT, CONTACT_ID, version, Change.Kind.UPDATED, "firstname")


def shows(page: Page, text: str) -> None:
    expect(page.locator("[data-property=firstname]")).to_have_text(text, timeout=PATIENCE_MS)


def test_a_change_shows_and_leaves_the_reader_in_place(portal: Portal, go: Open) -> None:
    page = go(OWNER, page_addresses(portal)["contact"])
    page.set_viewport_size({"width": 800, "height": 300})
    page.focus(f"#to-company-{COMPANY_ID}")
    page.evaluate("window.neverReloaded = true; scrollTo(0, 150)")
    rename(portal, "Zoë")
    shows(page, "Zoë")
    assert page.evaluate("document.activeElement.id") == f"to-company-{COMPANY_ID}"
    assert page.evaluate("scrollY") == 150
    assert page.evaluate("window.neverReloaded")


def test_what_has_not_changed_stays_as_it_is(portal: Portal, go: Open) -> None:
    page = go(OWNER, page_addresses(portal)["contact"])
    page.evaluate("document.querySelector('[data-fragment]').isTheFirst = true")
    for _ in range(2):
        with page.expect_response(lambda response: response.status == 304):
            pass
    assert page.evaluate("document.querySelector('[data-fragment]').isTheFirst")


def test_text_being_marked_is_not_taken_away(portal: Portal, go: Open) -> None:
    page = go(OWNER, page_addresses(portal)["contact"])
    page.evaluate("getSelection().selectAllChildren(document.querySelector('[data-property=email]'))")
    with page.expect_response(lambda response: "data-fragment" in response.text()):
        rename(portal, "Zoë")
    shows(page, "Ada")
    page.evaluate("getSelection().removeAllRanges()")
    shows(page, "Zoë")


def test_a_lost_server_is_told_and_a_found_one_too(portal: Portal, go: Open, context: BrowserContext) -> None:
    page = go(OWNER, page_addresses(portal)["contact"])
    context.set_offline(True)
    expect(page.locator("#connection")).to_have_text(LOST, timeout=PATIENCE_MS)
    shows(page, "Ada")
    rename(portal, "Zoë")
    context.set_offline(False)
    shows(page, "Zoë")
    expect(page.locator("#connection")).to_be_empty()


def test_a_hidden_tab_asks_nothing(portal: Portal, go: Open) -> None:
    page = go(OWNER, page_addresses(portal)["contact"])
    page.evaluate("window.isHidden = true")
    page.wait_for_timeout(500)  # a question under way may end
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3000)
    assert not asked
    rename(portal, "Zoë")
    page.evaluate("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    shows(page, "Zoë")


def test_who_is_let_in_sees_the_overview(portal: Portal, go: Open) -> None:
    page = go(WAITING, page_addresses(portal)["overview"])
    expect(page.get_by_role("heading", level=1)).to_have_text("You have not been let in yet")
    Membership.objects.filter(portal=portal, user_id=WAITING).update(role="viewer")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview", timeout=PATIENCE_MS)


def test_who_is_put_out_sees_nothing_more(portal: Portal, go: Open) -> None:
    page = go(OWNER, page_addresses(portal)["contact"])
    Membership.objects.filter(portal=portal, user_id=OWNER).delete()
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here for you", timeout=PATIENCE_MS)


def test_no_page_breaks_its_own_policy(portal: Portal, go: Open, context: BrowserContext) -> None:
    complaints: list[str] = []
    context.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    for address in page_addresses(portal).values():
        page = go(OWNER, address)
        page.wait_for_load_state("networkidle")
        page.close()
    assert not complaints
