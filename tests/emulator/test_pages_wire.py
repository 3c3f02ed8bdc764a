"""The pages of what went over the wire: deliveries with their attempts, and calls of the API."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from emulator.webhooks.sender import Answer
from tests.emulator.hub import APP_ID, CLIENT_ID, HUB, TARGET, Hub, created
from tests.emulator.pages import followed, outline, page, send

LIST = "/_ui/deliveries"


def answers(hub: Hub, **query: str) -> list[list[str]]:
    """The answers of every row of the list."""
    rows = page(hub, LIST, **query).split("<tbody")[-1].split("<tr")[1:]
    return [re.findall(r'<a [^>]*class="chip [^"]*"[^>]*>([^<]+)<', row) for row in rows]


@pytest.fixture
def told(hub: Hub) -> Hub:
    """An app that hears of new contacts."""
    hub.subscribe("contact.creation")
    return hub


def test_nothing_was_sent_yet(hub: Hub) -> None:
    assert "Nothing was sent yet" in page(hub, LIST)
    assert "0 events waiting" in page(hub, LIST)


def test_attempts_at_the_same_events_stand_together(told: Hub) -> None:
    told.receiver.answer = 503
    told.change(created())
    told.emulator.deliver()
    assert answers(told) == [["503"]]
    assert "1 event waiting, the next one comes in" in page(told, LIST)
    told.receiver.answer = 0
    told.advance(60)
    told.emulator.deliver()
    assert answers(told) == [["503", "connection refused"]]
    told.receiver.answer = 204
    told.advance(3_600)
    told.emulator.deliver()
    assert answers(told) == [["503", "connection refused", "204"]]
    assert "accepted" in page(told, LIST)


def test_retries_that_were_batched_differently_are_found(told: Hub) -> None:
    told.receiver.answer = 503
    for _ in range(3):
        told.change(created())
        told.emulator.deliver()
    told.receiver.answer = 204
    told.advance(3_600)
    told.emulator.deliver()
    assert sorted(answers(told)) == [["503", "204"]] * 3


def test_deliveries_are_filtered(told: Hub) -> None:
    told.subscribe("contact.creation", "contact.deletion")
    told.portal(5)
    told.install(5)
    told.change(created(), hub_id=5)
    told.emulator.deliver()
    told.receiver.answer = 400
    [made] = told.change(created())
    told.emulator.deliver()
    told.change({"op": "archive", "object_type": "contact", "id": made["id"]})
    told.receiver.answer = 0
    told.emulator.deliver()
    assert len(answers(told)) == 3
    assert answers(told, hub_id="5") == [["204"]]
    assert answers(told, hub_id=str(HUB), type="contact.deletion") == [["connection refused"]]
    assert answers(told, status="4") == [["400"]]
    assert answers(told, status="none") == [["connection refused"]]
    assert len(answers(told, app_id=str(APP_ID))) == 3
    assert "No delivery matches" in page(told, LIST, app_id="1")


def test_deliveries_are_paged(told: Hub) -> None:
    for _ in range(60):
        told.change(created())
        told.emulator.deliver()
    first = page(told, LIST)
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    second = page(told, following.group(1))
    seen = re.findall(r'<a href="/_ui/deliveries/(\d+)"><time', first + second)
    assert [int(each) for each in seen] == list(range(60, 0, -1))


def test_one_delivery_with_all_there_is_to_know(told: Hub) -> None:
    told.receiver.answer = Answer(422, b'{"why": "<no>"}')
    told.change(created(email="ada@b.co"))
    told.emulator.deliver()
    shown = page(told, f"{LIST}/1")
    [row] = told.emulator.delivered()
    for text in (TARGET, row.headers["X-HubSpot-Signature-v3"].replace("+", "+"), "422", "contact.creation"):
        assert text.replace("&", "&amp;") in shown
    assert "&quot;why&quot;" in shown
    assert "&lt;no&gt;" in shown
    assert f'href="/contacts/{HUB}/record/0-1/' in shown


def test_a_delivery_without_an_answer(told: Hub) -> None:
    told.receiver.answer = 0
    told.change(created())
    told.emulator.deliver()
    assert "No answer: connection refused" in page(told, f"{LIST}/1")
    assert "waiting: next attempt in" in page(told, f"{LIST}/1")


def test_sending_again(told: Hub) -> None:
    told.receiver.answer = 500
    told.change(created())
    told.emulator.deliver()
    told.receiver.answer = 204
    sent = outline(told, f"{LIST}/1").forms[0].send(told, f"{LIST}/1")
    told.emulator.deliver()
    shown = followed(told, sent)
    assert "On its way" in shown
    assert f'href="{LIST}/2"' in shown
    assert answers(told) == [["500", "204"]]


def test_sending_again_to_an_app_that_is_gone(told: Hub) -> None:
    told.change(created())
    told.emulator.deliver()
    told.control("POST", f"portals/{HUB}/uninstall", {"client_id": CLIENT_ID})
    answer = send(told, f"{LIST}/1")
    assert answer.status_code == 400
    assert "not installed in this account any more" in answer.text


# -- requests ----------------------------------------------------------------------------------------------------------


def rows(hub: Hub, **query: str) -> list[tuple[str, str]]:
    shown = page(hub, "/_ui/requests", **query)
    return [(match[1], match[2]) for match in re.finditer(r"<b>(\w+)</b> ([^<]+)</span>", shown)]


def test_nobody_has_called_yet(hub: Hub) -> None:
    assert "Nobody has called the API yet" in page(hub, "/_ui/requests")


def test_calls_with_their_windows_filtered(hub: Hub) -> None:
    hub.get("/crm/v3/objects/contacts")
    hub.get("/crm/v3/objects/contacts/999")
    hub.search("contacts", {})
    hub.post("/crm/v3/objects/contacts", {"properties": {"email": "a@b.co"}})
    hub.http.get("/crm/v3/objects/contacts")
    assert rows(hub)[0] == ("GET", "/crm/v3/objects/contacts")
    assert len(rows(hub)) == 5
    assert rows(hub, status="404") == [("GET", "/crm/v3/objects/contacts/999")]
    assert len(rows(hub, status="4")) == 2
    assert len(rows(hub, hub_id=str(HUB), app_id=str(APP_ID))) == 4
    assert len(rows(hub, method="POST")) == 2
    assert rows(hub, path="SEARCH") == [("POST", "/crm/v3/objects/contacts/search")]
    assert "No call matches" in page(hub, "/_ui/requests", hub_id="5")
    shown = page(hub, "/_ui/requests")
    assert "exempt" in shown
    assert re.search(r'data-label="In 10 s" class="number">3<', shown)


def test_calls_are_paged(hub: Hub) -> None:
    for number in range(120):
        hub.http.get(f"/crm/v3/objects/contacts/{number}")
    first = page(hub, "/_ui/requests", status="401")
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    assert urlencode({"status": "401"}) in following.group(1)
    second = page(hub, following.group(1).replace("&amp;", "&"))
    seen = re.findall(r"/contacts/(\d+)</span>", first + second)
    assert [int(each) for each in seen] == list(range(119, -1, -1))
