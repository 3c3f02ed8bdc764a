"""An uninstall that HubSpot's journal tells of: believed only when HubSpot refuses our tokens too."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from crm.models import Record
from installations.clients import client_for, prove
from installations.credentials import vault
from installations.errors import PortalNotConnected, ReconnectRequired, TokenBusy, TryLater
from installations.leaving import hearsay
from installations.models import AuditEntry, Credential, DataKey, Membership, Portal, TokenEndpoint
from installations.ratelimit import WorkClass
from lanes.models import Lane
from tests.consent import way_back
from tests.crm.mirrored import work_until_idle
from tests.hubspot import Account, HubSpot, trust_limiter, wait_for

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "/oauth/2026-03/token"


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    trust_limiter()
    return hubspot.add_account(contacts=3)


@pytest.fixture
def portal(client: Client, account: Account) -> Portal:
    """Installed in a browser that stays signed in, and synced."""
    client.get(way_back(client, "/install", account))
    work_until_idle("backfill")
    return Portal.objects.get(hub_id=account.hub_id)


def told(portal: Portal, at: datetime | None = None) -> Portal | None:
    with transaction.atomic():
        return hearsay.note_uninstall(portal.hub_id, at or timezone.now())


def refused_once(portal: Portal) -> None:
    """A refresh is refused, as any call brings about once its token has run out."""
    Credential.objects.filter(portal=portal).update(expires_at=timezone.now() - timedelta(minutes=1))
    with pytest.raises((TokenBusy, PortalNotConnected)):
        client_for(portal, WorkClass.BULK).tokens.current()


def refreshes(hubspot: HubSpot) -> int:
    return len(hubspot.requests(path=TOKEN))


def state(portal: Portal) -> str:
    portal.refresh_from_db()
    return portal.state


# Believed


def test_a_confirmed_uninstall_ends_everything_at_once(
    client: Client, hubspot: HubSpot, account: Account, portal: Portal
) -> None:
    assert client.get(f"/portals/{portal.hub_id}/").status_code == 200
    sealed = Credential.objects.get(portal=portal)
    hubspot.uninstall(account)
    told(portal)
    assert hearsay.look_into(portal.pk) is None
    assert state(portal) == Portal.State.DISCONNECTED
    assert portal.state_reason == "The app was uninstalled in HubSpot."
    assert portal.erase_at is not None
    assert client.get(f"/portals/{portal.hub_id}/").status_code == 404, "its people stop at the next request"
    assert not Membership.objects.exists()
    assert not Lane.objects.filter(parked=False).exclude(kind="disconnect").exists()
    assert not Credential.objects.exists()
    assert DataKey.objects.get().wrapped is None
    with pytest.raises(vault.DataKeyDestroyed):
        vault.Vault(portal).open("access_token", sealed.access_token)
    assert Record.objects.exists(), "what is mirrored waits for its date"
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))[-2:] == [
        "noticed the uninstall",
        "destroyed our access",
    ]


@pytest.mark.parametrize("tokens", ["at_once", "until_expiry"])
def test_one_call_is_enough_whether_or_not_the_access_token_lives_on(
    hubspot: HubSpot, account: Account, portal: Portal, tokens: str
) -> None:
    hubspot.uninstall(account, **({"tokens": tokens} if tokens == "until_expiry" else {}))
    told(portal)
    before = refreshes(hubspot)
    hearsay.look_into(portal.pk)
    assert refreshes(hubspot) == before + 1
    assert state(portal) == Portal.State.DISCONNECTED


def test_told_twice_it_ends_once(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    hubspot.uninstall(account)
    told(portal)
    told(portal)
    hearsay.look_into(portal.pk)
    assert hearsay.look_into(portal.pk) is None
    assert told(portal) is None
    assert AuditEntry.objects.filter(action="noticed the uninstall").count() == 1


# The journal and a refused refresh, in both orders


def test_a_refused_refresh_after_the_journals_word_needs_no_second(
    hubspot: HubSpot, account: Account, portal: Portal
) -> None:
    hubspot.uninstall(account)
    told(portal)
    refused_once(portal)
    assert state(portal) == Portal.State.DISCONNECTED
    assert hearsay.look_into(portal.pk) is None


def test_the_journals_word_after_one_refusal_needs_no_call(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    hubspot.uninstall(account)
    refused_once(portal)
    assert state(portal) == Portal.State.ACTIVE
    told(portal)
    before = refreshes(hubspot)
    hearsay.look_into(portal.pk)
    assert refreshes(hubspot) == before
    assert state(portal) == Portal.State.DISCONNECTED


def test_the_journals_word_after_reconnect_needed_ends_it(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    hubspot.uninstall(account)
    refused_once(portal)
    Credential.objects.update(refused_at=timezone.now() - timedelta(seconds=61), retry_at=None)
    with pytest.raises(ReconnectRequired):
        client_for(portal, WorkClass.BULK).tokens.current()
    assert state(portal) == Portal.State.NEEDS_RECONNECT
    told(portal)
    hearsay.look_into(portal.pk)
    assert state(portal) == Portal.State.DISCONNECTED


def test_two_who_are_refused_at_once_end_it_once(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    hubspot.uninstall(account)
    told(portal)
    Credential.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    def ask(look: Callable[[], object]) -> None:
        try:
            look()
        except (PortalNotConnected, TryLater):
            pass
        finally:
            connection.close()

    looks = [lambda: hearsay.look_into(portal.pk), client_for(portal, WorkClass.BULK).tokens.current] * 3
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(ask, looks))
    hearsay.look_into(portal.pk)
    assert state(portal) == Portal.State.DISCONNECTED
    assert AuditEntry.objects.filter(action="destroyed our access").count() == 1


# Not believed


def test_an_event_older_than_the_connection_ends_nothing(hubspot: HubSpot, portal: Portal) -> None:
    """Uninstalled, then installed again, and the journal read only now."""
    before = refreshes(hubspot)
    assert told(portal, portal.consented_at - timedelta(minutes=6)) is None
    assert hearsay.look_into(portal.pk) is None
    assert state(portal) == Portal.State.ACTIVE
    assert refreshes(hubspot) == before


def test_of_an_event_within_the_clocks_skew_hubspot_is_asked(hubspot: HubSpot, portal: Portal) -> None:
    assert told(portal, portal.consented_at - timedelta(minutes=4))
    again_at = hearsay.look_into(portal.pk)
    assert again_at is not None
    assert state(portal) == Portal.State.ACTIVE
    prove(portal)


def test_an_uninstall_that_takes_its_time_is_looked_into_again(
    hubspot: HubSpot, account: Account, portal: Portal
) -> None:
    """ "Can take up to 30 minutes to take effect": until then the tokens work."""
    at = timezone.now()
    told(portal, at)
    again_at = hearsay.look_into(portal.pk)
    assert again_at is not None
    assert timedelta(seconds=30) < again_at - at < timedelta(minutes=2)
    Portal.objects.update(uninstall_told_at=at - timedelta(minutes=25), consented_at=at - timedelta(days=1))
    again_at = hearsay.look_into(portal.pk)
    assert again_at is not None
    assert again_at - at < timedelta(minutes=11)
    hubspot.uninstall(account)
    assert hearsay.look_into(portal.pk) is None
    assert state(portal) == Portal.State.DISCONNECTED


def test_one_that_our_tokens_outlive_was_not_so(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    told(portal)
    Portal.objects.update(uninstall_told_at=timezone.now() - timedelta(minutes=41))
    assert hearsay.look_into(portal.pk) is None
    assert state(portal) == Portal.State.ACTIVE
    assert portal.uninstall_told_at is None
    assert "its tokens work" in caplog.text


def test_an_install_told_later_clears_the_doubt(portal: Portal) -> None:
    at = timezone.now()
    told(portal, at)
    hearsay.note_install(portal.hub_id, at - timedelta(seconds=1))
    portal.refresh_from_db()
    assert portal.uninstall_told_at is not None, "it was before"
    hearsay.note_install(portal.hub_id, at + timedelta(seconds=1))
    portal.refresh_from_db()
    assert portal.uninstall_told_at is None


def test_connecting_again_clears_the_doubt(client: Client, hubspot: HubSpot, account: Account, portal: Portal) -> None:
    hubspot.uninstall(account)
    told(portal)
    consented_at = portal.consented_at
    client.get(way_back(client, "/install", account))
    assert hearsay.look_into(portal.pk) is None
    assert state(portal) == Portal.State.ACTIVE
    assert portal.uninstall_told_at is None
    assert portal.consented_at > consented_at
    prove(portal)


def test_who_connects_while_it_is_looked_into_stays_connected(
    client: Client, hubspot: HubSpot, account: Account, portal: Portal
) -> None:
    """The refusal that comes back late is of the old tokens: it ends nothing."""
    hubspot.uninstall(account)
    told(portal)
    back = way_back(client, "/install", account)
    hubspot.fault("latency", {"path": TOKEN}, params={"ms": 2500}, count=1)

    def look() -> None:
        try:
            hearsay.look_into(portal.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        looking = thread.submit(look)
        wait_for(Credential.objects.filter(lease_until__isnull=False).exists, what="the look to begin")
        client.get(back)
        assert not looking.done()
        with pytest.raises(TokenBusy, match="renewed by somebody else"):
            looking.result(timeout=30)
    live = Portal.objects.live().get(hub_id=account.hub_id)
    assert live.state == Portal.State.ACTIVE
    prove(live)


def test_a_portal_that_leaves_by_itself_goes_its_own_way(client: Client, portal: Portal) -> None:
    client.post(f"/portals/{portal.hub_id}/disconnect/", {"confirm": str(portal.hub_id)})
    assert told(portal) is None
    assert state(portal) == Portal.State.DISCONNECTING


def test_a_portal_connected_by_its_own_private_app_is_not_concerned(portal: Portal) -> None:
    Portal.objects.update(connection=Portal.Connection.PRIVATE_APP)
    assert told(portal) is None
    portal.refresh_from_db()
    assert portal.uninstall_told_at is None


# When HubSpot cannot be asked


def test_while_hubspot_cannot_be_asked_nothing_is_destroyed(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    hubspot.uninstall(account)
    hubspot.fault("status", {"path": TOKEN}, params={"status": 503})
    told(portal)
    with pytest.raises(TryLater):
        hearsay.look_into(portal.pk)
    assert state(portal) == Portal.State.ACTIVE
    assert Credential.objects.exists()


def test_a_refusal_of_our_own_secret_confirms_nothing(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    """Somebody changed the app's secret at HubSpot."""
    hubspot.add_app(client_secret="another")
    told(portal)
    with pytest.raises(TryLater):
        hearsay.look_into(portal.pk)
    assert state(portal) == Portal.State.ACTIVE
    assert TokenEndpoint.objects.get().halted_until is not None
