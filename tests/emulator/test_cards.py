"""What a card asks of its app, as HubSpot sends it on: signed, with who looks, within limits; and its page."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from emulator.cards.fetching import LARGEST, MOST_AT_ONCE
from emulator.webhooks.sender import DeliveryFailed
from emulator.workflows.wire import Incoming, Outgoing
from hubspot_api.secret import Secret
from hubspot_api.signatures import verify_v3
from tests.emulator.hub import ADMIN, APP_ID, CLIENT_ID, HUB, SECRET, USER, Hub

Json = dict[str, Any]
ORIGIN = "http://localhost:8000"
URL, VIEW_URL = f"{ORIGIN}/card", f"{ORIGIN}/card/view"
CARD: Json = {
    "name": "Our card",
    "url": URL,
    "view_url": VIEW_URL,
    "permitted_urls": {"fetch": [f"{ORIGIN}/card"], "iframe": [ORIGIN]},
}


class App:
    """The app's server: keeps what it is asked, answers what the test says."""

    def __init__(self) -> None:
        self.asked: list[Outgoing] = []
        self.answer: Callable[[Outgoing], Incoming] = lambda _: Incoming(200, b'{"ok": true}')

    def __call__(self, request: Outgoing) -> Incoming:
        self.asked.append(request)
        return self.answer(request)


@pytest.fixture
def app(hub: Hub) -> App:
    server = App()
    hub.emulator.cards._fetch = server
    hub.app(card=CARD)
    hub.control("POST", f"portals/{HUB}/tokens", {"client_id": CLIENT_ID})
    return server


def fetch(hub: Hub, **changes: Any) -> Json:
    body = {"user_id": USER, "url": CARD["url"], "method": "POST", "body": {"objectId": 1}} | changes
    answer: Json = hub.control("POST", f"portals/{HUB}/fetch", body)
    return answer


def refused(hub: Hub, **changes: Any) -> str:
    body = {"user_id": USER, "url": CARD["url"]} | changes
    answer = hub.http.post(f"/_emulator/portals/{HUB}/fetch", json=body)
    assert answer.status_code == 400
    return str(answer.json()["error"])


def test_the_request_says_who_looks_and_all_of_it_is_signed(hub: Hub, app: App) -> None:
    assert fetch(hub)["status"] == 200
    (sent,) = app.asked
    assert (sent.method, json.loads(sent.body)) == ("POST", {"objectId": 1})
    query = dict(parse_qsl(urlsplit(sent.url).query))
    email = hub.emulator.portals[HUB].user(USER)
    assert email is not None
    assert query == {"userId": str(USER), "portalId": str(HUB), "userEmail": email.email, "appId": str(APP_ID)}
    verify_v3(
        [Secret(SECRET)],
        signature=sent.headers["X-HubSpot-Signature-v3"],
        timestamp=sent.headers["X-HubSpot-Request-Timestamp"],
        method="POST",
        uri=sent.url,
        body=sent.body,
        now=time.time(),
    )


def test_what_the_card_put_into_its_address_stays(hub: Hub, app: App) -> None:
    fetch(hub, url=f"{CARD['url']}?userId=1&x=2", method="GET", body=None)
    assert parse_qsl(urlsplit(app.asked[0].url).query)[:3] == [("userId", "1"), ("x", "2"), ("userId", str(USER))]
    assert app.asked[0].body == b""


@pytest.mark.parametrize("given", ["?", "#part", "?#part", "?x=1#part", ""])
def test_who_looks_is_said_in_what_reaches_the_app(hub: Hub, app: App, given: str) -> None:
    """Nothing after "#" leaves for a server."""
    fetch(hub, url=CARD["url"] + given)
    parts = urlsplit(app.asked[0].url)
    assert (parts.path, parts.fragment) == ("/card", "")
    names = ["x"] if "x" in given else []
    assert [name for name, _ in parse_qsl(parts.query)] == [*names, "userId", "portalId", "userEmail", "appId"]


