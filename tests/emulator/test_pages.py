"""What holds for every page for people: whole, named, nothing inline, escaped, linked, and driven by itself only."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from emulator.scenarios.library import LIBRARY
from emulator.web.pages.layout import STATIC
from tests.emulator.hub import APP_ID, HUB, Hub, authorize_query
from tests.emulator.pages import Outline, new_record, page, post, record, records, send

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture
def addresses(hub: Hub) -> list[str]:
    """Every page there is, with something on it that would break out of its place if it could."""
    hub.subscribe("contact.creation", "contact.propertyChange:email")
    hub.portal(7, name=SCRIPT)
    shown = pages_of_records(hub)
    hub.receiver.answer = 503
    hub.emulator.deliver()
    hub.control("POST", "faults", {"action": "drop", "match": {"event_type": SCRIPT}})
    hub.control("POST", "faults", {"action": "status", "params": {"body": SCRIPT}, "match": {"path": SCRIPT}})
    return [*PAGES, *shown, *pages_of_the_app(), *pages_of_consent()]


PAGES = [
    *("/", "/_ui/accounts/new", f"/_ui/accounts/{HUB}", "/_ui/accounts/7"),
    *("/_ui/deliveries", "/_ui/deliveries/1", "/_ui/requests", "/_ui/faults", "/_ui/faults?add=drip"),
    f"/_ui/deliveries?{urlencode({'type': 'contact.creation', 'hub_id': HUB, 'status': '5'})}",
    f"/_ui/requests?{urlencode({'path': SCRIPT})}",
    f"/_ui/faults?{urlencode({'done': 'removed', 'again': SCRIPT})}",
    *("/_ui/clock", "/_ui/scenarios", *(f"/_ui/scenarios?play={name}" for name in LIBRARY)),
]


def pages_of_records(hub: Hub) -> list[str]:
    """Of all kinds, and of records that have a script for a name, are archived or associated."""
    ada, gone = hub.create(email="ada@b.co", firstname=SCRIPT), hub.create(email="gone@b.co")
    company = hub.create("companies", name='Acme "&" Sons')
    hub.change(
        {"op": "archive", "object_type": "contact", "id": gone},
        {"op": "associate", "object_type": "contact", "id": ada, "to": {"object_type": "company", "id": company}},
        {"op": "update", "object_type": "contact", "id": ada, "properties": {"lastname": SCRIPT}},
        {"op": "create", "object_type": "contact", "properties": {"email": "x@b.co", "firstname": SCRIPT}},
    )
    kinds = hub.emulator.portals[HUB].crm.types
    return [
        *(records(), f"{records()}?q=ada&sort=-email", f"{records()}?{urlencode({'q': SCRIPT})}"),
        f"{records()}?archived=1",
        *(records(kind.type_id) for kind in kinds),
        *(new_record(kind.type_id) for kind in kinds),
        *(record(ada), f"{record(ada)}?add=phone", f"{record(ada)}?all=1&done=archive"),
        *(f"{record(ada)}/history", f"{record(ada)}/history/lastname", f"{record(ada)}/associations/0-2"),
        *(record(gone), record(company, "0-2")),
    ]


def pages_of_the_app() -> list[str]:
    done = urlencode({"done": "delete", "event_type": SCRIPT})
    return ["/_ui/apps", "/_ui/apps/new", *(f"/_ui/apps/{APP_ID}{end}" for end in ("", f"?{done}", "/edit"))]


def pages_of_consent() -> list[str]:
    query = urlencode(authorize_query())
    return [f"/oauth/authorize?{query}", f"/oauth/{HUB}/authorize?{query}", "/oauth/authorize"]


def test_every_page_is_whole_says_what_it_is_and_has_nothing_inline(hub: Hub, addresses: list[str]) -> None:
    for address in addresses:
        answer = hub.http.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "HubSpot emulator" in answer.text
        assert "Not HubSpot" in answer.text
        shown = Outline(answer.text)
        assert shown.open == []
        tags = [tag for tag, _ in shown.tags]
        assert [attributes.get("src") for tag, attributes in shown.tags if tag == "script"] == ["/_ui/static/live.js"]
        assert (shown.script, "style" in tags) == ("", False), address
        assert not [name for _, attributes in shown.tags for name in attributes if name == "style" or name[:2] == "on"]
        assert tags.count("h1") == 1
        assert shown.bare_controls == [], f"every control has a label: {address}"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_texts_are_escaped_wherever_they_stand(hub: Hub, addresses: list[str]) -> None:
    shown = [address for address in addresses if "&lt;script&gt;" in hub.http.get(address).text]
    assert len(shown) > 12
    assert not [address for address in addresses if "<script>" in hub.http.get(address).text]


def test_the_links_on_the_pages_lead_somewhere(hub: Hub, addresses: list[str]) -> None:
    found = set()
    for address in addresses:
        for tag, attributes in Outline(hub.http.get(address).text).tags:
            if tag in ("a", "link", "script") and (to := attributes.get("href") or attributes.get("src")):
                found.add(to if to.startswith("/") else f"{address.partition('?')[0]}{to}")
    assert len(found) > 100
    for address in sorted(found):
        assert hub.http.get(address).status_code == 200, address


def test_the_way_to_a_page_ends_with_a_link(hub: Hub, addresses: list[str]) -> None:
    found = [re.findall(r'<p class="crumbs">(.*?)</p>', page(hub, address)) for address in addresses]
    ways = [way for on_page in found for way in on_page]
    assert max(way.count(" / ") for way in ways) >= 2
    for way in ways:
        assert way.startswith("<a ")
        assert way.endswith("</a>")
        assert way.count(" / ") == way.count("<a ") - 1


def test_what_pages_are_made_of_is_served(hub: Hub) -> None:
    kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    for name in STATIC:
        answer = hub.http.get(f"/_ui/static/{name}")
        assert answer.headers["content-type"].startswith(kinds[name.rpartition(".")[2]]), name
    assert "prefers-color-scheme: dark" in hub.http.get("/_ui/static/base.css").text
    assert hub.http.get("/_ui/static/../gate.py").status_code == 404


def test_the_consent_page_lets_the_form_lead_back_to_the_app(hub: Hub) -> None:
    answer = hub.http.get(f"/oauth/{HUB}/authorize", params=authorize_query())
    assert "form-action 'self' http://localhost:8000" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "address",
    [
        "/_ui/accounts/5",
        "/_ui/accounts/x",
        "/_ui/nothing",
        "/_ui/apps/5",
        "/_ui/apps/²",
        "/_ui/deliveries/5",
        "/contacts/5/objects/0-1/views/all/list",
        f"/contacts/{HUB}/objects/0-999/views/all/list",
        f"/contacts/{HUB}/objects/0-999/new",
        f"/contacts/{HUB}/record/0-1/999",
        f"/contacts/{HUB}/record/0-1/abc",
        f"/contacts/{HUB}/record/0-1/{'9' * 30}",
        f"/contacts/{HUB}/record/0-1/999/history",
        f"/contacts/{HUB}/record/0-1/999/associations/0-2",
    ],
)
def test_pages_that_do_not_exist_say_so_and_lead_back(hub: Hub, address: str) -> None:
    answer = hub.http.get(address)
    assert answer.status_code == 404
    assert re.search("There is no |no type of record", answer.text)
    assert 'href="/"' in answer.text


# -- who may drive it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost:8765", "Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_a_page_elsewhere_cannot_drive_the_emulator(hub: Hub, headers: dict[str, str]) -> None:
    before = hub.control("GET", "state")
    for address, body in (
        ("/_ui/reset", b""),
        ("/_ui/clock", b"advance_s=60"),
        (f"/_ui/accounts/{HUB}/close", b""),
        ("/_emulator/reset", b""),
        ("/_emulator/clock", b'{"advance_s": 60}'),
    ):
        answer = hub.http.post(address, content=body, headers=headers)
        assert answer.status_code == 403
        assert "another origin" in answer.text
    assert hub.control("GET", "state") == before


def test_a_name_made_to_lead_here_is_no_own_origin(hub: Hub) -> None:
    headers = {"Host": "rebound.evil.example:8765", "Origin": "http://rebound.evil.example:8765"}
    assert hub.http.post("/_ui/reset", headers=headers).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1:8765", "[::1]:8765", "emulator:8765", "a.localhost:80"])
def test_its_own_pages_drive_it_however_it_is_called(hub: Hub, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert post(hub, "/_ui/clock", [("advance_s", "60")], **headers).status_code == 303


def test_a_page_elsewhere_cannot_grant_consent(hub: Hub) -> None:
    answer = hub.http.post(
        "/oauth/authorize",
        params=authorize_query(),
        data={"hub_id": str(HUB), "user_id": "101", "decision": "grant"},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert hub.consent().status_code == 302


def test_forms_say_where_they_come_from(hub: Hub) -> None:
    """Browsers that are told to send no referrer send `Origin: null` with a form."""
    assert hub.http.get("/").headers["referrer-policy"] == "same-origin"


def test_time_that_was_moved_shows_on_every_page(hub: Hub) -> None:
    assert "Clock" not in page(hub, "/").partition("</nav>")[2]
    send(hub, "/_ui/clock", advance_s="7200")
    assert "+2 h" in page(hub, "/")
