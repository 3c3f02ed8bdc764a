"""Scopes that were never granted, are lost on the way, and come back: what HubSpot is asked, and what people are told.

Every figure is taken from the emulator's ledger.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from crm import availability, features
from crm.availability import FIRST_PROBE_AFTER, PROBE_EVERY, Refusal
from crm.models import ClosedFeature, Owner, Record, Sync
from installations.models import Credential, Membership, Portal
from lanes.signals import hurry
from tests.consent import way_back
from tests.crm.mirrored import install, work_until_idle
from tests.crm.refused import DAYS, HANDFUL, OWNER, asked_for, closed, everything, page, refusals, refusing
from tests.hubspot import Account, HubSpot
from tests.portals import make_member
from tests.truth import assert_mirrored

FEW = ["oauth", "crm.objects.contacts.read", "crm.objects.companies.read"]

DEALS = "crm.objects.deals.read"


@pytest.mark.parametrize("day", DAYS)
def test_what_is_refused_in_the_middle_of_life_is_not_asked_for_again(
    day: str, synced: Portal, account: Account, hubspot: HubSpot
) -> None:
    """A handful of refusals in all, whatever work there is; a probe an hour later; then all is made up for."""
    wanted = {one.feature: [one.scope] for one in DAYS[day]}
    with ExitStack() as faults:
        for one in DAYS[day]:
            faults.enter_context(refusing(hubspot, account, one.method, one.path, one.scope))
        everything(synced)
        first = refusals(hubspot, account)
        assert closed(synced) == wanted
        assert len(wanted) <= first <= len(wanted) + HANDFUL
        everything(synced)
        assert refusals(hubspot, account) == first, "nothing is asked for that was refused"
        for shown in (page(synced), page(synced, "settings/")):
            assert all(f'data-missing="{one.scope}"' in shown for one in DAYS[day])
            assert shown.count("HubSpot has refused this since") == len(wanted)
            assert shown.count('id="grant-link"') == 1
    ClosedFeature.objects.update(probe_at=timezone.now())
    new = {"dealname": "Meanwhile", "dealstage": "closedwon"}
    hubspot.change(account, {"op": "create", "object_type": "deals", "properties": new})
    hurry(synced.pk, "reconcile")
    work_until_idle()
    assert closed(synced) == {}
    assert "data-missing" not in page(synced)
    assert_mirrored(hubspot, account, synced)


def test_the_first_question_after_a_refusal_comes_within_the_hour(
    synced: Portal, account: Account, hubspot: HubSpot
) -> None:
    """It may have been about a token that was just being replaced."""
    with refusing(hubspot, account, None, "/crm/objects/2026-03/0-3", DEALS):
        everything(synced)
    row = ClosedFeature.objects.get()
    assert row.probe_at is not None
    assert timezone.now() < row.probe_at <= timezone.now() + FIRST_PROBE_AFTER


def test_a_probe_is_one_call(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    with refusing(hubspot, account, None, "/crm/objects/2026-03/0-3", DEALS):
        everything(synced)
        ClosedFeature.objects.update(probe_at=timezone.now())
        before = refusals(hubspot, account)
        for _ in range(2):
            hurry(synced.pk, "reconcile")
            work_until_idle("reconcile")
        assert refusals(hubspot, account) == before + 1
    row = ClosedFeature.objects.get()
    assert row.probe_at is not None
    assert row.probe_at > timezone.now() + PROBE_EVERY / 2, "then once a day"


def test_what_closes_again_and_again_does_so_once_a_day(synced: Portal) -> None:
    """Where HubSpot allows the probe and refuses the work."""
    deals = features.records("0-3")
    availability.close(synced, {deals: Refusal([DEALS])})
    availability.reopen(synced, deals)
    for _ in range(2):  # two calls were under way
        availability.close(synced, {deals: Refusal([DEALS])})
    row = ClosedFeature.objects.get()
    assert row.probe_at is not None
    assert row.probe_at > timezone.now() + PROBE_EVERY / 2


def test_what_is_not_granted_is_never_asked_for(hubspot: HubSpot, account: Account, transactional_db: None) -> None:
    portal = install(hubspot, account, FEW)
    make_member(portal, OWNER, Membership.Role.OWNER)
    work_until_idle()
    everything(portal)
    assert refusals(hubspot, account) == 0
    assert asked_for(hubspot, account, "0-3", "0-5", "owners") == []
    assert closed(portal) == {
        "records:0-3": [DEALS],
        "records:0-5": ["tickets"],
        "owners": ["crm.objects.owners.read"],
    }
    shown = page(portal)
    assert "Deals are not mirrored" in shown
    assert "Owners are shown by number" in shown
    assert shown.count('id="grant-link"') == 1
    assert f"/install?hub_id={portal.hub_id}" in shown


def test_what_is_granted_later_comes_on_by_itself(
    client: Client, hubspot: HubSpot, account: Account, transactional_db: None
) -> None:
    """Through the button on the overview: with all that was there before, its associations from both sides too."""
    portal = install(hubspot, account, FEW)
    work_until_idle()
    assert not Record.objects.filter(object_type="0-3").exists()
    client.get(way_back(client, f"/install?hub_id={account.hub_id}", account))
    assert Credential.objects.get().scopes == sorted(settings.HUBSPOT_SCOPES)
    work_until_idle()
    assert closed(portal) == {}
    assert Record.objects.filter(object_type="0-3").exists()
    assert Owner.objects.exists()
    assert refusals(hubspot, account) == 0
    hurry(portal.pk, "reconcile")
    work_until_idle()
    assert_mirrored(hubspot, account, portal)


def test_what_is_granted_while_the_first_sync_runs_is_complete_too(
    hubspot: HubSpot, account: Account, client: Client, transactional_db: None
) -> None:
    """Pages of contacts that were read before lack their associations with deals: they are read once more."""
    portal = install(hubspot, account, FEW)
    Sync.objects.filter(object_type="0-1").update(reading_began_at=timezone.now() - timedelta(seconds=1))
    client.get(way_back(client, f"/install?hub_id={account.hub_id}", account))
    work_until_idle()
    assert_mirrored(hubspot, account, portal)


@pytest.fixture
def optional_deals(hubspot: HubSpot, settings: Settings) -> None:
    """Deals as an optional scope, which a super admin may switch off at any time."""
    required = [scope for scope in settings.HUBSPOT_SCOPES if scope != DEALS]
    hubspot.add_app(conditional_scopes=[scope for scope in required if scope != "oauth"], optional_scopes=[DEALS])
    settings.HUBSPOT_SCOPES, settings.HUBSPOT_OPTIONAL_SCOPES = required, [DEALS]


def switch_off(hubspot: HubSpot, account: Account, *scopes: str) -> None:
    body = {"client_id": settings.HUBSPOT_CLIENT_ID, "switched_off": list(scopes)}
    hubspot.call("POST", f"/_emulator/portals/{account.hub_id}/permissions", body)


@pytest.mark.usefixtures("optional_deals")
def test_an_admin_switches_a_permission_off_and_allows_it_again(
    client: Client, hubspot: HubSpot, account: Account, transactional_db: None
) -> None:
    client.get(way_back(client, "/install", account))
    portal = Portal.objects.get()
    make_member(portal, OWNER, Membership.Role.VIEWER)
    work_until_idle()
    assert DEALS in Credential.objects.get().scopes
    switch_off(hubspot, account, DEALS)
    for _ in range(2):
        everything(portal)
    assert 1 <= refusals(hubspot, account) <= HANDFUL
    assert f"<code><bdi>{DEALS}</bdi></code>" in page(portal).partition('id="missing"')[2].partition("</section>")[0]
    switch_off(hubspot, account)
    client.get(way_back(client, f"/install?hub_id={account.hub_id}", account))
    work_until_idle()
    assert closed(portal) == {}
    assert DEALS in Credential.objects.get().scopes


@pytest.mark.usefixtures("optional_deals")
def test_a_renewed_token_with_fewer_scopes_closes_without_a_refusal(
    client: Client, hubspot: HubSpot, account: Account, transactional_db: None
) -> None:
    """HubSpot's own list comes with every token: nothing has to be refused first. And back again."""
    client.get(way_back(client, "/install", account))
    portal = Portal.objects.get()
    work_until_idle()
    switch_off(hubspot, account, DEALS)
    expire(portal)
    everything(portal)
    assert set(closed(portal)) == {"records:0-3"}
    assert DEALS not in Credential.objects.get().scopes
    before = len(hubspot.requests(account.hub_id))
    everything(portal)
    assert refusals(hubspot, account) == 0
    assert asked_for(hubspot, account, "0-3", since=before) == []
    switch_off(hubspot, account)
    hubspot.tokens(account, [*settings.HUBSPOT_SCOPES, DEALS])  # granted in HubSpot, and never brought to us
    expire(portal)
    everything(portal)
    assert closed(portal) == {}
    assert asked_for(hubspot, account, "0-3/search", since=before)
    assert refusals(hubspot, account) == 0


