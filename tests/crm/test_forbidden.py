"""HubSpot refuses and names no scope: the account's plan, a permission or the app's approval stands in the way.

Every figure is taken from the emulator's ledger.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

import pytest
from django.utils import timezone

from crm import availability, features
from crm.availability import FIRST_PROBE_AFTER, PROBE_EVERY, Refusal
from crm.models import ClosedFeature, Record, Sync
from hubspot_api.answers import error_from
from hubspot_api.errors import Forbidden
from hubspot_api.said import Call
from installations.models import Portal
from lanes.models import Lane
from lanes.signals import hurry
from tests.crm.mirrored import receive, work_until_idle
from tests.crm.refused import DAYS, HANDFUL, closed, everything, page, refusals, refusing
from tests.hubspot import Account, HubSpot
from tests.truth import assert_mirrored
from webhooks.models import Failure

PLAN = "The account's plan does not include this <b>product</b>."
BODIES: dict[str, tuple[dict[str, Any], str]] = {  # what HubSpot answers, and what people read of it
    "message": ({"status": "error", "message": PLAN, "category": "BANNED"}, PLAN),
    "category": ({"status": "error", "category": "BANNED"}, "BANNED"),
    "long": ({"message": "word " * 1000}, ("word " * 60).strip()),
    "nothing": ({"status": "error"}, ""),
    "no scope": ({"status": "error", "category": "MISSING_SCOPES", "message": "Not granted."}, "Not granted."),
}
DEALS = "/crm/objects/2026-03/0-3"


@pytest.mark.parametrize("day", DAYS)
def test_a_refusal_without_a_scope_closes_too(day: str, synced: Portal, account: Account, hubspot: HubSpot) -> None:
    """A handful in all, whatever work there is, and no lane waits for them; later all is made up for."""
    wanted: dict[str, list[str]] = {one.feature: [] for one in DAYS[day]}
    with ExitStack() as faults:
        for one in DAYS[day]:
            faults.enter_context(refusing(hubspot, account, one.method, one.path, body=BODIES["message"][0]))
        everything(synced)
        first = refusals(hubspot, account)
        assert closed(synced) == wanted
        assert len(wanted) <= first <= len(wanted) + HANDFUL
        everything(synced)
        assert refusals(hubspot, account) == first, "nothing is asked for that was refused"
        assert list(Lane.objects.exclude(latest_error="").values_list("kind", "latest_error")) == []
        assert not Failure.objects.exists()
        shown = page(synced)
        assert shown.count("HubSpot has refused this since") == len(wanted)
        assert shown.count("does not include this &lt;b&gt;product") >= len(wanted)
        assert shown.count('id="grant-link"') == 1
    ClosedFeature.objects.update(probe_at=timezone.now())
    hubspot.change(account, {"op": "create", "object_type": "contacts", "properties": {"email": "m@example.com"}})
    hurry(synced.pk, "reconcile")
    work_until_idle()
    assert closed(synced) == {}
    assert "data-missing" not in page(synced)
    assert_mirrored(hubspot, account, synced)


@pytest.mark.parametrize("body", BODIES)
def test_hubspots_words_are_kept(body: str) -> None:
    given, words = BODIES[body]
    error = error_from(403, {}, json.dumps(given).encode(), call=Call(), now=timezone.now())
    assert isinstance(error, Forbidden)
    refusal = Refusal.of(error)
    assert (list(refusal.scopes), refusal.said.strip()) == ([], words)


@pytest.mark.parametrize("category", ["BANNED", "MISSING_SCOPES"])
def test_what_cannot_be_kept_as_it_is_closes_too(
    category: str, synced: Portal, account: Account, hubspot: HubSpot
) -> None:
    """PostgreSQL takes no NUL: a refusal that cannot be written down would be met again and again."""
    named = [{"message": "x", "context": {"requiredGranularScopes": ["a\0b", "two words", "s" * 101]}}]
    body = {"status": "error", "category": category, "message": "Not \0 yours.", "errors": named}
    with refusing(hubspot, account, None, DEALS, body=body):
        everything(synced)
        assert refusals(hubspot, account) <= HANDFUL
    row = ClosedFeature.objects.get()
    assert (row.feature, row.scopes, row.said) == ("records:0-3", [], "Not \ufffd yours.")


def test_half_a_character_is_kept_as_none(synced: Portal) -> None:
    error = error_from(403, {}, json.dumps({"message": "half \ud83d"}).encode(), call=Call(), now=timezone.now())
    assert isinstance(error, Forbidden)
    availability.close(synced, {features.OWNERS: Refusal.of(error)})
    assert ClosedFeature.objects.get().said == "half \ufffd"


def test_without_a_word_people_are_told_as_much(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    with refusing(hubspot, account, None, DEALS, body={"status": "error"}):
        everything(synced)
    assert "HubSpot refuses it and names no scope" in page(synced, "records/deals/")
    assert "and names no scope." in page(synced)
    assert "It says:" not in page(synced)


def test_it_is_asked_again_once_a_day(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    """Ten rounds of work after the first probe was refused: not one call more."""
    with refusing(hubspot, account, None, DEALS, body=BODIES["message"][0]):
        everything(synced)
        ClosedFeature.objects.update(probe_at=timezone.now())
        before = refusals(hubspot, account)
        for _ in range(10):
            Sync.objects.update(reconciled_at=None)
            hurry(synced.pk, "reconcile")
            work_until_idle("reconcile")
        assert refusals(hubspot, account) == before + 1
    row = ClosedFeature.objects.get()
    assert row.probe_at is not None
    assert row.probe_at > timezone.now() + PROBE_EVERY / 2
    assert row.said == PLAN


def test_one_passing_refusal_costs_an_hour_and_no_change(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    """What was meant for the record is read with everything else, once HubSpot allows it again."""
    contact = Record.objects.filter(portal=synced, object_type="0-1").earliest("record_id")
    update = {
        "op": "update",
        "object_type": "contacts",
        "id": str(contact.record_id),
        "properties": {"firstname": "Zoë"},
    }
    hubspot.change(account, update)
    hubspot.fault("status", {"path": "/crm/objects/2026-03/0-1/batch/read"}, params={"status": 403}, count=1)
    event = {"eventId": 1, "occurredAt": 1, "subscriptionType": "contact.propertyChange", "propertyName": "firstname"}
    receive(synced, event | {"objectId": contact.record_id})
    work_until_idle("events")
    row = ClosedFeature.objects.get()
    assert row.feature == "records:0-1"
    assert row.probe_at is not None
    assert timezone.now() < row.probe_at <= timezone.now() + FIRST_PROBE_AFTER
    ClosedFeature.objects.update(probe_at=timezone.now())
    hurry(synced.pk, "reconcile")
    work_until_idle()
    contact.refresh_from_db()
    assert contact.properties["firstname"] == "Zoë"
    assert_mirrored(hubspot, account, synced)


def test_connecting_again_tries_anew(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    with refusing(hubspot, account, None, DEALS, body=BODIES["message"][0]):
        everything(synced)
    availability.open_by_scopes(synced)
    assert not availability.is_closed(synced, features.records("0-3"))
    work_until_idle()
    assert_mirrored(hubspot, account, synced)


def test_events_of_other_types_go_on(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    """The batch that met the refusal is not put back for five minutes, as it was once."""
    now_ms = int(timezone.now().timestamp() * 1000)
    (made,) = hubspot.change(
        account, {"op": "create", "object_type": "contacts", "properties": {"email": "on@example.com"}}
    )
    with refusing(hubspot, account, None, DEALS, body=BODIES["message"][0]):
        receive(
            synced,
            {"eventId": 1, "occurredAt": now_ms, "subscriptionType": "deal.creation", "objectId": 1},
            {"eventId": 2, "occurredAt": now_ms, "subscriptionType": "contact.creation", "objectId": int(made["id"])},
        )
        work_until_idle("events")
    assert synced.records.filter(object_type="0-1", record_id=int(made["id"])).exists()
    assert closed(synced) == {"records:0-3": []}
