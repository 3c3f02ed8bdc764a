"""Tokens when HubSpot, our process or the vault fails at the worst moment. HubSpot is the emulator, over the wire."""

from __future__ import annotations

import base64
import os
import signal
import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from hubspot_api.oauth import TokenGrant
from hubspot_api.secret import Secret
from installations.clients import client_for
from installations.credentials import endpoint, tokens, vault
from installations.errors import InstallationError, TokenBusy
from installations.models import Credential, DataKey, Mail, Portal
from installations.ratelimit import WorkClass
from tests import processes
from tests.hubspot import Account, HubSpot, trust_limiter
from tests.portals import grant, make_portal

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "/oauth/2026-03/token"


@transaction.atomic
def connected(hubspot: HubSpot, account: Account | None = None) -> Portal:
    """A portal whose tokens the emulator knows, and whose access token is over."""
    account = account or hubspot.add_account()
    answer = hubspot.tokens(account)
    portal = make_portal(account.hub_id, connected=False)
    access, refresh = answer["access_token"], answer["refresh_token"]
    tokens.store(portal, grant(account.hub_id, access=access, refresh=refresh), user_id=7)
    expire()
    return portal


def expire() -> None:
    now = timezone.now()
    Credential.objects.update(obtained_at=now - timedelta(minutes=31), expires_at=now - timedelta(minutes=1))


def pause_is_over() -> None:
    by = timedelta(minutes=6)
    Credential.objects.update(retry_at=F("retry_at") - by, refused_at=F("refused_at") - by, lease_until=None)


def use(portal: Portal) -> None:
    client_for(portal, WorkClass.EVENTS).tokens.current()


def uses(portal: Portal) -> bool:
    try:
        use(portal)
    except InstallationError:
        return False
    return True


def state_of(portal: Portal) -> str:
    return Portal.objects.values_list("state", flat=True).get(pk=portal.pk)


class TestCrash:
    """SIGKILL between HubSpot's answer and the save, where HubSpot replaces refresh tokens."""

    def crash(self, portal: Portal) -> None:
        trust_limiter()
        killed = processes.run("tests.installations.dying_renewer", portal.hub_id)
        assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
        assert Credential.objects.get(portal=portal).lease_until is not None
        pause_is_over()

    @pytest.mark.parametrize("grace_s", [30, 10**6])
    def test_within_hubspots_grace_the_token_we_have_still_works(self, hubspot: HubSpot, grace_s: int) -> None:
        hubspot.add_app(rotate_refresh_tokens=True, refresh_grace_s=grace_s)
        portal = connected(hubspot)
        self.crash(portal)
        use(portal)
        assert state_of(portal) == Portal.State.ACTIVE
        assert len(hubspot.requests(path=TOKEN)) == 2

    def test_without_grace_it_is_one_honest_reconnect_and_never_a_loop(self, hubspot: HubSpot) -> None:
        hubspot.add_app(rotate_refresh_tokens=True, refresh_grace_s=0)
        portal = connected(hubspot)
        Portal.objects.update(installed_by_email="installer@example.com")
        self.crash(portal)
        for _ in range(6):
            assert not uses(portal)
            pause_is_over()
        assert state_of(portal) == Portal.State.NEEDS_RECONNECT
        assert len(hubspot.requests(path=TOKEN)) == 1 + 2, "the one that crashed, and two refusals"
        assert Mail.objects.filter(kind="reconnect_needed").count() == 1

    def test_without_rotation_nothing_is_lost(self, hubspot: HubSpot) -> None:
        portal = connected(hubspot)
        self.crash(portal)
        use(portal)
        assert state_of(portal) == Portal.State.ACTIVE


