"""How tokens are doing, the halt of refreshing, and the kill switch, in the staff console."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from installations.calls import switches
from installations.credentials import endpoint
from installations.credentials.token_health import Health
from installations.models import AuditEntry, Credential, Portal, Stop
from lanes.models import Lane
from tests.portals import make_portal

from .test_actions import act

pytestmark = pytest.mark.django_db
CREDENTIALS, PORTALS, STOPS = (f"/admin/installations/{name}/" for name in ("credential", "portal", "stop"))


def with_credential(**values: Any) -> Portal:
    portal = make_portal()
    Credential.objects.filter(portal=portal).update(**values)
    return portal


def listed(console: Client, **query: str) -> set[int]:
    answer: Any = console.get(CREDENTIALS, query)
    assert answer.status_code == 200
    return {row.portal_id for row in answer.context["cl"].result_list}


def do(console: Client, address: str, name: str, *, confirmed: bool = True, **more: str) -> Any:
    return console.post(f"{address}do/{name}/", more | ({"confirmed": "yes"} if confirmed else {}), follow=True)


def audit(action: str) -> list[tuple[int | None, str, str]]:
    return list(AuditEntry.objects.filter(action=action).values_list("portal_id", "actor", "detail"))


@pytest.fixture
def all_kinds(db: None) -> dict[str, int]:
    """A portal in each state of health, by its name."""
    now, later, ago = timezone.now(), timezone.now() + timedelta(hours=1), timezone.now() - timedelta(hours=1)
    found = {
        Health.REFUSED: with_credential(refused_at=now, failures=1),
        Health.EXPIRED: with_credential(failures=2, expires_at=ago, retry_at=later, latest_error="ServerFailed: 502"),
        Health.FAILING: with_credential(failures=2),
        Health.RENEWING: with_credential(lease_until=later),
        Health.ASLEEP: with_credential(expires_at=ago),
        Health.WELL: with_credential(lease_until=ago),
        Health.RECONNECT: with_credential(failures=3),
        Health.STOPPED: with_credential(),
    }
    found[Health.RECONNECT].move_to(Portal.State.NEEDS_RECONNECT, "Gone.")
    switches.stop("bob", "stolen", found[Health.STOPPED].hub_id)
    return {health.value: portal.pk for health, portal in found.items()}


@pytest.mark.parametrize("health", Health.values)
def test_tokens_are_filtered_by_how_they_do(console: Client, all_kinds: dict[str, int], health: str) -> None:
    assert listed(console, health=health) == {all_kinds[health]}


def test_all_that_need_somebody_are_found_at_once(console: Client, all_kinds: dict[str, int]) -> None:
    unhealthy = {all_kinds[health] for health in ("refused", "expired", "failing", "reconnect", "stopped")}
    assert listed(console, health="unhealthy") == unhealthy
    assert listed(console, health="nonsense") == listed(console) == set(all_kinds.values())


def test_the_list_says_when_it_expires_what_went_wrong_and_when_it_is_tried_again(
    console: Client, all_kinds: dict[str, int]
) -> None:
    page = console.get(CREDENTIALS, {"health": "expired"}).content.decode()
    for words in ("60 min ago", "ServerFailed: 502", "in 60 min", "expired, not renewed"):
        assert words in page


class TestHalt:
    def test_it_is_said_with_its_reason_and_can_be_ended(self, console: Client) -> None:
        refused = with_credential(
            failures=1, latest_error="ClientInvalid: no", retry_at=timezone.now() + timedelta(minutes=5)
        )
        other = with_credential(
            failures=1, latest_error="ServerFailed: 502", retry_at=timezone.now() + timedelta(minutes=5)
        )
        later = timezone.now() + timedelta(minutes=5)
        Lane.objects.update(due_at=later, not_before=later)
        endpoint.halt("HubSpot does not accept our client id or secret.")
        page = console.get(CREDENTIALS).content.decode()
        assert "stands still" in page
        assert "does not accept our client id" in page
        assert "Try again now" in page
        do(console, CREDENTIALS, "try_again")
        assert endpoint.halted_until() is None
        assert Credential.objects.get(portal=refused).retry_at is None
        assert Credential.objects.get(portal=other).retry_at is not None
        assert not Lane.objects.filter(due_at__gt=timezone.now()).exists()
        assert audit("ended the halt of refreshing") == [(None, "staff alice", "")]

    def test_without_one_there_is_no_button(self, console: Client) -> None:
        assert "stands still" not in console.get(CREDENTIALS).content.decode()
        assert do(console, CREDENTIALS, "try_again").status_code == 404

    def test_chosen_portals_are_tried_at_once(self, console: Client) -> None:
        later = timezone.now() + timedelta(minutes=10)
        portal, other = with_credential(retry_at=later, failures=4), with_credential(retry_at=later, failures=4)
        Lane.objects.update(due_at=later, not_before=later)
        act(console, CREDENTIALS, "try_now", Credential.objects.get(portal=portal).pk)
        assert Credential.objects.get(portal=portal).retry_at is None
        assert Credential.objects.get(portal=other).retry_at == later
        assert not Lane.objects.filter(portal=portal, due_at__gt=timezone.now()).exists()
        assert not Lane.objects.filter(portal=other, due_at__lt=later).exists()
        assert audit("had the token renewed again") == [(portal.pk, "staff alice", "")]


class TestSwitchForAll:
    def test_it_asks_first_and_wants_a_reason(self, console: Client) -> None:
        page = do(console, STOPS, "stop", confirmed=False).content.decode()
        assert "Stop all calls to HubSpot?" in page
        assert 'name="reason"' in page
        assert not switches.is_everything_stopped()

    def test_confirmed_everything_stops_and_everybody_of_staff_sees_it(self, console: Client) -> None:
        do(console, STOPS, "stop", reason="stolen laptop")
        assert switches.is_everything_stopped()
        for address in ("/admin/", STOPS):
            assert "stolen laptop (staff alice)" in console.get(address).content.decode()
        assert audit("stopped calls to HubSpot") == [(None, "staff alice", "stolen laptop")]
        assert "hubapp_calls_stopped 1.0" in console.get("/metrics").content.decode()

    def test_it_can_be_undone_there(self, console: Client) -> None:
        switches.stop("bob", "a drill")
        assert do(console, STOPS, "stop").status_code == 404
        assert "go on?" in do(console, STOPS, "resume", confirmed=False).content.decode()
        do(console, STOPS, "resume")
        assert not switches.is_everything_stopped()
        assert audit("let calls to HubSpot go on") == [(None, "staff alice", "")]

    def test_a_link_does_not_throw_it(self, console: Client) -> None:
        assert console.get(f"{STOPS}do/stop/?confirmed=yes").status_code == 405
        assert not Stop.objects.exists()

    @pytest.mark.parametrize("address", [STOPS + "do/stop/", CREDENTIALS + "do/try_again/"])
    def test_strangers_are_sent_to_sign_in(self, client: Client, address: str) -> None:
        answer = client.post(address, {"confirmed": "yes"})
        assert answer.status_code == 302
        assert "/staff/login/" in answer["Location"] or answer["Location"].startswith("/admin/login/")
        assert not Stop.objects.exists()


class TestSwitchForOne:
    def test_chosen_portals_stop_once_confirmed_and_go_on(self, console: Client) -> None:
        portal, other = make_portal(), make_portal()
        page = act(console, PORTALS, "stop_calls", portal.pk, confirmed=False).content.decode()
        assert 'name="reason"' in page
        console.post(
            PORTALS,
            {"action": "stop_calls", "_selected_action": str(portal.pk), "confirmed": "yes", "reason": "stolen"},
        )
        with pytest.raises(switches.CallsStopped):
            switches.require_go(portal.hub_id)
        switches.require_go(other.hub_id)
        assert "stopped" in console.get(PORTALS).content.decode()
        assert audit("stopped calls to HubSpot") == [(portal.pk, "staff alice", "stolen")]
        act(console, PORTALS, "let_calls_go_on", portal.pk, other.pk)
        switches.require_go(portal.hub_id)
        assert audit("let calls to HubSpot go on") == [(portal.pk, "staff alice", "")]

    def test_a_stop_for_everybody_outlives_it(self, console: Client) -> None:
        portal = make_portal()
        switches.stop("bob", "all")
        switches.stop("bob", "one", portal.hub_id)
        answer = act(console, PORTALS, "let_calls_go_on", portal.pk)
        assert b"Calls are stopped for everybody" in answer.content
        with pytest.raises(switches.CallsStopped):
            switches.require_go(portal.hub_id)
