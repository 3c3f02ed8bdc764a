"""Events that say what HubSpot's say, worked through against the emulated account."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from crm import backfill
from crm.models import Association, Change, Record, Sync
from installations.models import Portal
from lanes.signals import signal
from tests.crm.mirrored import receive, work_until_idle
from tests.hubspot import Account, HubSpot
from tests.truth import assert_mirrored
from webhooks.models import Event, Failure


@pytest.fixture
def synced(portal: Portal) -> Portal:
    work_until_idle("backfill")
    Change.objects.all().delete()
    return portal


def states() -> list[str]:
    events: Any = Event.objects.with_state()
    return [event.state for event in events]


def some(portal: Portal, object_type: str) -> Record:
    record = Record.objects.filter(portal=portal, object_type=object_type, state="live").order_by("record_id").first()
    assert record is not None
    return record


def said(kind: str, object_id: int, **fields: Any) -> dict[str, Any]:
    now_ms = int(timezone.now().timestamp() * 1000)
    return {"eventId": 1, "subscriptionType": kind, "objectId": object_id, "occurredAt": now_ms} | fields


def link(kind: str, from_id: int, to_id: int) -> dict[str, Any]:
    subscription = f"{kind.partition('_TO_')[0].lower()}.associationChange"
    return said(subscription, 0, associationType=kind, fromObjectId=from_id, toObjectId=to_id)


def test_a_renamed_contact(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    contact = some(synced, "0-1")
    properties = {"firstname": "Renamed"}
    hubspot.change(
        account, {"op": "update", "object_type": "contacts", "id": str(contact.record_id), "properties": properties}
    )
    receive(
        synced, said("contact.propertyChange", contact.record_id, propertyName="firstname", propertyValue="Renamed")
    )
    work_until_idle("events")
    contact.refresh_from_db()
    assert contact.properties["firstname"] == "Renamed"
    assert contact.title.startswith("Renamed")
    change = Change.objects.get(record_id=contact.record_id)
    assert (change.kind, change.source, change.version) == ("updated", "event", contact.version)
    assert "firstname" in change.properties
    assert "lastmodifieddate" not in change.properties
    assert_mirrored(hubspot, account, synced)


def test_many_events_about_one_record_are_one_read_and_one_version(
    synced: Portal, account: Account, hubspot: HubSpot
) -> None:
    contact = some(synced, "0-1")
    properties = {"firstname": "Often"}
    hubspot.change(
        account, {"op": "update", "object_type": "contacts", "id": str(contact.record_id), "properties": properties}
    )
    before = len(hubspot.requests(account.hub_id))
    receive(synced, *(said("contact.propertyChange", contact.record_id, eventId=n) for n in range(100)))
    work_until_idle("events")
    assert len(hubspot.requests(account.hub_id)) == before + 1
    assert Change.objects.count() == 1
    assert set(states()) == {"done"}


def test_an_event_that_brings_no_news_makes_no_version(synced: Portal) -> None:
    contact = some(synced, "0-1")
    receive(synced, said("contact.propertyChange", contact.record_id))
    work_until_idle("events")
    assert not Change.objects.exists()


def test_a_new_company(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    (made,) = hubspot.change(account, {"op": "create", "object_type": "companies", "properties": {"name": "New Ltd"}})
    receive(synced, said("company.creation", int(made["id"])))
    work_until_idle("events")
    assert Record.objects.get(record_id=made["id"]).title == "New Ltd"
    assert_mirrored(hubspot, account, synced)


def test_an_archived_deal_and_its_return(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    deal = some(synced, "0-3")
    had = Association.objects.filter(from_type="0-3", from_id=deal.record_id).count()
    hubspot.change(account, {"op": "archive", "object_type": "deals", "id": str(deal.record_id)})
    receive(synced, said("deal.deletion", deal.record_id))
    work_until_idle("events")
    deal.refresh_from_db()
    assert deal.state == "archived"
    assert_mirrored(hubspot, account, synced)
    hubspot.change(account, {"op": "restore", "object_type": "deals", "id": str(deal.record_id)})
    receive(synced, said("deal.restore", deal.record_id))
    work_until_idle("events")
    deal.refresh_from_db()
    assert deal.state == "live"
    assert Association.objects.filter(from_type="0-3", from_id=deal.record_id).count() == had
    assert Change.objects.earliest("position").kind == "archived"
    assert Change.objects.filter(kind="restored", record_id=deal.record_id).count() == 1
    assert_mirrored(hubspot, account, synced)


def test_a_merge_makes_a_new_record_and_two_tombstones(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    first, second = Record.objects.filter(object_type="0-1").order_by("record_id")[:2]
    (merged,) = hubspot.change(
        account,
        {"op": "merge", "object_type": "contacts", "id": str(first.record_id), "into": str(second.record_id)},
    )
    new = int(merged["id"])
    receive(
        synced,
        said(
            "contact.merge",
            0,
            primaryObjectId=second.record_id,
            mergedObjectIds=[first.record_id],
            newObjectId=new,
        ),
    )
    work_until_idle("events")
    for record in (first, second):
        record.refresh_from_db()
    assert {(first.state, first.merged_into), (second.state, second.merged_into)} == {("merged", new)}
    assert_mirrored(hubspot, account, synced)


def test_two_records_become_associated_and_part_again(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    contact = some(synced, "0-1")
    (made,) = hubspot.change(account, {"op": "create", "object_type": "companies", "properties": {"name": "Other"}})
    company = int(made["id"])
    receive(synced, said("company.creation", company))
    to = {"object_type": "companies", "id": str(company)}
    hubspot.change(account, {"op": "associate", "object_type": "contacts", "id": str(contact.record_id), "to": to})
    both = [
        link("CONTACT_TO_COMPANY", contact.record_id, company),
        link("COMPANY_TO_CONTACT", company, contact.record_id),
    ]
    receive(synced, *both)
    work_until_idle("events")
    assert Association.objects.filter(from_id=contact.record_id, to_id=company).exists()
    assert Association.objects.filter(from_id=company, to_id=contact.record_id).exists()
    assert_mirrored(hubspot, account, synced)
    hubspot.change(account, {"op": "disassociate", "object_type": "contacts", "id": str(contact.record_id), "to": to})
    receive(synced, *[event | {"eventId": 2, "associationRemoved": True} for event in both])
    work_until_idle("events")
    assert_mirrored(hubspot, account, synced)


def test_an_association_event_before_the_creation_of_its_record(
    synced: Portal, account: Account, hubspot: HubSpot
) -> None:
    contact = some(synced, "0-1")
    (made,) = hubspot.change(account, {"op": "create", "object_type": "companies", "properties": {"name": "Early"}})
    company = int(made["id"])
    to = {"object_type": "companies", "id": str(company)}
    hubspot.change(account, {"op": "associate", "object_type": "contacts", "id": str(contact.record_id), "to": to})
    receive(synced, link("COMPANY_TO_CONTACT", company, contact.record_id))
    receive(synced, link("CONTACT_TO_COMPANY", contact.record_id, company))
    work_until_idle("events")
    assert_mirrored(hubspot, account, synced)


def test_a_privacy_deletion_leaves_nothing_of_the_person(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    contact = some(synced, "0-1")
    receive(
        synced, said("contact.propertyChange", contact.record_id, propertyName="email", propertyValue="canary@secret")
    )
    hubspot.change(account, {"op": "privacy_delete", "object_type": "contacts", "id": str(contact.record_id)})
    receive(synced, said("contact.privacyDeletion", contact.record_id), said("contact.deletion", contact.record_id))
    work_until_idle("events")
    contact.refresh_from_db()
    assert (contact.state, contact.properties, contact.title, contact.search) == ("gone", {}, "", "")
    assert not Event.objects.filter(payload__contains="canary@secret").exists()
    assert not Failure.objects.exists()
    assert_mirrored(hubspot, account, synced)


def test_what_is_forgotten_stays_forgotten_whatever_hubspot_still_shows(
    synced: Portal, account: Account, hubspot: HubSpot
) -> None:
    """An index that lags, and events that come late, bring nothing of the person back."""
    contact = some(synced, "0-1")
    value = {"propertyName": "email", "propertyValue": "canary@secret"}
    receive(synced, said("contact.privacyDeletion", contact.record_id))  # HubSpot itself still has it
    work_until_idle("events")
    receive(
        synced, said("contact.deletion", contact.record_id), said("contact.propertyChange", contact.record_id, **value)
    )
    work_until_idle("events")
    for sync in Sync.objects.filter(portal=synced):
        backfill.start_again(sync)
    signal([synced.pk], "backfill")
    work_until_idle("backfill")
    contact.refresh_from_db()
    assert (contact.state, contact.properties, contact.title, contact.url) == ("gone", {}, "", "")
    assert not Event.objects.filter(payload__contains="canary").exists()
    assert list(Change.objects.filter(record_id=contact.record_id).values_list("kind", flat=True)) == ["gone"]


def test_forgetting_a_person_covers_the_records_merged_into_theirs(
    synced: Portal, account: Account, hubspot: HubSpot
) -> None:
    first, second = Record.objects.filter(object_type="0-1").order_by("record_id")[:2]
    value = {"propertyName": "email", "propertyValue": "canary@secret"}
    receive(synced, said("contact.propertyChange", second.record_id, **value))
    (merged,) = hubspot.change(
        account,
        {
            "op": "merge",
            "object_type": "contacts",
            "id": str(second.record_id),
            "into": str(first.record_id),
        },
    )
    new_id = int(merged["id"])
    fields = {
        "primaryObjectId": first.record_id,
        "newObjectId": new_id,
        "mergedObjectIds": [first.record_id, second.record_id],
    }
    receive(synced, said("contact.merge", first.record_id, **fields))
    work_until_idle("events")
    assert Event.objects.filter(payload__contains="canary").exists()
    hubspot.change(account, {"op": "privacy_delete", "object_type": "contacts", "id": str(new_id)})
    receive(synced, said("contact.privacyDeletion", new_id))
    work_until_idle("events")
    assert not Event.objects.filter(payload__contains="canary").exists()


def test_those_associated_with_a_record_that_is_archived_have_a_new_version(
    synced: Portal, account: Account, hubspot: HubSpot
) -> None:
    association = Association.objects.filter(from_type="0-2", to_type="0-1").first()
    assert association is not None
    company = Record.objects.get(object_type="0-2", record_id=association.from_id)
    hubspot.change(account, {"op": "archive", "object_type": "contacts", "id": str(association.to_id)})
    receive(synced, said("contact.deletion", association.to_id))
    work_until_idle("events")
    change = Change.objects.get(object_type="0-2", record_id=company.record_id)
    assert (change.kind, change.version) == ("associated", company.version + 1)
    assert_mirrored(hubspot, account, synced)


def test_a_missing_scope_closes_the_type_that_it_is_for(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    """Not the one at the other end of the associations that were asked for."""
    contact = some(synced, "0-1")
    refusal = {
        "category": "MISSING_SCOPES",
        "message": "This app hasn't been granted all required scopes",
        "errors": [{"message": "One or more", "context": {"requiredGranularScopes": ["crm.objects.contacts.read"]}}],
    }
    path = "/crm/associations/2026-03/0-1/0-2/batch/read"
    hubspot.fault("status", {"path": path}, params={"status": 403, "body": refusal})
    receive(synced, link("CONTACT_TO_COMPANY", contact.record_id, some(synced, "0-2").record_id))
    work_until_idle("events")
    assert hubspot.requests(account.hub_id, path), "else this test says nothing"
    closed = Sync.objects.filter(state="unavailable").values_list("object_type", flat=True)
    assert list(closed) == ["0-1"]


def test_many_records_that_are_gone_at_once(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    """Each is looked up alone, no more at once than a step has time for."""
    created = [{"op": "create", "object_type": "contacts", "properties": {"email": f"{n}@ex.test"}} for n in range(60)]
    ids = [int(one["id"]) for one in hubspot.change(account, *created)]
    receive(synced, *(said("contact.creation", record_id) for record_id in ids))
    work_until_idle("events")
    gone = [{"op": "privacy_delete", "object_type": "contacts", "id": str(record_id)} for record_id in ids]
    hubspot.change(account, *gone)
    receive(synced, *(said("contact.deletion", record_id) for record_id in ids))
    before = len(hubspot.requests(account.hub_id))
    work_until_idle("events")
    assert set(states()) == {"done"}
    assert Record.objects.filter(portal=synced, state="gone").count() == 60
    assert len(hubspot.requests(account.hub_id)) - before < 80
    assert_mirrored(hubspot, account, synced)


def test_one_merge_of_very_many(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    contact = some(synced, "0-1")
    others = list(range(900_001, 900_081))
    fields = {"primaryObjectId": contact.record_id, "newObjectId": contact.record_id, "mergedObjectIds": others}
    receive(synced, said("contact.merge", contact.record_id, **fields))
    work_until_idle("events")
    assert set(states()) == {"done"}
    assert Record.objects.filter(portal=synced, record_id__in=others, state="gone").count() == 80


def test_what_we_do_not_mirror_is_done(synced: Portal) -> None:
    receive(synced, said("line_item.creation", 5), said("deal.stageExploded", 6), said("conversation.newMessage", 7))
    work_until_idle("events")
    assert set(states()) == {"done"}
    assert not Failure.objects.exists()


@pytest.mark.parametrize(
    "event",
    [
        {"subscriptionType": "contact.creation"},
        {"subscriptionType": "contact.creation", "objectId": "12"},
        {"subscriptionType": "contact.merge", "primaryObjectId": 1, "newObjectId": 2},
        {"subscriptionType": "contact.associationChange", "fromObjectId": 1},
        {"subscriptionType": "contact.associationChange", "associationType": "CONTACT_TO_COMPANY"},
    ],
)
def test_a_poison_event_dies_alone(event: dict[str, Any], synced: Portal, account: Account, hubspot: HubSpot) -> None:
    """It becomes a failure with its reason; those before and after it are done."""
    contacts = list(Record.objects.filter(object_type="0-1").values_list("record_id", flat=True))
    good = [said("contact.propertyChange", record_id) for record_id in contacts]
    receive(synced, *good[:6])
    receive(synced, event)
    receive(synced, *good[6:])
    work_until_idle("events")
    failure = Failure.objects.get()
    assert "EventInvalid" in failure.reason
    assert failure.attempts == 1
    assert (states().count("done"), states().count("retrying")) == (12, 1)