def expire(portal: Portal) -> None:
    Credential.objects.filter(portal=portal).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_a_scope_that_this_app_cannot_ask_for_is_said_to_be_so(
    synced: Portal, account: Account, hubspot: HubSpot
) -> None:
    with refusing(hubspot, account, None, "/crm/objects/2026-03/0-3", "crm.hidden"):
        everything(synced)
    assert "This app does not ask for that scope" in page(synced)


def test_a_scope_that_settings_ask_for_anew_is_missing(synced: Portal, settings: Settings) -> None:
    """The app was upgraded: nothing that was granted is lost, and the overview says what is new."""
    settings.HUBSPOT_SCOPES = [*settings.HUBSPOT_SCOPES, "crm.lists.read"]
    shown = page(synced)
    assert 'data-missing="crm.lists.read"' in shown
    assert shown.count('id="grant-link"') == 1


def test_news_that_were_found_and_refused_are_not_lost(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    """Search answers, reading does not: the window stays open until the type may be read."""
    (made,) = hubspot.change(
        account, {"op": "create", "object_type": "deals", "properties": {"dealname": "Found", "dealstage": "closedwon"}}
    )
    before = Sync.objects.get(object_type="0-3").reconciled_to
    with refusing(hubspot, account, "POST", "/crm/objects/2026-03/0-3/batch/read", DEALS):
        Sync.objects.update(reconciled_at=None)
        hurry(synced.pk, "reconcile")
        work_until_idle("reconcile")
    sync = Sync.objects.get(object_type="0-3")
    assert (sync.state, sync.reconciled_to) == (Sync.State.UNAVAILABLE, before)
    ClosedFeature.objects.update(probe_at=timezone.now())
    Sync.objects.update(reconciled_at=None)
    hurry(synced.pk, "reconcile")
    work_until_idle("reconcile")
    assert Record.objects.filter(object_type="0-3", record_id=int(made["id"])).exists()
