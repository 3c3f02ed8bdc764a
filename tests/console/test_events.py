from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from installations.models import AuditEntry, Portal
from tests.events import failed, passed, stored
from tests.portals import make_portal
from webhooks import event_filters, export, payloads
from webhooks.models import Event

pytestmark = pytest.mark.django_db


def found(console: Client, **query: Any) -> set[int]:
    answer = console.get(reverse("admin:webhooks_event_changelist", query=query))
    assert answer.status_code == 200
    return {event.pk for event in answer.context["cl"].result_list}


@pytest.fixture
def by_state(db: None) -> dict[str, int]:
    """One event of each state, and a second portal whose events are all done."""
    portal, other = make_portal(), make_portal()
    done, retrying, dead = stored(portal), stored(portal), stored(portal)
    failed(retrying)
    failed(dead, dead=True)
    passed(portal)
    stored(other)
    passed(other)
    return {
        "done": done.pk,
        "retrying": retrying.pk,
        "dead": dead.pk,
        "pending": stored(portal).pk,
        "quarantined": stored(424242).pk,
    }


@pytest.mark.parametrize("state", ["pending", "retrying", "dead", "quarantined"])
def test_events_are_filtered_by_state(console: Client, by_state: dict[str, int], state: str) -> None:
    assert found(console, state=state) == {by_state[state]}


def test_the_filters_agree_with_the_states_that_are_shown(console: Client, by_state: dict[str, int]) -> None:
    for state in Event.State:
        expected = {line["id"] for line in export.events() if line["state"] == state}
        assert found(console, state=state.value) == expected
    assert found(console, state="nonsense") == found(console)


def test_filters_narrow_each_other(console: Client, by_state: dict[str, int]) -> None:
    portal = Event.objects.get(pk=by_state["done"]).portal
    assert portal is not None
    assert found(console, state="done", q=portal.hub_id) == {by_state["done"]}
    assert found(console, state="done", type="deal.creation") == set()
    assert found(console, state="pending", since="15m") == {by_state["pending"]}


def test_events_are_filtered_by_type(console: Client) -> None:
    portal = make_portal()
    deal, contact = stored(portal, subscriptionType="deal.creation"), stored(portal)
    assert found(console, type="deal.creation") == {deal.pk}
    assert found(console, type="contact.creation") == {contact.pk}


def test_a_type_alone_is_looked_for_among_the_latest(console: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_filters, "HORIZON", 2)
    portal = make_portal()
    events = [stored(portal).pk for _ in range(4)]
    assert found(console, type="contact.creation") == set(events[2:])
    assert found(console, type="contact.creation", q=portal.hub_id) == set(events)
    assert found(console, type="contact.creation", since="1h") == set(events)


def test_events_are_filtered_by_the_time_they_came(console: Client) -> None:
    portal = make_portal()
    old, new = stored(portal), stored(portal)
    Event.objects.filter(pk=old.pk).update(received_at=timezone.now() - timedelta(days=2))
    yesterday = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert found(console, since="24h") == found(console, **{"from": yesterday}) == {new.pk}
    assert found(console, until=yesterday) == {old.pk}
    assert found(console, since="7d") == {old.pk, new.pk}
    assert found(console, **{"from": "2026-99-99T00:00", "until": "'"}) == {old.pk, new.pk}


def test_stray_events_are_found_by_the_account_that_never_installed(console: Client) -> None:
    stray = stored(424242)
    assert found(console, q=424242) == found(console, q=424242, state="quarantined") == {stray.pk}


def test_an_account_that_left_is_found_with_what_came_since(console: Client) -> None:
    portal = make_portal()
    before = stored(portal)
    portal.move_to(Portal.State.DISCONNECTED)
    after = stored(portal)
    assert found(console, q=portal.hub_id) == {before.pk}
    assert found(console, q=portal.hub_id, state="quarantined") == {after.pk}


def test_values_are_masked_and_ids_are_not(console: Client) -> None:
    event = stored(make_portal(), propertyName="email", propertyValue="jane@example.com", novelty={"email": "x@y.z"})
    page = console.get(f"/admin/webhooks/event/{event.pk}/change/").content.decode()
    assert "jane@example.com" not in page
    assert "x@y.z" not in page
    assert "propertyName" in page
    assert payloads.MASK.encode("ascii", "xmlcharrefreplace").decode() in page or "\\u2022" in page


def test_a_value_is_revealed_for_a_reason_that_is_written_down(console: Client) -> None:
    portal = make_portal()
    event = stored(portal, propertyName="email", propertyValue="jane@example.com")
    answer = console.post(f"/admin/webhooks/event/{event.pk}/reveal/", {"reason": "Ticket 4711"})
    assert "jane@example.com" in answer.content.decode()
    entry = AuditEntry.objects.get(portal=portal)
    assert (entry.actor, entry.action) == ("staff alice", "revealed an event")
    assert entry.detail == f"Event {event.pk}: Ticket 4711"
    assert b"jane@example.com" not in console.get(f"/admin/webhooks/event/{event.pk}/change/").content


@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_nothing_is_revealed(console: Client, reason: str) -> None:
    event = stored(make_portal(), propertyValue="jane@example.com")
    address = f"/admin/webhooks/event/{event.pk}/reveal/"
    for answer in (console.post(address, {"reason": reason}, follow=True), console.get(address, follow=True)):
        assert b"jane@example.com" not in answer.content
        assert b"Say why" in answer.content
    assert not AuditEntry.objects.filter(action="revealed an event").exists()


def test_nobody_looks_into_what_is_in_quarantine(console: Client) -> None:
    event = stored(424242, propertyValue="jane@example.com")
    assert console.post(f"/admin/webhooks/event/{event.pk}/reveal/", {"reason": "curious"}).status_code == 404


@pytest.mark.parametrize("payload", ['{"propertyValue": "a"}', '"text"', "5", "[1]", "null", '{"x": "\\u0000\\ud800"}'])
def test_any_payload_can_be_shown(payload: str) -> None:
    assert "\\u2022" in payloads.shown(payload)
    payloads.shown(payload, revealed=True).encode()


def test_text_from_outside_is_text(console: Client) -> None:
    portal = make_portal()
    evil = "<script>alert(1)</script>"
    portal.name = evil
    portal.save(update_fields=["name"])
    event = stored(portal, subscriptionType=evil, propertyName=evil)
    failed(event, dead=True, reason=evil)
    for address in (
        "/admin/webhooks/event/",
        f"/admin/webhooks/event/{event.pk}/change/",
        "/admin/webhooks/failure/",
        f"/admin/installations/portal/{portal.pk}/change/",
        "/admin/installations/portal/",
    ):
        page = console.get(address).content.decode()
        assert evil not in page
        assert "&lt;script&gt;" in page
