"""The few things that staff may do: each calls the domain's verb, and is written down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from installations.models import AuditEntry, Credential, Mail, Membership, Portal
from lanes.models import Lane
from tests.events import failed, stored
from tests.portals import make_member, make_portal
from webhooks.models import EVENTS, Failure

pytestmark = pytest.mark.django_db
LANES, DEAD, PORTALS = "/admin/lanes/lane/", "/admin/webhooks/failure/", "/admin/installations/portal/"


def act(console: Client, address: str, action: str, *rows: int | UUID, confirmed: bool = True) -> Any:
    data = {"action": action, "_selected_action": [str(row) for row in rows], "index": "0"}
    answer = console.post(address, data | ({"confirmed": "yes"} if confirmed else {}), follow=True)
    assert answer.status_code == 200
    return answer


def audit(action: str) -> list[tuple[int, str, str]]:
    entries = AuditEntry.objects.filter(action=action).order_by("pk")
    return list(entries.values_list("portal_id", "actor", "detail"))


class TestReplay:
    def test_it_is_asked_first(self, console: Client) -> None:
        failure = failed(stored(make_portal()), dead=True)
        answer = act(console, DEAD, "replay", failure.pk, confirmed=False)
        assert b"Replay these dead letters?" in answer.content
        assert Failure.objects.get().died_at is not None
        assert audit("replayed dead letters") == []

    def test_confirmed_the_chosen_ones_get_all_their_attempts_again(self, console: Client) -> None:
        portal, other = make_portal(), make_portal()
        chosen = [failed(stored(one), dead=True) for one in (portal, portal, other)]
        left = failed(stored(other), dead=True)
        Lane.objects.update(due_at=None)
        answer = act(console, DEAD, "replay", *(failure.pk for failure in chosen))
        assert b"3 dead letters replayed." in answer.content
        assert list(Failure.objects.exclude(died_at=None)) == [left]
        replayed = Failure.objects.filter(died_at=None)
        assert {failure.attempts for failure in replayed} == {0}
        assert all(failure.retry_at is not None for failure in replayed)
        assert not Lane.objects.filter(kind=EVENTS, due_at=None).exists()
        assert audit("replayed dead letters") == [
            (portal.pk, "staff alice", "2 events"),
            (other.pk, "staff alice", "1 event"),
        ]

    def test_what_is_retried_already_is_not_replayed(self, console: Client) -> None:
        failure = failed(stored(make_portal()))
        act(console, DEAD, "replay", failure.pk)
        assert Failure.objects.get().attempts == 1

    def test_a_dead_letter_can_be_replayed_from_its_own_page(self, console: Client) -> None:
        failure = failed(stored(make_portal()), dead=True)
        page = console.get(f"{DEAD}{failure.pk}/change/").content.decode()
        assert f'action="{DEAD}"' in page
        assert f'name="_selected_action" value="{failure.pk}"' in page


class TestRunNow:
    def test_a_lane_that_a_failure_held_back_is_due(self, console: Client) -> None:
        portal = make_portal()
        later = timezone.now() + timedelta(minutes=5)
        Lane.objects.filter(portal=portal).update(due_at=later, not_before=later, failures=4)
        lane = Lane.objects.get(portal=portal, kind="backfill", part="0-1")
        answer = act(console, LANES, "run_now", lane.pk)
        assert b"1 lanes are due now." in answer.content
        lane.refresh_from_db()
        assert lane.due_at is not None
        assert lane.due_at <= timezone.now()
        assert (lane.not_before, lane.failures) == (None, 0)
        assert Lane.objects.get(portal=portal, kind="backfill", part="0-2").failures == 4
        assert audit("hurried a lane") == [(portal.pk, "staff alice", "backfill:0-1")]

    def test_a_parked_lane_is_said_to_wait(self, console: Client) -> None:
        portal = make_portal()
        Lane.objects.filter(portal=portal, kind="events").update(parked=True)
        lane = Lane.objects.get(portal=portal, kind="events")
        answer = act(console, LANES, "run_now", lane.pk)
        assert b"1 are parked" in answer.content
        lane.refresh_from_db()
        assert lane.parked


class TestDisconnect:
    def test_it_is_asked_first(self, console: Client) -> None:
        portal = make_portal()
        answer = act(console, PORTALS, "disconnect", portal.pk, confirmed=False)
        assert b"Disconnect these portals?" in answer.content
        portal.refresh_from_db()
        assert portal.state == Portal.State.ACTIVE

    def test_confirmed_the_portal_leaves_as_if_its_own_admin_had_asked(self, console: Client) -> None:
        portal, other = make_portal(), make_portal()
        make_member(portal, 7, Membership.Role.OWNER)
        answer = act(console, PORTALS, "disconnect", portal.pk)
        assert b"1 portal" in answer.content
        portal.refresh_from_db()
        other.refresh_from_db()
        assert (portal.state, other.state) == (Portal.State.DISCONNECTING, Portal.State.ACTIVE)
        assert not portal.memberships.exists()
        assert audit("disconnected") == [(portal.pk, "staff alice", "")]

    def test_a_portal_that_has_left_is_left_alone(self, console: Client) -> None:
        portal = make_portal()
        portal.move_to(Portal.State.DISCONNECTED)
        answer = act(console, PORTALS, "disconnect", portal.pk)
        assert b"0 portals" in answer.content
        assert audit("disconnected") == []


def test_actions_take_a_form_of_ours(alice: Any) -> None:
    from .staff import sign_in

    console = Client(enforce_csrf_checks=True)
    sign_in(console, alice)
    portal = make_portal()
    data = {"action": "disconnect", "_selected_action": str(portal.pk), "confirmed": "yes"}
    assert console.post(PORTALS, data).status_code == 403
    portal.refresh_from_db()
    assert portal.state == Portal.State.ACTIVE


def test_an_action_cannot_be_made_to_happen_by_a_link(console: Client) -> None:
    portal = make_portal()
    console.get(f"{PORTALS}?action=disconnect&_selected_action={portal.pk}&confirmed=yes", follow=True)
    portal.refresh_from_db()
    assert portal.state == Portal.State.ACTIVE
    assert Credential.objects.filter(portal=portal).exists()


class TestMakeOwner:
    MEMBERS = "/admin/installations/membership/"

    def ask(
        self, console: Client, *members: Membership, reason: str | None = "Ticket 12", confirmed: str = "yes"
    ) -> str:
        data = {"action": "make_owner", "_selected_action": [str(one.pk) for one in members], "confirmed": confirmed}
        answer = console.post(self.MEMBERS, data | ({"reason": reason} if reason else {}), follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    def test_it_is_asked_first_and_takes_a_reason(self, console: Client) -> None:
        member = make_member(make_portal(), 8, Membership.Role.VIEWER)
        for reason, confirmed in (("Ticket 12", ""), (None, "yes"), ("  ", "yes")):
            page = self.ask(console, member, reason=reason, confirmed=confirmed)
            assert "Make this person the owner of the portal?" in page
            assert 'name="reason"' in page
        member.refresh_from_db()
        assert member.role == Membership.Role.VIEWER

    def test_the_reason_is_written_down_for_the_portal(self, console: Client) -> None:
        portal = make_portal()
        before = make_member(portal, 7, Membership.Role.OWNER)
        member = make_member(portal, 8, Membership.Role.VIEWER)
        assert "owns Portal" in self.ask(console, member)
        roles = dict(portal.memberships.values_list("user_id", "role"))
        assert roles == {7: Membership.Role.ADMIN, 8: Membership.Role.OWNER}
        assert audit("assigned the ownership") == [(portal.pk, "staff alice", f"to {member.name}: Ticket 12")]
        assert audit("became an admin") == [(portal.pk, before.name, f"Owner before {member.name}")]

    def test_one_person_at_a_time(self, console: Client) -> None:
        portal = make_portal()
        members = [make_member(portal, user_id, Membership.Role.VIEWER) for user_id in (8, 9)]
        assert "Choose one person" in self.ask(console, *members)
        assert not portal.memberships.filter(role=Membership.Role.OWNER).exists()


@pytest.mark.parametrize(
    ("state", "said", "after"),
    [
        (Mail.State.GIVEN_UP, "Sent again within a minute: 1.", Mail.State.WAITING),
        (Mail.State.SENT, "None of them was given up", Mail.State.SENT),
    ],
)
def test_only_what_was_given_up_is_sent_again(
    console: Client, portal: Portal, state: Mail.State, said: str, after: Mail.State
) -> None:
    mail = Mail.objects.create(portal=portal, kind="reconnect", to="a@example.com", due_at=timezone.now(), state=state)
    answer = act(console, "/admin/installations/mail/", "send_again", mail.pk)
    assert said in answer.content.decode()
    mail.refresh_from_db()
    assert mail.state == after
