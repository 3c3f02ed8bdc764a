"""Portals whose allowance is used up: work of several calls does not starve itself, and other portals go on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
import redis
from django.conf import settings

from crm.handler import MirrorHandler
from hubspot_api.ports import Bucket
from installations.models import Portal
from installations.ratelimit import LimiterFull, Permit, WorkClass, limiter
from lanes import worker
from lanes.models import Lane
from tests.crm.mirrored import install, receive, work_until_idle
from tests.hubspot import Account, HubSpot, wait_for
from tests.truth import assert_mirrored
from webhooks.handlers import ReceivedChange
from webhooks.models import Event

from .test_events import said, some


@pytest.fixture
def synced(portal: Portal) -> Portal:
    work_until_idle("backfill")
    Lane.objects.exclude(kind="events").update(due_at=None)
    return portal


def fill(portal: Portal, but: int = 0) -> list[Permit]:
    """Take all places of a portal but so many, as calls would that HubSpot does not answer."""
    taken: list[Permit] = []
    with suppress(LimiterFull):
        while True:
            permit = limiter().admit(portal.hub_id, Bucket.BURST, WorkClass.URGENT, wait_s=0)
            assert isinstance(permit, Permit)
            taken.append(permit.__enter__())
    for _ in range(but):
        limiter().unused(taken.pop())
    wait_for(lambda: places_left(portal) == but, what="the places")
    with redis.Redis.from_url(settings.REDIS_URL) as client:  # as if the calls had come evenly, and few were urgent
        client.hdel(f"hubapp:limit:{{{portal.hub_id}}}:burst:state", "paced", "rush")
    return taken


def places_left(portal: Portal) -> int:
    burst = limiter().usage(portal.hub_id).buckets[Bucket.BURST]
    return burst.limit - burst.used


def three_types_changed(portal: Portal) -> list[ReceivedChange]:
    """Events about a contact, a company and a deal: three batches to read."""
    for object_type, kind in (("0-1", "contact"), ("0-2", "company"), ("0-3", "deal")):
        receive(portal, said(f"{kind}.propertyChange", some(portal, object_type).record_id, propertyName="x"))
    return [ReceivedChange.of(event) for event in Event.objects.filter(portal=portal).order_by("id")]


def reads(hubspot: HubSpot, portal: Portal) -> int:
    return sum("/batch/read" in call["path"] for call in hubspot.requests(portal.hub_id))


@pytest.mark.parametrize("left", [6, 7])  # five are kept while none come back soon: one or two could be had alone
def test_work_of_several_calls_begins_only_if_it_can_end(hubspot: HubSpot, synced: Portal, left: int) -> None:
    events = three_types_changed(synced)
    before = reads(hubspot, synced)
    taken = fill(synced, but=left)
    with pytest.raises(LimiterFull):
        MirrorHandler().read(synced, events)
    assert reads(hubspot, synced) == before, "calls were wasted"
    wait_for(lambda: places_left(synced) == left, what="what was reserved in vain")
    for permit in taken[: 12 - left]:
        limiter().unused(permit)
    wait_for(lambda: places_left(synced) == 12, what="the places")
    found = MirrorHandler().read(synced, events)
    assert len(found.readings.records) == 3
    assert reads(hubspot, synced) == before + 3


def test_one_full_portal_keeps_no_worker_from_anothers_work(
    hubspot: HubSpot, synced: Portal, change: Callable[[Account, Portal], None]
) -> None:
    other_account = hubspot.add_account(contacts=3)
    other = install(hubspot, other_account)
    work_until_idle("backfill")
    Lane.objects.exclude(kind="events").update(due_at=None)
    taken = fill(synced)
    three_types_changed(synced)
    change(other_account, other)
    worker.work(turn_s=5)
    assert_mirrored(hubspot, other_account, other)
    full = Lane.objects.get(portal=synced, kind="events")
    assert full.not_before is not None, "it is to come again when there is room"
    assert (full.failures, full.latest_error) == (0, "")
    for permit in taken:
        limiter().unused(permit)
    Lane.objects.filter(pk=full.pk).update(not_before=None)
    wait_for(lambda: worker.work(turn_s=5), what="the full portal's turn")
    assert Lane.objects.get(pk=full.pk).due_at is None


@pytest.fixture
def change(hubspot: HubSpot) -> Callable[[Account, Portal], None]:
    """Rename a contact in HubSpot, and have its event come."""

    def rename(account: Account, portal: Portal) -> None:
        contact = some(portal, "0-1").record_id
        update = {"op": "update", "object_type": "contacts", "id": str(contact), "properties": {"firstname": "New"}}
        hubspot.change(account, update)
        receive(portal, said("contact.propertyChange", contact, propertyName="firstname", propertyValue="New"))

    return rename
