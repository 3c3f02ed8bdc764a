"""The pages for people: what they show, what their forms do, and that nothing on them is inline."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from tests.emulator.hub import HUB, Hub, authorize_query

LIST = f"/contacts/{HUB}/objects/0-1/views/all/list"
NEW = f"/contacts/{HUB}/objects/0-1/new"


class Outline(HTMLParser):
    """What the checks below look at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.labelled = 0
        self.bare_controls: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag in ("input", "select", "textarea") and attributes.get("type") != "hidden" and "label" not in self.open:
            self.bare_controls.append(attributes)
        if tag not in ("meta", "link", "input", "br", "hr", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} is closed in the wrong place"


def record(hub: Hub, record_id: str) -> str:
    return f"/contacts/{HUB}/record/0-1/{record_id}"


def send(hub: Hub, address: str, /, **fields: str) -> httpx2.Response:
    return hub.http.post(address, data=fields)


@pytest.fixture
def addresses(hub: Hub) -> list[str]:
    """Every page there is, with something on it."""
    hub.subscribe("contact.creation")
    ada, gone = hub.create(email="ada@b.co", firstname="<Ada>"), hub.create(email="gone@b.co")
    company = hub.create("companies", name="Acme & Sons")
    hub.change(
        {"op": "archive", "object_type": "contact", "id": gone},
        {"op": "associate", "object_type": "contact", "id": ada, "to": {"object_type": "company", "id": company}},
        {"op": "update", "object_type": "contact", "id": ada, "properties": {"phone": "1"}},
    )
    hub.emulator.deliver()
    hub.control("POST", "faults", {"action": "drop"})
    query = urlencode(authorize_query())
    return [
        "/",
        LIST,
        f"{LIST}?q=ada",
        f"{LIST}?archived=1",
        *(f"/contacts/{HUB}/objects/{kind}/new" for kind in ("0-1", "0-2", "0-3", "0-5")),
        record(hub, ada),
        record(hub, gone),
        f"/contacts/{HUB}/record/0-2/{company}",
        "/_ui/deliveries",
        "/_ui/requests",
        "/_ui/controls",
        f"/oauth/authorize?{query}",
        f"/oauth/{HUB}/authorize?{query}",
        "/oauth/authorize",
    ]


def test_every_page_is_whole_says_what_it_is_and_has_nothing_inline(hub: Hub, addresses: list[str]) -> None:
    for address in addresses:
        answer = hub.http.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "HubSpot emulator" in answer.text
        assert "Not HubSpot" in answer.text
        outline = Outline(answer.text)
        assert outline.open == []
        tags = [tag for tag, _ in outline.tags]
        assert "script" not in tags
        assert "style" not in tags
        assert not [
            name for _, attributes in outline.tags for name in attributes if name == "style" or name[:2] == "on"
        ]
        assert tags.count("h1") == 1
        assert outline.bare_controls == [], f"every control has a label: {address}"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_the_links_on_the_pages_lead_somewhere(hub: Hub, addresses: list[str]) -> None:
    found = set()
    for address in addresses:
        for tag, attributes in Outline(hub.http.get(address).text).tags:
            if tag in ("a", "link") and (href := attributes.get("href") or "").startswith("/"):
                found.add(href)
    assert len(found) > 15
    for href in found:
        assert hub.http.get(href).status_code == 200, href


def test_the_consent_page_lets_the_form_lead_back_to_the_app(hub: Hub) -> None:
    answer = hub.http.get(f"/oauth/{HUB}/authorize", params=authorize_query())
    assert "form-action 'self' http://localhost:8000" in answer.headers["content-security-policy"]


def test_texts_are_escaped(hub: Hub, addresses: list[str]) -> None:
    page = hub.http.get(addresses[8]).text
    assert "<Ada>" not in page
    assert "&lt;Ada&gt;" in page
    assert "Acme &amp; Sons" in page


def test_accounts_with_their_counts_and_apps(hub: Hub) -> None:
    hub.create(email="a@b.co")
    page = hub.http.get("/").text
    assert "Test account" in page
    assert str(HUB) in page
    assert "Test app" in page
    answer = send(hub, f"/_ui/accounts/{HUB}/uninstall", client_id="c0ffee00-0000-4000-8000-000000000001")
    assert answer.status_code == 303
    assert hub.get("/crm/v3/objects/contacts").status_code == 401
    assert "Uninstall" not in hub.http.get("/").text


def test_lists_are_searched_and_paged(hub: Hub) -> None:
    hub.control("POST", "portals", {"hub_id": 9, "seed": {"contacts": 60}})
    address = "/contacts/9/objects/0-1/views/all/list"
    seen: list[str] = []
    while address:
        page = hub.http.get(address).text
        seen += re.findall(r'href="/contacts/9/record/0-1/(\d+)"', page)
        following = re.search(r'href="([^"]+)">Next page', page)
        address = following.group(1).replace("&amp;", "&") if following else ""
    assert [int(each) for each in seen] == list(hub.emulator.portals[9].crm.tables["0-1"].live)
    one = hub.emulator.portals[9].crm.tables["0-1"].records[int(seen[40])]
    found = hub.http.get("/contacts/9/objects/0-1/views/all/list", params={"q": one.values["email"]}).text
    assert f"/contacts/9/record/0-1/{one.id}" in found
    assert "1 contact<" in found
    assert "No record matches" in hub.http.get("/contacts/9/objects/0-1/views/all/list?q=zzzz").text


