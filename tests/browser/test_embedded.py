"""The app card and its view, in a real browser: HubSpot's page shows the view, no other page does."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.hubspot import Account
from tests.journeys.world import World

from .test_main_job import PATIENCE_MS, SCREENSHOTS, WIDTHS


@pytest.fixture(scope="module")
def account(world: World) -> Account:
    """An account that is connected and read, owned by its admin."""
    found = world.hubspot.add_account(contacts=3)
    world.install(found)
    world.wait_until_synced(found)
    return found


@pytest.fixture(params=[("wide", "light"), ("narrow", "dark"), ("wide", "dark"), ("narrow", "light")], ids="-".join)
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which nobody is signed in with us."""
    width, scheme = request.param
    viewport = {"width": WIDTHS[width][0], "height": WIDTHS[width][1]}
    expect.set_options(timeout=PATIENCE_MS)
    made = browser.new_context(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


def record_of(world: World, account: Account) -> int:
    query = "SELECT min(record_id) FROM crm_record WHERE portal_id = %s AND object_type = '0-1'"
    return world.count(query, world.portal_id(account))


def offered(world: World, account: Account) -> str:
    """Return the address that HubSpot's modal would open."""
    asked = {
        "user_id": account.admin_id,
        "url": f"{world.stack.web}/embedded/card/view",
        "method": "POST",
        "body": {"objectTypeId": "0-1", "objectId": record_of(world, account)},
    }
    fetched = world.hubspot.call("POST", f"/_emulator/portals/{account.hub_id}/fetch", asked)
    assert fetched["status"] == 200, fetched
    return str(json.loads(fetched["body"])["uri"])


def screenshot(page: Page, request: pytest.FixtureRequest, what: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    name = request.node.callspec.id
    page.screenshot(path=SCREENSHOTS / f"embedded-{name}-{what}.png", full_page=True)
    overhang = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overhang <= 0, f"{what} is {overhang} px wider than the window"


def test_hubspots_page_shows_the_card_and_its_view(
    world: World, account: Account, context: BrowserContext, request: pytest.FixtureRequest
) -> None:
    """The whole way, by the emulator's pages; the view follows a change by itself, and closes when access ends."""
    page, record_id = context.new_page(), record_of(world, account)
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    page.goto(f"{world.stack.emulator}/contacts/{account.hub_id}/record/0-1/{record_id}")
    page.get_by_role("link", name="Record in hubapp").click()
    page.locator("select[name=':user']").select_option(str(account.admin_id))
    page.get_by_role("button", name="Load the card").click()
    expect(page.locator("pre")).to_contain_text('"inSync": true')
    screenshot(page, request, "card")
    page.get_by_role("button", name="Open its view").click()
    view = page.frame_locator("iframe.modal")
    expect(view.get_by_text("In sync with HubSpot.")).to_be_visible()
    screenshot(page, request, "modal")
    changes = view.locator("#changes + ol > li")
    before = changes.count()
    email = f"{request.node.callspec.id}@example.com"
    change = {"op": "update", "object_type": "contact", "id": str(record_id), "properties": {"email": email}}
    world.hubspot.change(account, change)
    expect(changes).not_to_have_count(before)
    frame = page.frames[1]
    assert frame.url.startswith(f"{world.stack.web}/embedded/view")
    assert frame.evaluate("location.search + location.hash") == "", "the token does not stay in the address"
    assert frame.evaluate("document.cookie") == ""
    assert [one for one in context.cookies() if one["name"].startswith("hubapp")] == []
    assert refused == []
    world.sql("DELETE FROM embedded_cardvisit")
    expect(view.get_by_role("heading", name="This view is closed")).to_be_visible()
    screenshot(page, request, "closed")


def test_the_view_by_itself(
    world: World, account: Account, context: BrowserContext, request: pytest.FixtureRequest
) -> None:
    """As wide as the window it is put in; the history has its address without the token."""
    page = context.new_page()
    page.goto(offered(world, account))
    expect(page.get_by_text("In sync with HubSpot.")).to_be_visible()
    screenshot(page, request, "view")
    assert urlsplit(page.url).query == ""
    page.reload()
    expect(page.get_by_role("heading", name="This view is closed")).to_be_visible()
    screenshot(page, request, "reloaded")


@contextmanager
def elsewhere(content: str) -> Iterator[str]:
    """A page of somebody else's, at another origin, that shows what it likes."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<!doctype html><title>Elsewhere</title>{content}".encode())

        def log_message(self, *_: Any) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("what", ["the view", "the closed view", "the overview", "the start page", "an error"])
def test_no_page_elsewhere_shows_ours(world: World, account: Account, browser: Browser, what: str) -> None:
    addresses = {
        "the view": offered(world, account),
        "the closed view": f"{world.stack.web}/embedded/view",
        "the overview": f"{world.stack.web}/portals/{account.hub_id}/",
        "the start page": f"{world.stack.web}/",
        "an error": f"{world.stack.web}/nothing",
    }
    said: list[str] = []
    page = browser.new_page()
    page.on("console", lambda message: said.append(message.text))
    with elsewhere(f'<iframe src="{addresses[what]}"></iframe>') as address:
        page.goto(address, wait_until="load")
        expect(page.frame_locator("iframe").locator("main")).to_have_count(0)
        page.wait_for_timeout(200)
        assert any(re.search("frame-ancestors|X-Frame-Options", one) for one in said), said
        assert "hubapp" not in page.frames[1].content()
    page.close()