def test_a_bare_origin_is_asked_for_its_root(hub: Hub, app: App) -> None:
    hub.app(card=CARD | {"permitted_urls": {"fetch": [ORIGIN]}})
    fetch(hub, url=ORIGIN)
    assert app.asked[0].url.startswith(f"{ORIGIN}/?userId=")


@pytest.mark.parametrize("given", ["é", " x", "\n", "\0", "\ud800"])
def test_what_is_no_address_is_refused(hub: Hub, app: App, given: str) -> None:
    body = {"user_id": USER, "url": CARD["url"] + given}
    answer = hub.http.post(f"/_emulator/portals/{HUB}/fetch", content=json.dumps(body))
    assert answer.status_code == 400, answer.text
    assert "is not an address" in answer.json()["error"]
    assert app.asked == []


@pytest.mark.parametrize(
    "url",
    [
        *("http://localhost:8000/other", "http://localhost:8001/card", "https://localhost:8000/card", "x", ""),
        *("http://[", "http://localhost:99999/card"),
    ],
)
def test_only_permitted_addresses_are_asked(hub: Hub, app: App, url: str) -> None:
    assert refused(hub, url=url or "/")
    assert app.asked == []


def test_only_users_of_the_account_look(hub: Hub, app: App) -> None:
    assert "no such user" in refused(hub, user_id=999)


def test_without_an_install_there_is_no_card(hub: Hub, app: App) -> None:
    hub.control("POST", f"portals/{HUB}/uninstall", {"client_id": CLIENT_ID})
    assert "0 such apps" in refused(hub)
    assert hub.http.get(f"/contacts/{HUB}/record/0-1/1/cards/{APP_ID}").status_code == 404


@pytest.mark.parametrize(
    ("first", "attempts", "status"),
    [(200, 1, 200), (404, 1, 404), (429, 1, 429), (500, 2, 200), (503, 2, 200), (None, 2, 200)],
)
def test_a_failure_of_the_server_is_repeated_once_as_it_was(
    hub: Hub, app: App, first: int | None, attempts: int, status: int
) -> None:
    def answer(_: Outgoing) -> Incoming:
        if len(app.asked) > 1:
            return Incoming(200)
        if first is None:
            raise DeliveryFailed("connection refused")
        return Incoming(first)

    app.answer = answer
    fetched = fetch(hub)
    assert (fetched["status"], fetched["attempts"]) == (status, attempts)
    assert len({(one.url, one.body, str(one.headers)) for one in app.asked}) == 1


def test_what_fails_twice_has_failed(hub: Hub, app: App) -> None:
    app.answer = lambda _: Incoming(500, b"no")
    assert (fetch(hub)["status"], len(app.asked)) == (500, 2)


def test_time_is_short(hub: Hub, app: App) -> None:
    fetch(hub)
    assert app.asked[0].timeout_s == pytest.approx(15, abs=0.5)
    fetch(hub, timeout_ms=120_000)
    assert app.asked[1].timeout_s == pytest.approx(120, abs=0.5)
    assert "timeout_ms" in refused(hub, timeout_ms=120_001)


def test_neither_way_holds_more_than_a_megabyte(hub: Hub, app: App) -> None:
    assert "1 MB" in refused(hub, method="POST", body={"x": "y" * LARGEST})
    app.answer = lambda _: Incoming(200, b"x" * LARGEST)
    fetched = fetch(hub)
    assert (fetched["status"], "1 MB" in fetched["error"]) == (None, True)


def test_twenty_at_once(hub: Hub, app: App) -> None:
    inside, end = threading.Semaphore(0), threading.Event()

    def wait(_: Outgoing) -> Incoming:
        inside.release()
        assert end.wait(30)
        return Incoming(200)

    app.answer = wait
    threads = [threading.Thread(target=fetch, args=(hub,)) for _ in range(MOST_AT_ONCE)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=30)
    assert fetch(hub)["status"] == 429
    end.set()
    for thread in threads:
        thread.join()
    assert fetch(hub)["status"] == 200
    assert len(app.asked) == MOST_AT_ONCE + 1


