"""The drill: all calls stop, all refresh tokens are revoked at HubSpot, and people connect their portals again."""

from __future__ import annotations

import signal
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from hubspot_api.secret import Secret
from installations.calls import switches
from installations.clients import client_for, oauth
from installations.credentials import revoking, tokens
from installations.credentials.revoking import Outcome
from installations.errors import ReconnectRequired
from installations.leaving import disconnecting
from installations.management.commands import revoke_all_portals
from installations.models import AuditEntry, Credential, Portal
from installations.ratelimit import WorkClass
from lanes.models import Lane
from tests import processes
from tests.consent import way_back
from tests.hubspot import Account, HubSpot, trust_limiter

pytestmark = pytest.mark.django_db(transaction=True)
REVOKE = "/oauth/2026-03/token/revoke"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within one process nothing has to be waited for, and HubSpot's troubles are over at once."""
    monkeypatch.setattr(switches, "HONOURED_WITHIN_S", 0.0)
    monkeypatch.setattr(revoke_all_portals, "_PAUSE_S", 0.0)


@pytest.fixture
def portals(client: Client, hubspot: HubSpot) -> list[Portal]:
    trust_limiter()
    for _ in range(3):
        client.get(way_back(client, "/install", hubspot.add_account(contacts=1)))
    return list(Portal.objects.order_by("pk"))


def drill(words: str = "revoke 3 portals") -> None:
    call_command("revoke_all_portals", "--confirm", words)


def test_without_the_words_nothing_happens(portals: list[Portal], hubspot: HubSpot) -> None:
    with pytest.raises(CommandError, match='"revoke 3 portals"'):
        drill("yes")
    assert not switches.is_everything_stopped()
    assert not hubspot.requests(path=REVOKE)


def test_it_revokes_every_refresh_token_and_keeps_calls_stopped(
    portals: list[Portal], hubspot: HubSpot, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = {portal.pk: tokens.stored_refresh_tokens(portal) for portal in portals}
    drill()
    assert "3 revoked" in capsys.readouterr().out
    assert switches.is_everything_stopped()
    call_command("revoke_all_portals", "--resume")
    assert not switches.is_everything_stopped()
    for portal in portals:
        (token,) = stored[portal.pk]
        assert oauth().introspect(token, "refresh_token") is None
        portal.refresh_from_db()
        assert (portal.state, "precaution" in portal.state_reason) == (Portal.State.NEEDS_RECONNECT, True)
        with pytest.raises(ReconnectRequired):
            client_for(portal, WorkClass.EVENTS).request("GET", "/account-info/{version}/details")
    assert set(Credential.objects.values_list("access_token", "refresh_token")) == {("", "")}
    assert not Lane.objects.filter(parked=False).exclude(work_class=WorkClass.URGENT).exists()
    assert AuditEntry.objects.filter(action="revoked our access").count() == 3


def test_people_connect_their_portal_again(portals: list[Portal], hubspot: HubSpot, client: Client) -> None:
    drill()
    call_command("revoke_all_portals", "--resume")
    hub_id = portals[0].hub_id
    (account,) = [one for one in hubspot.call("GET", "/_emulator/state")["portals"] if one["hub_id"] == hub_id]
    assert account["installs"]
    client.get(way_back(client, "/install", Account(hub_id, hub_id * 10 + 1, hub_id * 10 + 2)))
    portals[0].refresh_from_db()
    assert portals[0].state == Portal.State.ACTIVE
    assert Credential.objects.get(portal=portals[0]).revoked_at is None
    client_for(portals[0], WorkClass.EVENTS).request("GET", "/account-info/{version}/details")


def test_one_that_hubspot_does_not_confirm_is_left_for_the_next_run(portals: list[Portal], hubspot: HubSpot) -> None:
    hubspot.fault("status", {"path": REVOKE, "hub_id": portals[1].hub_id}, params={"status": 503})
    hubspot.fault("status", {"path": REVOKE}, params={"status": 503}, count=100)
    with pytest.raises(CommandError, match="3 portals are not revoked"):
        drill()
    assert set(Portal.objects.values_list("state", flat=True)) == {Portal.State.ACTIVE}
    assert switches.is_everything_stopped()
    hubspot.call("DELETE", "/_emulator/faults")
    drill()
    assert set(Portal.objects.values_list("state", flat=True)) == {Portal.State.NEEDS_RECONNECT}


def test_a_run_that_is_killed_goes_on_where_it_stopped(portals: list[Portal], hubspot: HubSpot) -> None:
    """Killed between HubSpot's second answer and the mark: the second is revoked once more, the first is not."""
    killed = processes.run("tests.installations.dying_revoker", "revoke 3 portals")
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    assert switches.is_everything_stopped()
    assert revoking.left().count() == 2
    Credential.objects.update(lease_until=timezone.now())
    drill("revoke 2 portals")
    assert revoking.left().count() == 0
    assert len(hubspot.requests(path=REVOKE)) == 4
    assert AuditEntry.objects.filter(action="revoked our access").count() == 3


def test_a_renewal_under_way_ends_first(portals: list[Portal]) -> None:
    """Else it would store a new refresh token that nobody revokes."""
    credential = Credential.objects.get(portal=portals[0])
    Credential.objects.filter(pk=credential.pk).update(lease_until=timezone.now() + timedelta(seconds=20))
    assert revoking.revoke(credential.pk, "alice") == Outcome.BUSY
    Credential.objects.filter(pk=credential.pk).update(lease_until=None)
    assert revoking.revoke(credential.pk, "alice") == Outcome.REVOKED
    assert revoking.revoke(credential.pk, "alice") == Outcome.REVOKED


def test_tokens_that_do_not_open_cannot_be_named_to_hubspot(portals: list[Portal], hubspot: HubSpot) -> None:
    credential = Credential.objects.get(portal=portals[0])
    Credential.objects.filter(pk=credential.pk).update(refresh_token="v1.AAAA")
    assert revoking.revoke(credential.pk, "alice") == Outcome.UNOPENED
    assert not hubspot.requests(path=REVOKE)
    portals[0].refresh_from_db()
    assert portals[0].state == Portal.State.NEEDS_RECONNECT


def test_a_private_apps_token_is_deleted_and_its_people_have_to_rotate_it(
    portals: list[Portal], hubspot: HubSpot
) -> None:
    Portal.objects.filter(pk=portals[0].pk).update(connection=Portal.Connection.PRIVATE_APP)
    with transaction.atomic():
        tokens.store_lasting(portals[0], Secret("pat-na1-1"), ["oauth"], user_id=7)
    assert revoking.revoke(Credential.objects.get(portal=portals[0]).pk, "alice") == Outcome.FORGOTTEN
    assert not hubspot.requests(path=REVOKE)
    portals[0].refresh_from_db()
    assert (portals[0].state, "Rotate it" in portals[0].state_reason) == (Portal.State.NEEDS_RECONNECT, True)
    assert Credential.objects.get(portal=portals[0]).access_token == ""


def test_a_portal_that_is_leaving_has_left(portals: list[Portal]) -> None:
    disconnecting.begin(portals[0], "somebody")
    drill()
    portals[0].refresh_from_db()
    assert portals[0].state == Portal.State.DISCONNECTED
    assert not Credential.objects.filter(portal=portals[0]).exists()


def test_resuming_what_was_not_stopped_is_said(db: None) -> None:
    with pytest.raises(CommandError, match="not stopped"):
        call_command("revoke_all_portals", "--resume")
