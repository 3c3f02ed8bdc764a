from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.events import failed, passed, sent, stored
from tests.portals import make_portal
from webhooks import export
from webhooks.models import Event

pytestmark = pytest.mark.django_db


def exported(*arguments: str) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("inbox_export", *arguments, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_an_event_is_exported_with_what_was_sent_and_what_became_of_it() -> None:
    portal = make_portal()
    event = stored(portal, eventId=5, attemptNumber=2, propertyValue="Zoë\u0000\ud800")
    failed(event, dead=True, reason="ValueError: no such record")
    (line,) = exported()
    assert line == {
        "id": event.pk,
        "key": bytes(event.key).hex(),
        "hub_id": portal.hub_id,
        "state": "dead",
        "received_at": event.received_at.isoformat(),
        "event_type": "contact.creation",
        "attempt": 2,
        "payload": {
            key: value
            for key, value in sent(portal, eventId=5, propertyValue="Zoë\u0000\ud800").items()
            if key != "attemptNumber"
        },
        "reason": "ValueError: no such record",
    }


def test_every_state_is_told_apart() -> None:
    portal = make_portal()
    states = {stored(portal).pk: "done", stored(777).pk: "quarantined"}
    retrying = stored(portal)
    failed(retrying)
    passed(portal)
    states |= {retrying.pk: "retrying", stored(portal).pk: "pending"}
    assert {line["id"]: line["state"] for line in exported()} == states


def test_one_portal_is_exported_with_events_from_before_its_install() -> None:
    stray = stored(990_001)
    portal = make_portal(990_001, connected=False)
    own, other = stored(make_portal()), stored(make_portal())
    Event.objects.filter(pk=own.pk).update(portal=portal)
    assert [line["id"] for line in exported("--portal", "990001")] == [stray.pk, own.pk]
    assert other.pk in {line["id"] for line in exported()}


def test_only_events_received_since_a_time_are_exported() -> None:
    old, new = stored(1), stored(2)
    Event.objects.filter(pk=old.pk).update(received_at=timezone.now() - timedelta(days=3))
    since = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%MZ")
    assert [line["id"] for line in exported("--since", since)] == [new.pk]


@pytest.mark.parametrize("given", ["yesterday", "2026-13-45T12:00Z"])
def test_a_time_that_is_none_is_named(given: str) -> None:
    with pytest.raises(CommandError, match=given):
        exported("--since", given)


def test_pages_follow_each_other_without_gap_or_repetition(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(export, "PAGE", 3)
    ids = [stored(5).pk for _ in range(7)]
    with django_assert_num_queries(4):
        assert [line["id"] for line in export.events()] == ids
