from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from crm.models import Association, Change, Record, Sync
from installations import bites
from installations.calls import switches
from installations.credentials import endpoint
from installations.leaving import disconnecting, erasing
from installations.models import AuditEntry, Credential, DataKey, Membership, Portal, Uninstall
from installations.signals import erase_portal
from lanes import claims, worker
from lanes.models import Lane
from tests.consent import way_back
from tests.crm.mirrored import install, receive, work_until_idle
from tests.hubspot import Account, HubSpot, trust_limiter, wait_for
from webhooks.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    trust_limiter()
    return hubspot.add_account(contacts=3)


@pytest.fixture
def other_browser() -> Client:
    return Client()


@pytest.fixture
def portal(client: Client, account: Account) -> Portal:
    client.get(way_back(client, "/install", account))
    return Portal.objects.get(hub_id=account.hub_id)


def installs(hubspot: HubSpot, account: Account) -> list[object]:
    portals = hubspot.call("GET", "/_emulator/state")["portals"]
    (found,) = [portal["installs"] for portal in portals if portal["hub_id"] == account.hub_id]
    return list(found)


def disconnect(client: Client, portal: Portal, **more: str) -> None:
    answer = client.post(f"/portals/{portal.hub_id}/disconnect/", {"confirm": str(portal.hub_id)} | more)
    assert answer["Location"] == "/"


def test_disconnecting_asks_first(client: Client, portal: Portal) -> None:
    answer = client.post(f"/portals/{portal.hub_id}/disconnect/")
    assert answer.status_code == 200
    assert str(portal.hub_id) in answer.content.decode()
    portal.refresh_from_db()
    assert portal.state == Portal.State.ACTIVE


def test_disconnecting_uninstalls_and_destroys(
    client: Client, portal: Portal, account: Account, hubspot: HubSpot
) -> None:
    disconnect(client, portal)
    portal.refresh_from_db()
    assert portal.state == Portal.State.DISCONNECTING
    assert client.get(f"/portals/{portal.hub_id}/").status_code == 404, "its people stop at once"
    assert set(Lane.objects.filter(parked=False).values_list("kind", flat=True)) == {"disconnect"}
    work_until_idle()
    portal.refresh_from_db()
    assert portal.state == Portal.State.DISCONNECTED
    assert portal.erase_at is not None
    assert not Credential.objects.exists()
    assert DataKey.objects.get().wrapped is None
    assert installs(hubspot, account) == []


def test_hubspot_out_of_reach_is_told_again_until_an_hour_has_passed(
    client: Client, portal: Portal, hubspot: HubSpot
) -> None:
    hubspot.fault("status", {"path": "/appinstalls/2026-03/external-install"}, params={"status": 503})
    disconnect(client, portal)
    portal.refresh_from_db()
    assert not disconnecting.tell_hubspot(portal)
    portal.refresh_from_db()
    assert portal.state == Portal.State.DISCONNECTING
    Portal.objects.update(state_changed_at=timezone.now() - timedelta(hours=1, seconds=1))
    portal.refresh_from_db()
    assert disconnecting.tell_hubspot(portal)
    portal.refresh_from_db()
    assert portal.state == Portal.State.DISCONNECTED
    assert DataKey.objects.get().wrapped is None


def test_a_portal_whose_calls_are_stopped_is_uninstalled_when_they_may_go_on(
    client: Client, portal: Portal, account: Account, hubspot: HubSpot
) -> None:
    """As the runbook has it for tokens that are in the wrong hands."""
    switches.stop("staff", "Tokens are in the wrong hands.", portal.hub_id)
    disconnect(client, portal)
    portal.refresh_from_db()
    assert not disconnecting.tell_hubspot(portal)
    assert len(installs(hubspot, account)) == 1
    switches.resume("staff", portal.hub_id)
    before = len(hubspot.requests(account.hub_id))
    work_until_idle()
    assert installs(hubspot, account) == []
    assert len(hubspot.requests(account.hub_id)) == before + 1, "nothing else was asked for"


