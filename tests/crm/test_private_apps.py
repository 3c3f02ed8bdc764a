"""The mirror of an account that is connected by a private app's token, beside one that has installed the app."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from crm.models import Change, FeedHead, Record, Sync
from hubspot_api.ports import Bucket
from hubspot_api.secret import Secret
from installations.clients import private_app_of
from installations.credentials import private_apps
from installations.models import Credential, Portal
from installations.ratelimit import limiter
from lanes import claims, worker
from lanes.models import Lane
from lanes.signals import hurry
from tests.clock import noon_zone
from tests.crm.mirrored import install, next_lane, work_until_idle
from tests.hubspot import Account, HubSpot, trust_limiter
from tests.pages.furniture import browser_of
from tests.truth import assert_mirrored

pytestmark = pytest.mark.django_db(transaction=True)
PROFESSIONALS_DAY = 625_000


@pytest.fixture(autouse=True)
def _switched_on(settings: Settings) -> None:
    settings.PRIVATE_APP_TOKENS = True


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    """Its day neither begins nor ends while a test runs: for a while after midnight HubSpot's count is doubted."""
    trust_limiter()
    return hubspot.add_account(time_zone=noon_zone(), contacts=12, companies=5, deals=4, tickets=3)


@pytest.fixture
def made(hubspot: HubSpot, account: Account) -> dict[str, Any]:
    return hubspot.private_token(account)


@pytest.fixture
def portal(made: dict[str, Any]) -> Portal:
    return private_apps.connect(private_apps.check(Secret(made["access_token"])), "staff alice")


@pytest.fixture
def others(hubspot: HubSpot, portal: Portal) -> tuple[Account, Portal]:
    """Another account, which has installed the app."""
    account = hubspot.add_account(contacts=12, companies=5, deals=4, tickets=3)
    return account, install(hubspot, account)


def reconcile_now(*portals: Portal) -> None:
    for portal in portals:
        Sync.objects.filter(portal=portal).update(reconciled_at=None)
        hurry(portal.pk, "reconcile")
    work("reconcile")


def work(*kinds: str) -> None:
    """Run what is due, also where it cannot be done now."""
    for _ in range(200):
        claimed = next_lane(within_s=2.5)
        if claimed is None:
            return
        if claimed.kind in kinds:
            worker.run(claimed)
        else:
            claims.release(claimed, due_at=timezone.now() + timedelta(hours=1))
    raise AssertionError("lanes are due without end")


def rename(hubspot: HubSpot, account: Account, name: str) -> None:
    contact = Record.objects.filter(portal__hub_id=account.hub_id, object_type="0-1").order_by("record_id").first()
    assert contact is not None
    change = {"op": "update", "object_type": "contacts", "id": str(contact.record_id), "properties": {"lastname": name}}
    hubspot.change(account, change)


def names(portal: Portal) -> set[str]:
    contacts = Record.objects.filter(portal=portal, object_type="0-1")
    return {record.properties.get("lastname", "") for record in contacts}


def state_of(portal: Portal) -> str:
    return str(Portal.objects.get(pk=portal.pk).state)


def test_both_are_mirrored_and_each_change_is_found_by_asking(
    hubspot: HubSpot, portal: Portal, account: Account, others: tuple[Account, Portal]
) -> None:
    other_account, other = others
    work_until_idle("backfill")
    rename(hubspot, account, "Asked")
    rename(hubspot, other_account, "Pushed")
    reconcile_now(portal, other)
    assert "Asked" in names(portal)
    assert "Pushed" in names(other)
    assert set(Change.objects.filter(portal=portal, version__gt=1).values_list("source", flat=True)) == {"reconcile"}
    calls = hubspot.requests(account.hub_id)
    assert all(200 <= call["status"] < 300 for call in calls)
    assert not [call for call in calls if call["path"].startswith("/oauth/2026")], "no token was ever exchanged"
    usage = limiter().usage(portal.hub_id, private_app_of(Portal.objects.get(pk=portal.pk)))
    assert usage.buckets[Bucket.DAILY].limit == PROFESSIONALS_DAY, "learned from HubSpot's headers"
    assert_mirrored(hubspot, account, portal)
    assert_mirrored(hubspot, other_account, other)


def test_it_is_asked_every_minute_however_quiet_it_is(portal: Portal, others: tuple[Account, Portal]) -> None:
    _, other = others
    work_until_idle("backfill")
    for one in (portal, other):
        FeedHead.objects.filter(portal=one).update(moved_at=timezone.now() - timedelta(days=3))
    reconcile_now(portal, other)
    soon, later = timezone.now() + timedelta(minutes=1), timezone.now() + timedelta(minutes=10)
    reconciles = Lane.objects.filter(kind="reconcile")
    assert reconciles.filter(portal=portal, due_at__lte=soon).exists()
    assert reconciles.filter(portal=other, due_at__gt=later).exists()


def test_a_revoked_token_parks_its_portal_alone_and_the_next_one_wakes_it(
    hubspot: HubSpot, portal: Portal, account: Account, made: dict[str, Any], others: tuple[Account, Portal]
) -> None:
    other_account, other = others
    work_until_idle("backfill")
    token = hubspot.rotate_private_token(account, made["app_id"])
    rename(hubspot, account, "Meanwhile")
    rename(hubspot, other_account, "Undisturbed")
    reconcile_now(portal, other)
    lane = Lane.objects.get(portal=portal, kind="reconcile")
    assert lane.not_before is not None, "HubSpot's refusal is doubted for a minute"
    assert state_of(portal) == Portal.State.ACTIVE
    assert "Undisturbed" in names(other)

    minute = timedelta(seconds=61)
    Credential.objects.filter(portal=portal).update(
        refused_at=F("refused_at") - minute, retry_at=F("retry_at") - minute
    )
    reconcile_now(portal)
    assert state_of(portal) == Portal.State.NEEDS_RECONNECT
    assert not Lane.objects.filter(portal=portal, parked=False).exists()
    assert not Lane.objects.filter(portal=other, parked=True).exists()

    private_apps.replace(portal, private_apps.check(Secret(token), portal), "staff alice")
    reconcile_now(portal)
    assert "Meanwhile" in names(portal)
    assert state_of(portal) == Portal.State.ACTIVE


@pytest.mark.parametrize(
    ("used", "words"),
    [(PROFESSIONALS_DAY, "Today's calls are used up"), (PROFESSIONALS_DAY * 19 // 20, "nearly used up")],
)
def test_when_the_days_calls_are_used_up_the_mirror_waits_for_midnight_and_says_so(
    hubspot: HubSpot, portal: Portal, account: Account, used: int, words: str
) -> None:
    hubspot.call("POST", f"/_emulator/portals/{account.hub_id}/limits", {"private_app_calls_today": used})
    work("backfill", "reconcile")
    zone = ZoneInfo(portal.time_zone)
    today = timezone.now().astimezone(zone).date()
    midnight = datetime.combine(today + timedelta(days=1), datetime.min.time(), zone).astimezone(UTC)
    held = set(Lane.objects.filter(portal=portal, kind="backfill").values_list("not_before", flat=True))
    assert {at and at.replace(microsecond=0) for at in held} == {midnight}
    refused = [call for call in hubspot.requests(account.hub_id) if call["status"] == 429]
    assert len(refused) <= 2, "and HubSpot is not asked in vain"
    portal.memberships.update(proven_at=timezone.now())
    page = browser_of(account.admin_id).get(f"/portals/{portal.hub_id}/").content.decode()
    assert words in page.replace("&#x27;", "'")
