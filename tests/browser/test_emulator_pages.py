"""The emulator's pages in a real browser: nothing sticks out, nothing complains, and what happens elsewhere appears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.emulator.hub import APP_ID, CLIENT_ID, CRM_SCOPES, HUB, REDIRECT, SECRET
from tests.emulator.process import Process, free_ports

SCREENSHOTS = Path(__file__).resolve().parent.parent / "screenshots"
WIDTHS = {"wide": (1280, 860), "narrow": (390, 844)}
PATIENCE_MS = 30_000

# A value that would be seen, and heard of, if it were taken for HTML.
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Process]:
    """Accounts, an app whose receiver is away, calls, faults: something on every page."""
    process = Process(free_ports(), "--seed", "demo", "--webhook-linger-ms", "1")
    app = {"client_id": CLIENT_ID, "client_secret": SECRET, "app_id": APP_ID, "redirect_uris": [REDIRECT]}
    subscriptions = [{"event_type": "contact.creation"}, {"event_type": "contact.deletion", "active": False}]
    webhook = {"target_url": "http://localhost:1/hooks"}
    more = {"conditional_scopes": CRM_SCOPES, "subscriptions": subscriptions, "webhook": webhook, "name": HOSTILE}
    process.control("POST", "apps", app | more)
    token = process.control("POST", f"portals/{HUB}/tokens", {"client_id": CLIENT_ID})["access_token"]
    create_contact(process, HOSTILE)
    for path in ("contacts", "contacts/1", "companies"):
        process.http.get(f"/crm/v3/objects/{path}", headers={"Authorization": f"Bearer {token}"})
    process.control("POST", "faults", {"action": "latency", "match": {"path": "/nowhere"}})
    yield process
    process.end()


def create_contact(process: Process, firstname: str) -> str:
    change = {"op": "create", "object_type": "contact", "properties": {"firstname": firstname}}
    made = process.control("POST", f"portals/{HUB}/changes", {"changes": [change]})["results"][0]
    return str(made["id"])


@pytest.fixture(params=[("wide", "light"), ("narrow", "light"), ("wide", "dark"), ("narrow", "dark")], ids="-".join)
def context(request: pytest.FixtureRequest, emulator: Process, browser: Browser) -> Iterator[BrowserContext]:
    width, scheme = request.param
    viewport = {"width": WIDTHS[width][0], "height": WIDTHS[width][1]}
    found = browser.new_context(
        viewport=viewport,  # type: ignore[arg-type]
        color_scheme=scheme,
        base_url=f"http://localhost:{emulator.port}",
    )
    found.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    complaints: list[str] = []
    found.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    found.on("weberror", lambda error: complaints.append(str(error.error)))
    found.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
    yield found
    found.close()
    assert not complaints


def look(page: Page, name: str, mode: str) -> None:
    """Take a screenshot, and make sure that nothing sticks out to the right."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"emulator-{mode}-{name}.png", full_page=True)
    overhang = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overhang <= 0, f"{name} is {overhang} px wider than the window"


@pytest.fixture
def mode(request: pytest.FixtureRequest) -> str:
    found: str = request.node.callspec.id
    return found


def test_every_page_fits_and_complains_of_nothing(context: BrowserContext, emulator: Process, mode: str) -> None:
    record = f"/contacts/{HUB}/record/0-1/{create_contact(emulator, HOSTILE)}"
    query = f"client_id={CLIENT_ID}&redirect_uri={REDIRECT}&scope=oauth"
    pages = {
        "accounts": "/",
        "new-account": "/_ui/accounts/new",
        "account": f"/_ui/accounts/{HUB}",
        "records": f"/contacts/{HUB}/objects/0-1/views/all/list",
        "new-record": f"/contacts/{HUB}/objects/0-3/new?all=1",
        "record": record,
        "record-all": f"{record}?all=1",
        "history": f"{record}/history/firstname",
        "apps": "/_ui/apps",
        "app": f"/_ui/apps/{APP_ID}",
        "edit-app": f"/_ui/apps/{APP_ID}/edit",
        "deliveries": "/_ui/deliveries",
        "delivery": "/_ui/deliveries/1",
        "executions": "/_ui/executions",
        "requests": "/_ui/requests",
        "faults": "/_ui/faults",
        "scenarios": "/_ui/scenarios?play=webhook_storm",
        "marketplace": "/marketplace/apps",
        "clock": "/_ui/clock",
        "choose": f"/oauth/authorize?{query}",
        "consent": f"/oauth/{HUB}/authorize?{query}",
    }
    page = context.new_page()
    for name, address in pages.items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, name
        expect(page.locator("h1")).to_have_count(1)
        look(page, name, mode)


def test_a_day_with_the_emulator(context: BrowserContext, emulator: Process, mode: str) -> None:
    """A record is edited, archived, brought back and deleted; time moves."""
    page = context.new_page()
    record_id = create_contact(emulator, "Otto")
    page.goto(f"/contacts/{HUB}/record/0-1/{record_id}")
    page.locator("input[name=firstname]").fill("Ottilie")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    expect(page.locator("h1")).to_have_text("Ottilie")
    page.get_by_role("button", name="Archive").click()
    look(page, "archived", mode)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("is back")
    page.get_by_text("Delete for privacy").first.click()
    look(page, "question", mode)
    page.get_by_role("button", name="Delete for privacy").click()
    expect(page.get_by_role("status")).to_contain_text("Deleted for good")
    page.goto("/_ui/clock")
    page.get_by_role("button", name="+ 1 minute").click()
    expect(page.get_by_role("status")).to_contain_text("Time moved forward")


def test_what_happens_elsewhere_appears_by_itself(context: BrowserContext, emulator: Process, mode: str) -> None:
    page = context.new_page()
    page.goto(f"/_ui/requests?path=/crm/v3/objects/tickets/{mode}")
    page.evaluate("window.neverReloaded = true")
    expect(page.get_by_text("No call matches")).to_be_visible()
    emulator.http.get(f"/crm/v3/objects/tickets/{mode}")
    expect(page.locator("tbody tr", has_text=mode)).to_have_count(1)
    page.get_by_role("button", name="Pause updates").click()
    expect(page.get_by_role("button", name="Resume updates")).to_be_visible()
    assert page.evaluate("window.neverReloaded"), "the page was reloaded"


def test_the_first_key_leads_past_the_bar(context: BrowserContext, emulator: Process) -> None:
    page = context.new_page()
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