@pytest.mark.parametrize("trouble", ["token endpoint down", "our secret refused", "key missing"])
def test_a_token_that_cannot_be_renewed_keeps_nobody_connected(
    client: Client, portal: Portal, hubspot: HubSpot, settings: Settings, trouble: str
) -> None:
    disconnect(client, portal)
    Credential.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    if trouble == "token endpoint down":
        hubspot.fault("status", {"path": "/oauth/2026-03/token"}, params={"status": 503})
    elif trouble == "our secret refused":
        endpoint.halt("HubSpot does not accept our client secret.")
    else:
        settings.ENCRYPTION_KEYS = f"other:{base64.b64encode(bytes(32)).decode()}"
    portal.refresh_from_db()
    assert not disconnecting.tell_hubspot(portal)
    portal.refresh_from_db()
    assert portal.state == Portal.State.DISCONNECTING
    assert portal.erase_at, "the promise to erase runs from the disconnect on"
    Portal.objects.update(state_changed_at=timezone.now() - timedelta(hours=1, seconds=1))
    portal.refresh_from_db()
    assert disconnecting.tell_hubspot(portal)
    portal.refresh_from_db()
    assert portal.state == Portal.State.DISCONNECTED
    assert not Credential.objects.exists()


def test_who_connects_again_while_hubspot_is_told_has_to_wait(
    client: Client, other_browser: Client, portal: Portal, account: Account, hubspot: HubSpot
) -> None:
    """The call under way would end the new connection."""
    disconnect(client, portal)
    portal.refresh_from_db()
    back = way_back(other_browser, "/install", account)
    hubspot.fault("latency", {"path": "/appinstalls/2026-03/external-install"}, params={"ms": 3000}, count=1)

    def tell() -> bool:
        try:
            return disconnecting.tell_hubspot(portal)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        told = thread.submit(tell)
        wait_for(Uninstall.objects.exists, what="the uninstall to begin")
        assert other_browser.get(back).status_code == 503
        assert told.result(timeout=30)
    assert [each.state for each in Portal.objects.all()] == [Portal.State.DISCONNECTED]


def test_a_portal_connected_again_is_not_uninstalled(
    client: Client, other_browser: Client, portal: Portal, account: Account, hubspot: HubSpot
) -> None:
    disconnect(client, portal)
    portal.refresh_from_db()
    other_browser.get(way_back(other_browser, "/install", account))
    assert disconnecting.tell_hubspot(portal)
    assert installs(hubspot, account) != []
    assert Portal.objects.live().get().state == Portal.State.ACTIVE


def test_destroy_now_waits_for_nobody(client: Client, portal: Portal) -> None:
    disconnect(client, portal, destroy_now="1")
    portal.refresh_from_db()
    assert portal.state == Portal.State.DISCONNECTED
    assert not Credential.objects.exists()


def test_uninstalled_in_hubspot_before(client: Client, portal: Portal, account: Account, hubspot: HubSpot) -> None:
    hubspot.uninstall(account)
    disconnect(client, portal)
    work_until_idle("disconnect")
    portal.refresh_from_db()
    assert (portal.state, portal.state_reason) == (
        Portal.State.DISCONNECTED,
        "The app was uninstalled in HubSpot before.",
    )


def test_installing_again_starts_clean(client: Client, portal: Portal, account: Account) -> None:
    work_until_idle("backfill")
    disconnect(client, portal)
    work_until_idle()
    client.get(way_back(client, "/install", account))
    again = Portal.objects.live().get(hub_id=account.hub_id)
    assert again.pk != portal.pk
    assert not Record.objects.filter(portal=again).exists()
    assert Record.objects.filter(portal=portal).exists(), "the old records wait for their date"
    assert Membership.objects.get(portal=again).role == Membership.Role.OWNER


def test_installing_again_while_hubspot_is_being_told_ends_the_old_installation(
    client: Client, portal: Portal, account: Account
) -> None:
    disconnect(client, portal)
    client.get(way_back(client, "/install", account))
    portal.refresh_from_db()
    assert portal.state == Portal.State.DISCONNECTED
    again = Portal.objects.live().get(hub_id=account.hub_id)
    work_until_idle("disconnect")
    again.refresh_from_db()
    assert again.state == Portal.State.ACTIVE


