"""Two people with a browser each: asking for access, being let in, handing the ownership on, signing out everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.hubspot import Account
from tests.journeys.world import World

from .test_main_job import PATIENCE_MS, SCREENSHOTS, WIDTHS


@dataclass
class Person:
    """A HubSpot user at a browser of their own."""

    world: World
    account: Account
    user_id: int
    context: BrowserContext
    page: Page
    shots: str

    @property
    def portal(self) -> str:
        return f"{self.world.stack.web}/portals/{self.account.hub_id}/"

    def passes_hubspot(self, page: Page | None = None) -> None:
        """Choose oneself on HubSpot's consent page, and agree."""
        page = page or self.page
        page.locator(f"input[name=user_id][value='{self.user_id}']").check()
        page.get_by_role("button", name=re.compile("grant|connect", re.IGNORECASE)).click()
        page.wait_for_url(f"{self.world.stack.web}/**")

    def opens(self, path: str = "") -> None:
        self.page.goto(self.portal + path)

    def presses(self, name: str, *, exact: bool = False) -> None:
        self.page.get_by_role("button", name=name, exact=exact).first.click()

    def looks(self, what: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"people-{self.shots}-{what}.png", full_page=True)
        overhang = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overhang <= 0, f"{what} is {overhang} px wider than the window"


@pytest.fixture(params=[("wide", "light"), ("narrow", "dark")], ids="-".join)
def people(request: pytest.FixtureRequest, world: World, browser: Browser) -> Iterator[tuple[Person, Person]]:
    """The admin who installs, and a colleague; their browsers complain about whatever their consoles complain about."""
    width, scheme = request.param
    account = world.hubspot.add_account(contacts=3)
    viewport = {"width": WIDTHS[width][0], "height": WIDTHS[width][1]}
    expect.set_options(timeout=PATIENCE_MS)
    complaints: list[str] = []
    found = []
    for user_id in (account.admin_id, account.user_id):
        context = browser.new_context(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        found.append(Person(world, account, user_id, context, context.new_page(), f"{width}-{scheme}"))
    yield found[0], found[1]
    for person in found:
        person.context.close()
    assert not [one for one in complaints if "404" not in one], "refusals are what this is about"


def test_two_people_share_an_account(people: tuple[Person, Person]) -> None:
    owner, colleague = people
    install(owner)
    ask_for_access(colleague)
    be_declined_by_mistake(owner, colleague)
    be_let_in(owner, colleague)
    hand_the_ownership_on(owner, colleague)
    sign_out_everywhere(colleague)


def install(owner: Person) -> None:
    owner.page.goto(f"{owner.world.stack.web}/install?hub_id={owner.account.hub_id}")
    owner.passes_hubspot()
    owner.page.wait_for_url(owner.portal)


def ask_for_access(colleague: Person) -> None:
    """Signing in asks; the request can be taken back and sent again."""
    colleague.page.goto(f"{colleague.world.stack.web}/signin?hub_id={colleague.account.hub_id}")
    colleague.passes_hubspot()
    page = colleague.page
    expect(page.get_by_text(f"admin@{colleague.account.hub_id}.example")).to_be_visible()
    colleague.looks("waiting")
    colleague.presses("Withdraw the request")
    expect(page.get_by_role("heading", name="You have not asked for access")).to_be_visible()
    colleague.presses("Ask for access")
    expect(page.get_by_role("heading", name="You have not been let in yet")).to_be_visible()


def be_declined_by_mistake(owner: Person, colleague: Person) -> None:
    """The page of who waits says so by itself, and a refusal can be undone."""
    colleague.page.evaluate("window.neverReloaded = true")
    owner.opens("activity/")
    expect(owner.page.locator("[data-asking='1']")).to_be_visible()
    owner.opens("settings/")
    owner.looks("settings-asked")
    owner.presses("Decline")
    expect(colleague.page.get_by_role("heading", name="You have no access to this account")).to_be_visible()
    assert colleague.page.evaluate("window.neverReloaded")
    colleague.looks("declined")
    expect(owner.page.locator("[data-asking]")).to_have_count(0)
    owner.page.get_by_text("Without access (1)").click()
    owner.looks("settings-declined")


def be_let_in(owner: Person, colleague: Person) -> None:
    owner.presses("Let in as viewer")
    expect(owner.page.get_by_text("is now viewer")).to_be_visible()
    expect(colleague.page.locator("[data-record-count='contacts']")).to_be_visible()
    colleague.looks("let-in")


def hand_the_ownership_on(owner: Person, colleague: Person) -> None:
    """In two tabs at once: the second comes too late."""
    second_tab = owner.context.new_page()
    for page in (owner.page, second_tab):
        page.goto(f"{owner.portal}settings/")
        page.get_by_role("button", name="Transfer…").click()
        expect(page.get_by_role("heading", name=re.compile("Transfer the ownership to"))).to_be_visible()
    owner.looks("transfer")
    owner.presses("Transfer the ownership")
    expect(owner.page.get_by_text("The ownership is transferred.")).to_be_visible()
    owner.looks("transferred")
    second_tab.get_by_role("button", name="Transfer the ownership").click()
    expect(second_tab.get_by_text("You do not own this connection any more")).to_be_visible()
    colleague.opens("settings/")
    expect(colleague.page.get_by_text("You own this connection.")).to_be_visible()
    colleague.looks("settings-owner")


def sign_out_everywhere(colleague: Person) -> None:
    """From another browser of the same person."""
    browser = colleague.context.browser
    assert browser is not None
    other = browser.new_context()
    elsewhere = other.new_page()
    elsewhere.goto(f"{colleague.world.stack.web}/signin?hub_id={colleague.account.hub_id}")
    colleague.passes_hubspot(elsewhere)
    elsewhere.goto(f"{colleague.world.stack.web}/account/")
    expect(elsewhere.locator("[data-visit]")).to_have_count(2)
    colleague.opens()
    colleague.page.goto(f"{colleague.world.stack.web}/account/")
    colleague.looks("account")
    colleague.opens()
    elsewhere.get_by_role("button", name="Sign out everywhere").click()
    expect(elsewhere.get_by_text("You are signed out everywhere")).to_be_visible()
    expect(colleague.page.get_by_role("heading", name="There is nothing here for you")).to_be_visible()
    assert elsewhere.request.get(colleague.portal).status == 404
    other.close()
