from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from django.conf import settings

from installations.models import Portal
from lanes.models import Lane
from tests.portals import make_portal
from webhooks import inbox, quarantine
from webhooks.deliveries import parse
from webhooks.models import EVENTS, Event

pytestmark = pytest.mark.django_db
_ids = count(1)


def event(portal: Portal | int, **fields: Any) -> dict[str, Any]:
    hub_id = portal if isinstance(portal, int) else portal.hub_id
    return {
        "eventId": next(_ids),
        "portalId": hub_id,
        "appId": settings.HUBSPOT_APP_ID,
        "occurredAt": 1782371969536,
        "subscriptionType": "contact.creation",
        "attemptNumber": 0,
        "objectId": 1,
    } | fields


def stored() -> list[Any]:
    return list(Event.objects.with_state())


def store(*events: dict[str, Any]) -> int:
    return inbox.store(parse(json.dumps(events).encode()))


def test_events_are_stored_and_their_lane_is_woken() -> None:
    portal = make_portal()
    Lane.objects.filter(portal=portal).update(due_at=None)
    assert store(event(portal), event(portal)) == 2
    lane = Lane.objects.get(portal=portal, kind=EVENTS)
    assert lane.due_at is not None
    assert {(one.portal_id, one.state) for one in stored()} == {(portal.pk, "pending")}


def test_a_duplicate_is_stored_once() -> None:
    portal = make_portal()
    same = event(portal)
    assert store(same) == 1
    assert store(same | {"attemptNumber": 3}, same) == 0
    assert Event.objects.count() == 1


def test_lanes_of_other_portals_sleep_on() -> None:
    portal, other = make_portal(), make_portal()
    Lane.objects.update(due_at=None)
    store(event(portal))
    assert Lane.objects.get(portal=other, kind=EVENTS).due_at is None


def test_a_batch_may_mix_portals() -> None:
    portal, other = make_portal(), make_portal()
    store(event(portal), event(other))
    assert set(Event.objects.values_list("portal_id", flat=True)) == {portal.pk, other.pk}


def test_events_of_an_unknown_portal_are_quarantined_and_adopted_when_it_installs() -> None:
    store(event(777_001))
    assert [one.state for one in stored()] == ["quarantined"]
    portal = make_portal(777_001)
    (adopted,) = stored()
    assert (adopted.portal_id, adopted.state) == (portal.pk, "pending")


def test_an_adopted_event_comes_after_the_position_of_its_lane() -> None:
    store(event(777_002))
    before = Event.objects.get().pk
    portal = make_portal(777_002, connected=False)
    Lane.objects.create(portal=portal, kind=EVENTS, work_class=1, position=before + 10)
    store(event(777_001))  # draws the next number
    assert quarantine.adopt(portal) == 1
    assert Event.objects.get(portal=portal).pk > before + 1


def test_events_for_another_app_are_never_adopted() -> None:
    store(event(777_003, appId=1))
    make_portal(777_003)
    assert [one.state for one in stored()] == ["quarantined"]


def test_a_portal_that_left_gets_no_more_events() -> None:
    portal = make_portal()
    portal.move_to(Portal.State.DISCONNECTED)
    store(event(portal))
    assert Event.objects.get().portal_id is None


def test_a_stray_stored_in_the_moment_of_the_install_is_adopted_by_the_sweep() -> None:
    portal = make_portal()
    store(event(portal))
    Event.objects.update(portal=None)
    assert quarantine.adopt_strays() == 1
    assert Event.objects.get().portal_id == portal.pk


@pytest.mark.parametrize("value", ["nul \0 nul", "half \ud800 pair", "ünïcode ✓", '"; DROP TABLE', "x" * 100_000])
def test_any_value_survives_as_it_was_sent(value: str) -> None:
    portal = make_portal()
    store(event(portal, propertyValue=value))
    assert json.loads(Event.objects.get().payload)["propertyValue"] == value


def test_a_strange_type_is_stored_too() -> None:
    portal = make_portal()
    store(event(portal, subscriptionType="object.\0weird\ud800" + "x" * 1000))
    assert Event.objects.get().event_type.startswith("object.weird?xxx")


def test_line_breaks_in_a_type_shift_nothing() -> None:
    portal = make_portal()
    store(event(portal, subscriptionType="a\nb\r\nc"), event(portal, subscriptionType="\n"), event(portal))
    types = [one.event_type for one in Event.objects.order_by("event_type")]
    assert sorted(types) == sorted([" ", "a b\r c", "contact.creation"])
    assert {one.object_id for one in stored()} == {1}


@pytest.mark.parametrize("others", [0, 2])
def test_what_an_event_does_not_say_stays_empty(others: int) -> None:
    portal = make_portal()
    store({"portalId": portal.hub_id}, *(event(portal) for _ in range(others)))
    bare = Event.objects.get(event_type="")
    assert (bare.portal_id, bare.hub_id) == (portal.pk, portal.hub_id)
    assert (bare.occurred_at, bare.object_id, bare.attempt) == (None, None, 0)
    assert Event.objects.exclude(event_type="").filter(object_id=1, occurred_at__isnull=False).count() == others


def test_each_value_lands_in_its_own_column() -> None:
    portals = [make_portal() for _ in range(3)]
    events = [
        event(
            portal, occurredAt=1782371969536 + n, objectId=n, attemptNumber=n, subscriptionType=f"type.{n}", x="\n\t'"
        )
        for n, portal in enumerate(portals, start=1)
    ]
    store(*events)
    for sent_event, portal in zip(events, portals, strict=True):
        row = Event.objects.get(portal=portal)
        assert (row.object_id, row.attempt, row.event_type) == (
            sent_event["objectId"],
            sent_event["attemptNumber"],
            sent_event["subscriptionType"],
        )
        assert row.occurred_at is not None
        assert round(row.occurred_at.timestamp() * 1000) == sent_event["occurredAt"]
        assert json.loads(row.payload) == {name: value for name, value in sent_event.items() if name != "attemptNumber"}
        assert bytes(row.key).hex() == parse(json.dumps([sent_event]).encode())[0].key
