"""How events are sent: in which batches, signed how, again when, and astray on demand."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest

from emulator.webhooks.posting import USER_AGENT
from emulator.webhooks.retries import MOST_RETRIES, delay_ms
from emulator.webhooks.signatures import sign_v1, sign_v3
from tests.emulator.hub import HUB, SECRET, TARGET, Hub, created, kinds

Json = dict[str, Any]


def test_headers_and_both_signatures(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.change(created())
    hub.emulator.deliver()
    [(headers, body)] = hub.receiver.requests
    timestamp = int(headers["X-HubSpot-Request-Timestamp"])
    assert headers == {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "X-HubSpot-Request-Timestamp": str(timestamp),
        "X-HubSpot-Signature": sign_v1(SECRET, body),
        "X-HubSpot-Signature-Version": "v1",
        "X-HubSpot-Signature-v3": sign_v3(SECRET, "POST", TARGET, body, timestamp),
        "X-HubSpot-Timeout-Millis": "5000",
    }


def test_bodies_are_compact_arrays_in_utf_8(hub: Hub) -> None:
    hub.subscribe("contact.propertyChange:firstname")
    hub.change(created(firstname="Zoë \u2028"))
    hub.emulator.deliver()
    [(_, body)] = hub.receiver.requests
    assert body.startswith(b'[{"eventId":')
    assert "Zoë \u2028".encode() in body
    assert b": " not in body


def test_a_lone_surrogate_is_escaped(hub: Hub) -> None:
    hub.subscribe("contact.propertyChange:firstname")
    body = b'{"properties":{"email":"a@b.co","firstname":"x\\ud800\\u0000y"}}'
    hub.http.post("/crm/v3/objects/contacts", content=body, headers={"Authorization": f"Bearer {hub.token}"})
    hub.emulator.deliver()
    [(_, sent)] = hub.receiver.requests
    assert b"x\\ud800\\u0000y" in sent


def test_batches_of_a_hundred_at_the_most_and_of_one_account(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.portal(5)
    hub.install(5)
    hub.change(*(created() for _ in range(130)))
    hub.change(*(created() for _ in range(130)), hub_id=5)
    hub.emulator.deliver()
    batches = [json.loads(body) for _, body in hub.receiver.requests]
    assert sorted(map(len, batches)) == [30, 30, 100, 100]
    assert all(len({event["portalId"] for event in batch}) == 1 for batch in batches)


@pytest.mark.parametrize("answer", [0, 199, 300, 301, 400, 401, 404, 410, 429, 500, 503])
def test_anything_but_a_success_is_retried(hub: Hub, answer: int) -> None:
    hub.subscribe("contact.creation")
    hub.change(created())
    hub.receiver.answer = answer
    assert [event["attemptNumber"] for event in hub.events()] == [0]
    assert hub.control("GET", "state")["portals"][0]["pending_deliveries"] == 1
    hub.receiver.answer = 204
    hub.advance(3_600)
    assert [event["attemptNumber"] for event in hub.events()] == [1]
    assert hub.control("GET", "state")["portals"][0]["pending_deliveries"] == 0


@pytest.mark.parametrize("answer", [200, 201, 202, 204])
def test_a_success_is_final(hub: Hub, answer: int) -> None:
    hub.subscribe("contact.creation")
    hub.receiver.answer = answer
    hub.change(created())
    assert len(hub.events()) == 1
    hub.advance(86_400)
    assert hub.events() == []


def test_ten_retries_within_a_day_and_then_no_more(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.receiver.answer = 500
    hub.change(created())
    attempts: list[Json] = hub.events()
    began = hub.time.ms
    for _ in range(24 * 60 * 6):
        hub.time.pass_(10)
        attempts += hub.events()
        if not hub.control("GET", "state")["portals"][0]["pending_deliveries"]:
            break
    assert [event["attemptNumber"] for event in attempts] == list(range(11))
    assert hub.time.ms - began <= 86_400_000
    assert len({event["eventId"] for event in attempts}) == 1, "it is the same event each time"
    hub.advance(86_400)
    assert hub.events() == []


def test_retries_are_spread_and_grow() -> None:
    dice = random.Random(1)
    delays = [[delay_ms(attempt, dice) or 0 for attempt in range(1, MOST_RETRIES + 1)] for _ in range(50)]
    for column in zip(*delays, strict=True):
        assert len(set(column)) > 25, "randomised per notification"
    assert max(map(sum, delays)) <= 86_400_000
    assert all(row == sorted(row) for row in delays)
    assert delay_ms(MOST_RETRIES + 1, dice) is None


def test_each_attempt_is_signed_anew(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter((1_000, 2_000))
    monkeypatch.setattr("emulator.webhooks.posting.wall_ms", lambda: next(now))
    hub.subscribe("contact.creation")
    hub.receiver.answer = 500
    hub.change(created())
    hub.emulator.deliver()
    hub.advance(60)
    hub.emulator.deliver()
    first, second = (headers for headers, _ in hub.receiver.requests)
    assert (first["X-HubSpot-Request-Timestamp"], second["X-HubSpot-Request-Timestamp"]) == ("1000", "2000")
    assert first["X-HubSpot-Signature-v3"] != second["X-HubSpot-Signature-v3"]


def test_a_new_secret_signs_what_is_sent_from_then_on(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.change(created())
    hub.app(client_secret="rotated", subscriptions=[{"event_type": "contact.creation"}])
    hub.emulator.deliver()
    [(headers, body)] = hub.receiver.requests
    assert headers["X-HubSpot-Signature"] == sign_v1("rotated", body)


def test_the_ledger_of_deliveries(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.change(created())
    hub.receiver.answer = 503
    hub.emulator.deliver()
    hub.receiver.answer = 0
    hub.advance(60)
    hub.emulator.deliver()
    page = hub.control("GET", "deliveries")
    first, second = page["items"]
    assert first.keys() == {"seq", "sent_at_ms", "hub_id", "app_id", "attempt", "status", "duration_ms", "events"}
    assert (first["seq"], first["hub_id"], first["attempt"], first["status"]) == (1, HUB, 0, 503)
    assert "error" not in first
    assert (second["attempt"], second["error"]) == (1, "connection refused")
    assert "status" not in second
    assert second["events"][0]["attemptNumber"] == 1
    assert page["next"] == 2
    assert hub.control("GET", "deliveries?since=1&limit=5")["items"] == [second]
    assert hub.control("GET", "deliveries?hub_id=5")["items"] == []


def fault(hub: Hub, action: str, **more: Any) -> None:
    hub.control("POST", "faults", {"action": action} | more)


def test_events_get_lost_on_demand(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    fault(hub, "drop", count=2)
    hub.change(*(created() for _ in range(5)))
    assert len(hub.events()) == 3
    assert hub.control("GET", "state")["portals"][0]["pending_deliveries"] == 0


def test_events_come_twice_on_demand(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    fault(hub, "duplicate", count=1)
    hub.change(created(), created())
    events = hub.events()
    assert len(events) == 3
    assert max(Counter(event["eventId"] for event in events).values()) == 2
    assert {event["attemptNumber"] for event in events} == {0}


def test_events_come_late_on_demand(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    fault(hub, "delay", params={"ms": 5_000})
    hub.change(created())
    assert hub.events() == []
    hub.advance(5)
    assert len(hub.events()) == 1


def test_events_come_in_another_order_on_demand(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    fault(hub, "reorder", params={"window_ms": 1_000})
    results = hub.change(*(created() for _ in range(30)))
    hub.advance(1)
    order = [str(event["objectId"]) for event in hub.events()]
    ids = [result["id"] for result in results]
    assert order != ids
    assert sorted(order) == sorted(ids)


def test_faults_strike_only_what_they_match(hub: Hub) -> None:
    hub.subscribe("contact.creation", "contact.propertyChange:email")
    fault(hub, "drop", match={"event_type": "contact.creation", "hub_id": HUB})
    fault(hub, "drop", match={"hub_id": 999})
    hub.change(created())
    assert kinds(hub.events()) == {"contact.propertyChange": 1}