class TestRefusals:
    def test_one_invalid_grant_for_everybody_disconnects_nobody(self, hubspot: HubSpot) -> None:
        trust_limiter()
        portals = [connected(hubspot) for _ in range(4)]
        refused = {"status": "BAD_REFRESH_TOKEN", "error": "invalid_grant", "message": "no"}
        hubspot.fault("status", {"path": TOKEN}, params={"status": 400, "body": refused}, count=4)
        assert [uses(portal) for portal in portals].count(True) == 0
        pause_is_over()
        assert all(uses(portal) for portal in portals)
        assert {state_of(portal) for portal in portals} == {Portal.State.ACTIVE}

    def test_a_wrong_secret_halts_all_touches_nobody_and_heals_by_itself(
        self, hubspot: HubSpot, caplog: pytest.LogCaptureFixture
    ) -> None:
        trust_limiter()
        portals = [connected(hubspot) for _ in range(50)]
        hubspot.add_app(client_secret="another-one")
        assert [uses(portal) for portal in portals].count(True) == 0
        assert len(hubspot.requests(path=TOKEN)) == 1, "after the first refusal nobody is asked"
        assert {state_of(portal) for portal in portals} == {Portal.State.ACTIVE}
        assert not Credential.objects.exclude(refused_at=None).exists()
        assert "stands still for all portals" in caplog.text
        halted = endpoint.state()
        assert halted is not None
        hubspot.add_app()
        pause_is_over()
        type(halted).objects.update(halted_until=timezone.now())
        assert all(uses(portal) for portal in portals)
        assert endpoint.state() is None


class TestVault:
    def test_one_flipped_bit_stops_one_portal_loudly(self, caplog: pytest.LogCaptureFixture) -> None:
        portals = [make_portal(connected=False) for _ in range(5)]
        victim = Credential.objects.get(portal=portals[2])
        raw = bytearray(base64.b64decode(victim.access_token[3:]))
        raw[20] ^= 1
        Credential.objects.filter(pk=victim.pk).update(access_token="v1." + base64.b64encode(raw).decode())
        worked = [_opens(portal) for portal in portals]
        assert worked == [True, True, False, True, True]
        victim.refresh_from_db()
        assert victim.latest_error.startswith("SealBroken")
        assert victim.failures == 1
        assert str(portals[2].hub_id) in caplog.text
        assert {state_of(portal) for portal in portals} == {Portal.State.ACTIVE}, "a key may come back: nobody leaves"

    def test_rotating_keys_under_load_fails_no_read_also_when_killed_half_way(
        self, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        portals = [make_portal(connected=False) for _ in range(60)]
        both = f"new:{base64.b64encode(os.urandom(32)).decode()},{settings.ENCRYPTION_KEYS}"
        settings.ENCRYPTION_KEYS = both
        with _Readers(portals) as failures:
            killed = processes.run("tests.hubapp.dying_rewrapper", 25, ENCRYPTION_KEYS=both)
            assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
            assert DataKey.objects.filter(wrapped_by="new").count() == 25
            call_command("rewrap_keys")
        assert failures == []
        assert "Wrapped 35 data keys" in capsys.readouterr().out
        settings.ENCRYPTION_KEYS = both.partition(",")[0]
        assert all(_opens(portal) for portal in portals)


def _opens(portal: Portal) -> bool:
    try:
        return tokens.fresh(portal.pk, _never).token.value.reveal() == "access-1"
    except TokenBusy:
        return False


def _never(_: Secret) -> TokenGrant:
    pytest.fail("HubSpot was asked")


class _Readers:
    """Threads that open tokens all the time, and note what failed."""

    def __init__(self, portals: list[Portal]) -> None:
        self._over = threading.Event()
        self._failures: list[str] = []
        self._reads = [0]
        self._threads = [threading.Thread(target=self._read, args=(portals[start::3],)) for start in range(3)]

    def __enter__(self) -> list[str]:
        for thread in self._threads:
            thread.start()
        return self._failures

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        assert self._reads[0] > 100

    def _read(self, portals: list[Portal]) -> None:
        try:
            while not self._over.is_set():
                for portal in portals:
                    credential = Credential.objects.get(portal=portal)
                    try:
                        vault.Vault(portal).open("refresh_token", credential.refresh_token)
                    except vault.VaultError as error:
                        self._failures.append(str(error))
                    self._reads[0] += 1
        finally:
            connection.close()
