"""When a workflow's webhook is sent again, and when no more."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from emulator.webhooks.signatures import sign_v2
from emulator.workflows.retries import GIVE_UP_AFTER_MS, delay_ms
from emulator.workflows.wire import Incoming
from tests.emulator.hub import APP_ID, SECRET, Hub, fresh_email
from tests.emulator.workflows import URL, define, enroll, executions, run, webhook


def test_a_refusal_is_final_and_the_record_goes_on(hub: Hub) -> None:
    hub.actions.answer = lambda request: Incoming(404 if "first" in request.url else 200)
    _, sent = run(hub, webhook(url="http://localhost/first"), webhook(url="http://localhost/second"))
    assert [urlsplit(each.url).path for each in sent] == ["/first", "/second"]
    assert [row["outcome"] for row in executions(hub)] == ["failed", "succeeded"]
    hub.advance(4 * 86_400)
    assert hub.emulator.deliver() == 0


@pytest.mark.parametrize("failure", [500, 503, 0])
def test_server_errors_and_silence_are_tried_again_after_a_minute(hub: Hub, failure: int) -> None:
    hub.actions.answer = failure
    _, sent = run(hub, webhook())
    assert len(sent) == 1
    hub.advance(59)
    assert hub.emulator.deliver() == 0
    hub.advance(1)
    hub.actions.answer = 200
    assert hub.emulator.deliver() == 1
    assert [(row["attempt"], row["outcome"]) for row in executions(hub)] == [(1, "retrying"), (2, "succeeded")]


def test_retries_grow_to_eight_hours_and_end_after_three_days(hub: Hub) -> None:
    hub.actions.answer = lambda request: Incoming(200 if request.url.endswith("/next") else 500)
    run(hub, webhook(), webhook(url="http://localhost/next"))
    waited_minutes = 0
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, *[480] * 20]:
        hub.advance(wait * 60 - 1)
        assert hub.emulator.deliver() == 0
        hub.advance(1)
        waited_minutes += wait
        if hub.emulator.deliver() == 2:
            break
    assert waited_minutes <= 3 * 24 * 60 < waited_minutes + 480
    assert [row["outcome"] for row in executions(hub)[-3:]] == ["retrying", "failed", "succeeded"]
    assert executions(hub)[-1]["attempt"] == 1


def test_each_action_has_its_own_three_days(hub: Hub) -> None:
    hub.actions.answer = 500
    run(hub, webhook(), webhook(url="http://localhost/next"))
    hub.advance(2 * 86_400)
    hub.actions.answer = lambda request: Incoming(500 if request.url.endswith("/next") else 200)
    hub.emulator.deliver()
    hub.advance(2 * 86_400)
    hub.emulator.deliver()
    assert [(row["action"], row["attempt"], row["outcome"]) for row in executions(hub)[-2:]] == [
        (2, 1, "retrying"),
        (2, 2, "retrying"),
    ]


def test_each_attempt_is_signed_anew(hub: Hub) -> None:
    hub.actions.answer = 500
    contact, [first] = run(hub, webhook(auth={"type": "signature", "app_id": APP_ID}), firstname="Ada")
    hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"firstname": "Bea"}})
    hub.advance(60)
    hub.emulator.deliver()
    [second] = hub.actions.took()
    assert json.loads(second.body)["properties"]["firstname"]["value"] == "Bea"
    for sent in (first, second):
        assert sent.headers["X-HubSpot-Signature"] == sign_v2(SECRET, "POST", URL, sent.body)
    assert first.body != second.body


def test_a_429_waits_the_milliseconds_it_asks_for(hub: Hub) -> None:
    hub.actions.answer = Incoming(429, headers={"retry-after": "5000"})
    run(hub, webhook())
    hub.advance(4.9)
    assert hub.emulator.deliver() == 0
    hub.advance(0.1)
    hub.actions.answer = 200
    assert hub.emulator.deliver() == 1


def test_a_503_does_not_choose_its_retry(hub: Hub) -> None:
    hub.actions.answer = Incoming(503, headers={"retry-after": "5000"})
    run(hub, webhook())
    hub.advance(59)
    assert hub.emulator.deliver() == 0
    hub.advance(1)
    assert hub.emulator.deliver() == 1


@pytest.mark.parametrize("header", [None, "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "-5"])
def test_a_429_without_a_usable_wait_is_like_a_server_error(header: str | None) -> None:
    assert delay_ms(1, 0, header) == 60_000


def test_never_after_three_days() -> None:
    assert delay_ms(5, GIVE_UP_AFTER_MS, "1") is None
    assert delay_ms(5, 0, str(GIVE_UP_AFTER_MS + 1)) is None
    assert delay_ms(5, GIVE_UP_AFTER_MS - 1, "1") == 1
    assert delay_ms(4_000, 0) == 8 * 3_600_000


def test_twenty_a_second_in_one_account(hub: Hub) -> None:
    contacts = [hub.create(email=fresh_email()) for _ in range(45)]
    enroll(hub, define(hub, webhook()), *contacts)
    counts = []
    for _ in range(3):
        counts.append(hub.emulator.deliver())
        hub.advance(1)
    assert counts == [20, 20, 5]