def test_erasing_leaves_one_row_as_proof(client: Client, portal: Portal) -> None:
    work_until_idle("backfill")
    receive(portal, {"subscriptionType": "contact.creation", "objectId": 1})
    disconnect(client, portal, destroy_now="1")
    assert erasing.erase_those_due() == 0
    Portal.objects.update(erase_at=timezone.now())
    assert erasing.erase_those_due() == 1
    portal.refresh_from_db()
    assert (portal.state, portal.name, portal.installed_by_email) == (Portal.State.ERASED, "", "")
    assert portal.erased_at is not None
    for model in (Record, Association, Change, Sync, Event, Lane, AuditEntry, Credential, Membership):
        assert not model._default_manager.exists(), model
    assert erasing.erase_those_due() == 0


def test_erasing_goes_on_where_it_was_killed(client: Client, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    work_until_idle("backfill")
    receive(portal, {"subscriptionType": "contact.creation", "objectId": 1})
    disconnect(client, portal, destroy_now="1")
    Record.objects.filter(portal=portal).delete()  # as far as the killed run had come
    Portal.objects.update(erase_at=timezone.now())
    monkeypatch.setattr(bites, "BITE", 2)
    assert erasing.erase_those_due() == 1
    assert not Change.objects.exists()
    assert not Event.objects.exists()


def test_a_portal_that_cannot_be_erased_keeps_no_other_waiting(
    client: Client, portal: Portal, hubspot: HubSpot
) -> None:
    other = install(hubspot, hubspot.add_account())
    Portal.objects.update(erase_at=timezone.now())

    def refuse(portal: Portal, **_: object) -> None:
        if portal.pk == other.pk:
            raise OSError("no")

    erase_portal.connect(refuse)
    try:
        assert erasing.erase_those_due() == 1
    finally:
        erase_portal.disconnect(refuse)
    assert set(Portal.objects.values_list("pk", "state")) == {(portal.pk, "erased"), (other.pk, "disconnected")}
    assert erasing.erase_those_due() == 1


def test_a_portal_that_is_connected_again_while_others_are_erased_is_kept(
    client: Client, portal: Portal, hubspot: HubSpot
) -> None:
    other = install(hubspot, hubspot.add_account())
    for each in (portal, other):
        each.move_to(Portal.State.NEEDS_RECONNECT)
    Portal.objects.update(erase_at=timezone.now())
    erased: list[Portal] = []

    def reconnect_the_next(portal: Portal, **_: object) -> None:
        erased.append(portal)
        if len(erased) == 1:
            Portal.objects.exclude(pk=portal.pk).get().move_to(Portal.State.ACTIVE)

    erase_portal.connect(reconnect_the_next)
    try:
        assert erasing.erase_those_due() == 1
    finally:
        erase_portal.disconnect(reconnect_the_next)
    kept = Portal.objects.exclude(pk=erased[0].pk).get()
    assert kept.state == Portal.State.ACTIVE
    assert Credential.objects.filter(portal=kept).exists()
    assert DataKey.objects.get(portal=kept).wrapped


def test_an_uninstall_in_hubspot_is_noticed(client: Client, portal: Portal, account: Account, hubspot: HubSpot) -> None:
    """The next call is refused, so is the refresh; a minute later it is believed."""
    work_until_idle("backfill")
    hubspot.uninstall(account)
    lane = Lane.objects.get(kind="reconcile")
    Lane.objects.filter(pk=lane.pk).update(due_at=timezone.now())
    _run(lane)
    portal.refresh_from_db()
    assert portal.state == Portal.State.ACTIVE
    Credential.objects.update(refused_at=timezone.now() - timedelta(seconds=61), retry_at=None)
    Lane.objects.filter(pk=lane.pk).update(due_at=timezone.now(), not_before=None)
    _run(lane)
    portal.refresh_from_db()
    assert portal.state == Portal.State.NEEDS_RECONNECT
    page = client.get(f"/portals/{portal.hub_id}/")
    assert page.status_code == 200
    assert "no longer accepts" in page.content.decode()
    assert not Lane.objects.filter(parked=False).exists()


def _run(lane: Lane) -> None:
    skipped = []
    while (claimed := claims.claim()) is not None:
        if claimed.lane_id == lane.pk:
            worker.run(claimed)
            break
        skipped.append(claimed)
    for claimed in skipped:
        claims.release(claimed, due_at=None)