@pytest.mark.parametrize("url", ["ftp://x.example", "http://x.example/card", "x"])
def test_a_card_names_addresses_that_hubspot_takes(hub: Hub, url: str) -> None:
    for card in ({"url": url}, CARD | {"view_url": url}, CARD | {"permitted_urls": {"iframe": [url]}}):
        answer = hub.http.post(
            "/_emulator/apps",
            json={"client_id": "c", "client_secret": "s", "app_id": 5, "redirect_uris": [], "card": card},
        )
        assert answer.status_code == 400, card
        assert "card" in answer.json()["error"]


def test_a_snapshot_holds_it(hub: Hub, app: App) -> None:
    before = hub.emulator.apps[CLIENT_ID].card
    snapshot = json.loads(json.dumps(hub.control("GET", "snapshot")))
    hub.app()
    assert hub.emulator.apps[CLIENT_ID].card is None
    hub.control("PUT", "snapshot", snapshot)
    assert hub.emulator.apps[CLIENT_ID].card == before


# ── Its page ────────────────────────────────────────────────────────────────────────────────────────────────
def page(hub: Hub, op: str = "", user: int = ADMIN) -> Any:
    contact = hub.control("POST", f"portals/{HUB}/changes", CREATE)["results"][0]["id"]
    address = f"/contacts/{HUB}/record/0-1/{contact}/cards/{APP_ID}"
    assert address in hub.http.get(f"/contacts/{HUB}/record/0-1/{contact}").text, "the record leads to it"
    if not op:
        return hub.http.get(address)
    return hub.http.post(address, data={":op": op, ":user": str(user)})


CREATE = {"changes": [{"op": "create", "object_type": "contact", "properties": {"email": "ada@example.com"}}]}


def test_the_page_asks_nothing_by_itself(hub: Hub, app: App) -> None:
    answer = page(hub)
    assert answer.status_code == 200
    assert "Our card" in answer.text
    assert app.asked == []


def test_the_page_shows_what_the_card_gets(hub: Hub, app: App) -> None:
    app.answer = lambda _: Incoming(200, b'{"said": "<b>"}')
    answer = page(hub, "load", USER)
    assert "&quot;&lt;b&gt;&quot;" in answer.text
    assert "<b>" not in answer.text
    assert f"userId={USER}" in app.asked[0].url
    assert set(json.loads(app.asked[0].body)) == {"objectTypeId", "objectId"}
    assert "frame-src" not in answer.headers["Content-Security-Policy"]


def test_the_page_frames_what_the_card_opens(hub: Hub, app: App) -> None:
    app.answer = lambda _: Incoming(200, json.dumps({"uri": f"{ORIGIN}/view?token=t&x"}).encode())
    answer = page(hub, "open")
    assert f'src="{ORIGIN}/view?token=t&amp;x"' in answer.text
    assert f"frame-src {ORIGIN};" in answer.headers["Content-Security-Policy"]
    assert app.asked[0].url.startswith(VIEW_URL)


@pytest.mark.parametrize(
    "uri", ["https://evil.example/", "javascript:alert(1)", 5, None, "http://[", f"{ORIGIN}/a b", f"{ORIGIN}/\ud800"]
)
def test_it_frames_nothing_that_is_not_permitted(hub: Hub, app: App, uri: object) -> None:
    app.answer = lambda _: Incoming(200, json.dumps({"uri": uri}).encode())
    answer = page(hub, "open")
    assert answer.status_code == 200
    assert "<iframe" not in answer.text
    assert "frame-src" not in answer.headers["Content-Security-Policy"]


def test_the_page_shows_that_no_answer_came(hub: Hub, app: App) -> None:
    def fail(_: Outgoing) -> Incoming:
        raise DeliveryFailed("connection refused")

    app.answer = fail
    assert "connection refused" in page(hub, "load").text


@pytest.mark.parametrize("record", ["abc", "0", "999999", "9" * 30, "é"])
def test_a_record_that_is_not_there_has_no_card(hub: Hub, app: App, record: str) -> None:
    address = f"/contacts/{HUB}/record/0-1/{record}/cards/{APP_ID}"
    for answer in (hub.http.get(address), hub.http.post(address, data={":op": "load"})):
        assert answer.status_code == 404
    assert app.asked == []