def test_creating_a_record(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    made = send(hub, NEW, email="new@b.co", firstname="Nora", phone="")
    assert made.status_code == 303
    assert "Nora" in hub.http.get(made.headers["location"]).text
    [event] = hub.events()
    assert event["changeSource"] == "CRM_UI"
    wrong = send(hub, NEW, email="new@b.co")
    assert wrong.status_code == 400
    assert "already exists" in wrong.text
    assert 'value="new@b.co"' in wrong.text, "what was entered is still there"


def test_editing_sends_only_what_changed(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co", firstname="Ada", phone="1")
    hub.subscribe(*(f"contact.propertyChange:{name}" for name in ("email", "firstname", "phone")))
    form = inputs(hub.http.get(record(hub, ada)).text)
    assert (form["email"], form["firstname"], form["phone"]) == ("ada@b.co", "Ada", "1")
    saved = send(hub, record(hub, ada), **(form | {"firstname": "Adah", "phone": ""}))
    assert saved.status_code == 303
    assert "Saved" in hub.http.get(saved.headers["location"]).text
    told = {event["propertyName"]: event["propertyValue"] for event in hub.events()}
    assert told == {"firstname": "Adah", "phone": ""}
    wrong = send(hub, record(hub, ada), email="nonsense")
    assert wrong.status_code == 400
    assert "nonsense is invalid" in wrong.text


def inputs(page: str) -> dict[str, str]:
    """The values of the first form's text fields."""
    form = page.split("<form", 1)[1].split("</form>")[0]
    return dict(re.findall(r'<input name="(\w+)" value="([^"]*)"', form))


def test_archive_restore_and_delete(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co")
    assert send(hub, record(hub, ada), op="archive").status_code == 303
    assert hub.get(f"/crm/v3/objects/contacts/{ada}").status_code == 404
    assert "Restore" in hub.http.get(record(hub, ada)).text
    assert send(hub, record(hub, ada), op="restore").status_code == 303
    assert hub.get(f"/crm/v3/objects/contacts/{ada}").status_code == 200
    deleted = send(hub, record(hub, ada), op="privacy_delete")
    assert deleted.headers["location"] == LIST
    assert hub.http.get(record(hub, ada)).status_code == 404


def test_associate_and_disassociate(hub: Hub) -> None:
    ada, acme = hub.create(email="ada@b.co"), hub.create("companies", name="Acme")
    send(hub, record(hub, ada), op="associate", to_type="company", to_id=acme)
    page = hub.http.get(record(hub, ada)).text
    assert "Acme" in page
    assert "(Primary)" in page
    send(hub, record(hub, ada), op="disassociate", to_type="company", to_id=acme)
    assert "Acme" not in hub.http.get(record(hub, ada)).text
    wrong = send(hub, record(hub, ada), op="associate", to_type="company", to_id="999")
    assert wrong.status_code == 400
    assert "No company with ID 999 exists" in wrong.text


def test_merging_leads_to_the_new_record_and_so_do_old_addresses(hub: Hub) -> None:
    ada, bea = hub.create(email="ada@b.co"), hub.create(email="bea@b.co")
    merged = send(hub, record(hub, ada), op="merge", other=bea)
    assert merged.status_code == 303
    new = merged.headers["location"].partition("?")[0]
    assert new not in (record(hub, ada), record(hub, bea))
    for old in (ada, bea):
        assert hub.http.get(record(hub, old)).headers["location"] == new


@pytest.mark.parametrize(
    "address",
    [
        "/contacts/5/objects/0-1/views/all/list",
        f"/contacts/{HUB}/record/0-1/999",
        f"/contacts/{HUB}/record/0-1/abc",
    ],
)
def test_pages_that_do_not_exist(hub: Hub, address: str) -> None:
    assert hub.http.get(address).status_code == 404


def test_time_and_faults_by_hand(hub: Hub) -> None:
    before = hub.control("GET", "state")["virtual_now"]
    assert send(hub, "/_ui/controls", advance_s="3600").status_code == 303
    assert hub.control("GET", "state")["virtual_now"] > before
    hub.install()
    send(hub, "/_ui/controls", action="status", path="/crm", hub_id=str(HUB), percent="100", count="2")
    assert hub.get("/crm/v3/objects/contacts").status_code == 500
    [fault] = hub.control("GET", "faults")["items"]
    assert (fault["count"], fault["match"]) == (2, {"path": "/crm", "hub_id": HUB})
    assert "status 100%" in hub.http.get("/_ui/controls").text
    send(hub, "/_ui/controls", remove=str(fault["id"]))
    assert hub.control("GET", "faults")["items"] == []
    assert send(hub, "/_ui/controls", action="explode").status_code == 400


def test_deliveries_with_payloads_and_answers(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.create(email="a@b.co")
    hub.receiver.answer = 503
    hub.emulator.deliver()
    page = hub.http.get("/_ui/deliveries").text
    assert "503" in page
    assert "contact.creation" in page
    assert "&quot;objectId&quot;" in page
    assert "Events waiting: 1" in page


def test_the_stylesheet_is_served(hub: Hub) -> None:
    answer: Any = hub.http.get("/_ui/style.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "prefers-color-scheme: dark" in answer.text
    assert hub.http.get("/_ui/icon.svg").headers["content-type"] == "image/svg+xml"
