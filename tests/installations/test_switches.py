"""The kill switch: for everybody and for one account, in processes that call as fast as they can."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from hubspot_api.client import Client as HubSpotClient
from hubspot_api.ports import Bucket, OpenGate, Permit
from installations import outbox
from installations.calls import switches
from installations.calls.switches import CallsStopped
from installations.clients import client_for, developer_client, exchanger, oauth, refresher
from installations.models import AuditEntry, Credential, Mail, Portal, Stop
from installations.ratelimit import WorkClass
from lanes.models import Lane
from tests import processes
from tests.consent import way_back
from tests.hubspot import HubSpot, trust_limiter
from tests.portals import make_portal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within one process nothing has to be waited for."""
    monkeypatch.setattr(switches, "HONOURED_WITHIN_S", 0.0)


def installed(client: Client, hubspot: HubSpot) -> Portal:
    trust_limiter()
    account = hubspot.add_account(contacts=3)
    client.get(way_back(client, "/install", account))
    return Portal.objects.get(hub_id=account.hub_id)


@pytest.fixture
def portal(client: Client, hubspot: HubSpot) -> Portal:
    return installed(client, hubspot)


def read(portal: Portal) -> None:
    client_for(portal, WorkClass.EVENTS).request(
        "GET", "/crm/objects/{version}/{object_type}", path_params={"object_type": "contacts"}
    )


def latest(hubspot: HubSpot) -> int:
    return max((asked["seq"] for asked in hubspot.requests()), default=0)


def test_a_stop_for_everybody_lets_nothing_through(portal: Portal, hubspot: HubSpot) -> None:
    read(portal)
    before = latest(hubspot)
    assert switches.stop("alice", "a drill")
    with pytest.raises(CallsStopped, match="all portals"):
        read(portal)
    for server in (oauth(), exchanger(), refresher()):
        with pytest.raises(CallsStopped):
            server.introspect(client_for(portal, WorkClass.EVENTS).tokens.current().value)
    with pytest.raises(CallsStopped):
        developer_client().request("GET", "/webhooks/{version}/settings")
    assert latest(hubspot) == before
    assert switches.resume("alice")
    read(portal)


def test_a_stop_for_one_account_leaves_the_others_alone(client: Client, hubspot: HubSpot, portal: Portal) -> None:
    other = installed(client, hubspot)
    switches.stop("alice", "stolen", portal.hub_id)
    with pytest.raises(CallsStopped, match=str(portal.hub_id)):
        read(portal)
    read(other)
    entries = AuditEntry.objects.filter(actor="alice").values_list("portal_id", "action", "detail")
    assert list(entries) == [(portal.pk, "stopped calls to HubSpot", "stolen")]


def test_an_expired_token_of_a_stopped_account_is_not_renewed(portal: Portal, hubspot: HubSpot) -> None:
    now = timezone.now()
    Credential.objects.update(obtained_at=now - timedelta(hours=1), expires_at=now - timedelta(minutes=1))
    switches.stop("alice", "stolen", portal.hub_id)
    before = latest(hubspot)
    with pytest.raises(CallsStopped):
        read(portal)
    assert latest(hubspot) == before
    credential = Credential.objects.get()
    assert (credential.lease_until, credential.failures, credential.refused_at) == (None, 0, None)
    switches.resume("alice", portal.hub_id)
    Credential.objects.update(retry_at=None)
    read(portal)


def test_a_call_that_waited_for_the_limiter_looks_again(portal: Portal, hubspot: HubSpot) -> None:
    class Slow(OpenGate):
        def admit(self, bucket: Bucket, longest: float) -> Permit:
            switches.stop("alice", "meanwhile")
            return super().admit(bucket, longest)

    with pytest.raises(CallsStopped):
        switches.GuardedGate(Slow(), portal.hub_id).admit(Bucket.BURST, 1.0)


def test_repeated_attempts_of_a_call_stop_too(portal: Portal, hubspot: HubSpot) -> None:
    """The first answer is a 500, so the call would be made again: by then it is stopped."""
    client = client_for(portal, WorkClass.EVENTS)
    client.tokens.current()
    hubspot.fault("status", {"path": "/crm/objects"}, params={"status": 500}, count=1)
    with stopped_after_the_first_attempt(client), pytest.raises(CallsStopped):
        client.request("GET", "/crm/objects/{version}/{object_type}", path_params={"object_type": "contacts"})
    assert len(hubspot.requests(portal.hub_id, "/crm/objects")) == 1


@contextmanager
def stopped_after_the_first_attempt(client: HubSpotClient) -> Iterator[None]:
    def sleep(_: float) -> None:
        switches.stop("alice", "meanwhile")

    client.surroundings = replace(client.surroundings, sleep=sleep)
    yield


def test_one_stop_at_a_time_and_each_kind_for_itself(portal: Portal) -> None:
    assert switches.stop("alice", "one")
    assert not switches.stop("bob", "two")
    assert switches.stop("bob", "three", portal.hub_id)
    assert not switches.stop("bob", "four", portal.hub_id)
    assert switches.resume("bob")
    assert not switches.resume("bob")
    with pytest.raises(CallsStopped):
        read(portal)
    assert switches.resume("bob", portal.hub_id)
    read(portal)
    kept = Stop.objects.order_by("begun_at").values_list("hub_id", "begun_by", "ended_by")
    assert list(kept) == [(None, "alice", "bob"), (portal.hub_id, "bob", "bob")]


def test_work_that_was_stopped_goes_on_at_once_when_calls_may(portal: Portal) -> None:
    later = timezone.now() + timedelta(minutes=2)
    Lane.objects.update(not_before=later, due_at=later)
    other = make_portal()
    Lane.objects.filter(portal=other).update(not_before=later, due_at=later)
    switches.stop("alice", "one", portal.hub_id)
    switches.resume("alice", portal.hub_id)
    assert not Lane.objects.filter(portal=portal, due_at__gt=timezone.now()).exists()
    assert not Lane.objects.filter(portal=other, due_at__lt=later).exists()
    switches.stop("alice", "all")
    switches.resume("alice")
    assert not Lane.objects.filter(due_at__gt=timezone.now()).exists()


def test_nobody_is_asked_to_reconnect_while_nobody_can(portal: Portal) -> None:
    switches.stop("alice", "all")
    portal.move_to(Portal.State.NEEDS_RECONNECT, "Gone.")
    outbox.post(portal, "reconnect_needed", ["a@example.com"], portal.state_changed_at.isoformat())
    assert outbox.send_due(for_s=60) == 0
    assert Mail.objects.get().state == Mail.State.WAITING
    switches.resume("alice")
    Mail.objects.update(due_at=timezone.now())
    assert outbox.send_due(for_s=60) == 1


def test_whoever_installs_meanwhile_is_told(client: Client, hubspot: HubSpot) -> None:
    trust_limiter()
    way = way_back(client, "/install", hubspot.add_account())
    switches.stop("alice", "all")
    answer = client.get(way)
    assert answer.status_code == 503
    assert "switched off" in answer.content.decode()
    assert not Portal.objects.exists()


def test_the_command_line_has_the_switch_too(portal: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="--reason"):
        call_command("stop_calls")
    call_command("stop_calls", "--portal", str(portal.hub_id), "--reason", "stolen")
    assert f"account {portal.hub_id} are stopped" in capsys.readouterr().out
    with pytest.raises(CallsStopped):
        read(portal)
    with pytest.raises(CommandError, match="already"):
        call_command("stop_calls", "--portal", str(portal.hub_id), "--reason", "stolen")
    with pytest.raises(CommandError, match="all portals were not"):
        call_command("stop_calls", "--resume")
    call_command("stop_calls", "--portal", str(portal.hub_id), "--resume")
    read(portal)


def test_the_command_line_of_a_container_has_it_whose_user_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    call_command("stop_calls", "--reason", "stolen")
    assert Stop.objects.get().begun_by == "user 4000000 at the command line"


def test_processes_that_call_without_a_pause_stop_all(client: Client, hubspot: HubSpot) -> None:
    """Once all have been told, the ledger stays as it is; then they go on."""
    accounts = [installed(client, hubspot).hub_id for _ in range(2)]
    with _callers(accounts, 2) as callers:
        _say(callers, "calling")
        switches.stop("alice", "a drill")
        _say(callers, "stopped")
        seen = latest(hubspot)
        _try_for_a_while(hubspot, seen)
        assert latest(hubspot) == seen
        switches.resume("alice")
        _say(callers, "again")
    assert latest(hubspot) > seen


def _try_for_a_while(hubspot: HubSpot, seen: int) -> None:
    """The callers call on all the time: some hundred tries in all, none of which may arrive."""
    for _ in range(100):
        assert latest(hubspot) == seen


@contextmanager
def _callers(hub_ids: list[int], count: int) -> Iterator[list[subprocess.Popen[str]]]:
    module = "tests.installations.stopping_callers"
    running = [processes.start(module, *hub_ids) for _ in range(count)]
    try:
        yield running
        for process in running:
            process.communicate("\n", timeout=60)
            assert process.returncode == 0
    finally:
        for process in running:
            process.kill()
            process.wait()


def _say(callers: list[subprocess.Popen[str]], word: str) -> None:
    for caller in callers:
        assert caller.stdout is not None
        assert caller.stdout.readline() == f"{word}\n"
