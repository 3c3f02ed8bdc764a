"""There is one owner, whatever happens: handing on, claiming from one who is gone, staff, and two tabs at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import psycopg
import pytest
from django.conf import settings
from django.core import mail
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client

from installations import outbox
from installations.leaving import disconnecting
from installations.models import AuditEntry, Membership, OwnershipClaim, Portal
from installations.people import members, ownership, visitors
from installations.people.members import NotAllowed
from tests.clock import Clock
from tests.hubspot import wait_for
from tests.portals import make_member, make_portal, sign_in_as

Role = Membership.Role
T = TypeVar("T")
OWNER, ADMIN, VIEWER, SECOND_ADMIN, WAITING = 1, 2, 3, 4, 5


@pytest.fixture
def portal(db: None) -> Portal:
    return peopled()


def peopled() -> Portal:
    found = make_portal(connected=False)
    roles = {OWNER: Role.OWNER, ADMIN: Role.ADMIN, SECOND_ADMIN: Role.ADMIN, VIEWER: Role.VIEWER, WAITING: Role.WAITING}
    for user_id, role in roles.items():
        make_member(found, user_id, role)
    return found


def who(portal: Portal, user_id: int) -> Membership:
    return portal.memberships.select_related("portal").get(user_id=user_id)


def owner_id(portal: Portal) -> int:
    return portal.memberships.get(role=Role.OWNER).user_id


def actions(portal: Portal) -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.filter(portal=portal).order_by("pk").values_list("actor", "action", "detail"))


def months_pass(portal: Portal, clock: Clock, *present: int) -> None:
    """The owner stays away for more than a month; HubSpot has confirmed these people lately."""
    clock.advance(days=30, minutes=1)
    portal.memberships.filter(user_id__in=present).update(proven_at=clock.now())


def comes_back(portal: Portal, user_id: int) -> None:
    """What signing in does once HubSpot has confirmed the user."""
    with transaction.atomic():
        members.lock(portal.pk)
        member, _ = visitors.prove(portal, user_id, f"user{user_id}@example.com", first_role=Role.WAITING)
        ownership.confirmed(member)


def opened(portal: Portal, user_id: int, where: str) -> str:
    client = Client()
    sign_in_as(client, user_id)
    answer = client.get(f"/portals/{portal.hub_id}/{where}", follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def posted(portal: Portal, user_id: int, where: str, **fields: object) -> str:
    client = Client()
    sign_in_as(client, user_id)
    answer = client.post(f"/portals/{portal.hub_id}/{where}", fields, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


class TestTransfer:
    @pytest.mark.parametrize("heir", [ADMIN, VIEWER])
    def test_the_page_says_what_changes_and_the_form_does_it(self, portal: Portal, heir: int) -> None:
        pk = who(portal, heir).pk
        assert "You become an admin" in opened(portal, OWNER, f"ownership/?to={pk}")
        assert owner_id(portal) == OWNER, "looking changes nothing"
        assert "The ownership is transferred." in posted(portal, OWNER, "ownership/", to=pk)
        assert owner_id(portal) == heir
        assert who(portal, OWNER).role == Role.ADMIN
        assert actions(portal) == [
            ("user1@example.com", "transferred the ownership", f"to user{heir}@example.com"),
            ("user1@example.com", "became an admin", f"Owner before user{heir}@example.com"),
        ]

    def test_both_hear_of_it(self, portal: Portal) -> None:
        ownership.transfer(who(portal, OWNER), who(portal, ADMIN).pk)
        assert outbox.send_due(for_s=60) == 2
        assert sorted(to for message in mail.outbox for to in message.to) == ["user1@example.com", "user2@example.com"]

    @pytest.mark.parametrize("heir", [OWNER, WAITING])
    def test_not_to_somebody_without_access_nor_to_oneself(self, portal: Portal, heir: int) -> None:
        with pytest.raises(NotAllowed):
            ownership.transfer(who(portal, OWNER), who(portal, heir).pk)
        assert "can transfer" in opened(portal, OWNER, f"ownership/?to={who(portal, heir).pk}")
        assert owner_id(portal) == OWNER

    def test_not_to_somebody_whom_hubspot_has_not_confirmed_lately(self, portal: Portal, clock: Clock) -> None:
        clock.advance(hours=12, seconds=1)
        portal.memberships.filter(user_id=OWNER).update(proven_at=clock.now())
        with pytest.raises(NotAllowed, match="sign in here first"):
            ownership.transfer(who(portal, OWNER), who(portal, ADMIN).pk)
        assert "There is nobody to transfer it to" in opened(portal, OWNER, "settings/")

    def test_not_to_people_of_another_portal(self, portal: Portal) -> None:
        stranger = make_member(make_portal(connected=False), 77, Role.ADMIN)
        with pytest.raises(Membership.DoesNotExist):
            ownership.transfer(who(portal, OWNER), stranger.pk)
        assert "has left meanwhile" in posted(portal, OWNER, "ownership/", to=stranger.pk)

    @pytest.mark.parametrize("to", ["", "x", "-1", "9" * 40, "٣"])
    def test_garbage_is_refused(self, portal: Portal, to: str) -> None:
        assert "can transfer" in opened(portal, OWNER, f"ownership/?to={to}")
        assert "has left meanwhile" in posted(portal, OWNER, "ownership/", to=to)

    def test_an_admin_transfers_nothing(self, portal: Portal) -> None:
        pk = who(portal, VIEWER).pk
        assert "can transfer" in opened(portal, ADMIN, f"ownership/?to={pk}")
        assert "You do not own this connection any more" in posted(portal, ADMIN, "ownership/", to=pk)
        assert owner_id(portal) == OWNER

    def test_the_second_tab_loses(self, portal: Portal) -> None:
        posted(portal, OWNER, "ownership/", to=who(portal, ADMIN).pk)
        said = posted(portal, OWNER, "ownership/", to=who(portal, SECOND_ADMIN).pk)
        assert "You do not own this connection any more" in said
        assert owner_id(portal) == ADMIN

    def test_then_the_owner_before_can_leave(self, portal: Portal) -> None:
        ownership.transfer(who(portal, OWNER), who(portal, ADMIN).pk)
        members.leave(who(portal, OWNER))
        assert not portal.memberships.filter(user_id=OWNER).exists()

    def test_the_database_itself_knows_of_one_owner(self, portal: Portal) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            portal.memberships.filter(user_id=ADMIN).update(role=Role.OWNER)


class TestClaim:
    def test_not_from_an_owner_who_has_been_here(self, portal: Portal, clock: Clock) -> None:
        clock.advance(days=29)
        portal.memberships.filter(user_id=ADMIN).update(proven_at=clock.now())
        with pytest.raises(NotAllowed, match="has been here lately"):
            ownership.claim(who(portal, ADMIN))
        assert "Claim the ownership" not in opened(portal, ADMIN, "settings/")
        assert "Claim the ownership" not in opened(portal, ADMIN, "ownership/claim/")

    def test_it_is_announced_waits_a_week_and_is_completed(self, portal: Portal, clock: Clock) -> None:
        months_pass(portal, clock, ADMIN, VIEWER)
        assert "Claim the ownership?" in opened(portal, ADMIN, "ownership/claim/")
        posted(portal, ADMIN, "ownership/claim/", action="claim")
        assert "data-claim" in opened(portal, VIEWER, "activity/"), "everybody is told"
        assert outbox.send_due(for_s=60) == 3, "the owner and both admins"
        assert "still has time to object" in posted(portal, ADMIN, "ownership/claim/", action="complete")
        assert owner_id(portal) == OWNER
        clock.advance(days=7)
        portal.memberships.filter(user_id=ADMIN).update(proven_at=clock.now())
        assert "Become the owner" in opened(portal, ADMIN, "settings/")
        assert "You now own this connection." in posted(portal, ADMIN, "ownership/claim/", action="complete")
        assert owner_id(portal) == ADMIN
        assert who(portal, OWNER).role == Role.ADMIN
        assert not OwnershipClaim.objects.exists()
        assert [action for _, action, _ in actions(portal)] == [
            "claimed the ownership",
            "took the ownership over",
            "became an admin",
        ]

    def test_the_owner_objects_by_signing_in(self, portal: Portal, clock: Clock) -> None:
        months_pass(portal, clock, ADMIN)
        ownership.claim(who(portal, ADMIN))
        clock.advance(days=6)
        comes_back(portal, OWNER)
        clock.advance(days=2)
        with pytest.raises(NotAllowed, match="the owner has signed in"):
            ownership.complete_claim(who(portal, ADMIN))
        assert owner_id(portal) == OWNER
        assert actions(portal)[-1][:2] == ("user1@example.com", "signed in, which ended the claim to the ownership")

    def test_others_signing_in_end_nothing(self, portal: Portal, clock: Clock) -> None:
        months_pass(portal, clock, ADMIN)
        ownership.claim(who(portal, ADMIN))
        comes_back(portal, SECOND_ADMIN)
        assert OwnershipClaim.objects.count() == 1

    def test_the_second_claimant_is_told_who_was_first(self, portal: Portal, clock: Clock) -> None:
        months_pass(portal, clock, ADMIN, SECOND_ADMIN)
        first = ownership.claim(who(portal, ADMIN))
        with pytest.raises(NotAllowed, match=r"user2@example\.com has claimed"):
            ownership.claim(who(portal, SECOND_ADMIN))
        assert ownership.claim(who(portal, ADMIN)).claimed_at == first.claimed_at, "claiming twice is claiming once"
        with pytest.raises(NotAllowed):
            ownership.complete_claim(who(portal, SECOND_ADMIN))

    @pytest.mark.parametrize("user_id", [VIEWER, WAITING, OWNER])
    def test_only_admins_claim(self, portal: Portal, clock: Clock, user_id: int) -> None:
        months_pass(portal, clock, user_id)
        with pytest.raises(NotAllowed):
            ownership.claim(who(portal, user_id))

    def test_it_is_given_up(self, portal: Portal, clock: Clock) -> None:
        months_pass(portal, clock, ADMIN)
        ownership.claim(who(portal, ADMIN))
        posted(portal, ADMIN, "ownership/claim/", action="give_up")
        assert not OwnershipClaim.objects.exists()

    @pytest.mark.parametrize(
        "lose",
        [
            lambda portal: members.change_role(who(portal, SECOND_ADMIN), who(portal, ADMIN).pk, Role.VIEWER),
            lambda portal: members.remove(who(portal, SECOND_ADMIN), who(portal, ADMIN).pk),
            lambda portal: members.leave(who(portal, ADMIN)),
            lambda portal: disconnecting.begin(portal, "a test"),
            lambda portal: ownership.assign(who(portal, VIEWER), "staff alice", "asked by phone"),
        ],
        ids=["demoted", "removed", "left", "disconnected", "staff"],
    )
    def test_it_ends_when_the_claimant_is_no_admin_any_more(
        self, portal: Portal, clock: Clock, lose: Callable[[Portal], object]
    ) -> None:
        months_pass(portal, clock, ADMIN)
        claimant = who(portal, ADMIN)
        ownership.claim(claimant)
        clock.advance(days=8)
        lose(portal)
        assert not OwnershipClaim.objects.exists()
        with pytest.raises(NotAllowed):
            ownership.complete_claim(claimant)

    def test_one_that_nobody_completes_lapses(self, portal: Portal, clock: Clock) -> None:
        months_pass(portal, clock, ADMIN)
        ownership.claim(who(portal, ADMIN))
        months_pass(portal, clock, SECOND_ADMIN)
        with pytest.raises(NotAllowed):
            ownership.complete_claim(who(portal, ADMIN))
        assert ownership.claim(who(portal, SECOND_ADMIN)).claimant.user_id == SECOND_ADMIN
        assert OwnershipClaim.objects.count() == 1


class TestStaff:
    def test_anybody_of_the_portal_is_made_owner_for_a_reason(self, portal: Portal) -> None:
        ownership.assign(who(portal, WAITING), "staff alice", "Ticket 12: the owner left")
        assert owner_id(portal) == WAITING
        assert ("staff alice", "assigned the ownership", "to user5@example.com: Ticket 12: the owner left") in actions(
            portal
        )

    def test_not_of_a_portal_that_has_left(self, portal: Portal) -> None:
        member = who(portal, ADMIN)
        disconnecting.begin(portal, "a test", destroy_now=True)
        with pytest.raises(NotAllowed):
            ownership.assign(member, "staff alice", "why not")

    def test_the_owner_stays_the_owner(self, portal: Portal) -> None:
        ownership.assign(who(portal, OWNER), "staff alice", "twice")
        assert owner_id(portal) == OWNER
        assert actions(portal) == []


@pytest.mark.django_db(transaction=True)
class TestRaces:
    """Each with real connections; afterwards there is one owner, and one of the two has lost."""

    @pytest.fixture
    def portal(self, transactional_db: None) -> Portal:  # noqa: ARG002 - committed, for the other connections
        return peopled()

    def test_two_transfers_at_once(self, portal: Portal) -> None:
        owner = who(portal, OWNER)
        heirs = [who(portal, user_id).pk for user_id in (ADMIN, SECOND_ADMIN)]
        outcomes = at_once(*[lambda pk=pk: ownership.transfer(owner, pk) for pk in heirs])
        assert sorted(outcomes) == ["done", "refused"]
        assert owner_id(portal) in {ADMIN, SECOND_ADMIN}
        assert who(portal, OWNER).role == Role.ADMIN

    def test_a_claim_completed_while_the_owner_signs_in(self, portal: Portal, clock: Clock) -> None:
        months_pass(portal, clock, ADMIN)
        ownership.claim(who(portal, ADMIN))
        clock.advance(days=7)
        claimant = who(portal, ADMIN)
        completed, _ = at_once(lambda: ownership.complete_claim(claimant), lambda: comes_back(portal, OWNER))
        assert owner_id(portal) == (ADMIN if completed == "done" else OWNER)
        assert not OwnershipClaim.objects.exists()

    def test_a_transfer_to_somebody_who_leaves_at_that_moment(self, portal: Portal) -> None:
        owner, heir = who(portal, OWNER), who(portal, ADMIN)
        outcomes = at_once(lambda: ownership.transfer(owner, heir.pk), lambda: members.leave(heir))
        assert sorted(outcomes) == ["done", "refused"]
        assert portal.memberships.filter(role=Role.OWNER).count() == 1

    def test_two_admins_remove_each_other(self, portal: Portal) -> None:
        one, other = who(portal, ADMIN), who(portal, SECOND_ADMIN)
        outcomes = at_once(lambda: members.remove(one, other.pk), lambda: members.remove(other, one.pk))
        assert sorted(outcomes) == ["done", "refused"]

    def test_killed_half_way_the_owner_stays(self, portal: Portal) -> None:
        """The owner is an admin already, the heir not yet the owner: the connection is cut in between."""
        owner, heir = who(portal, OWNER), who(portal, ADMIN)
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        with another_connection() as holding, another_connection() as looking, ThreadPoolExecutor(1) as pool:
            with holding.transaction():
                holding.execute("SELECT 1 FROM installations_membership WHERE id = %s FOR UPDATE", [heir.pk])
                transfer = pool.submit(lambda: apart(lambda: ownership.transfer(owner, heir.pk)))
                found = wait_for(lambda: looking.execute(waiting).fetchone(), what="the transfer to wait")
                looking.execute("SELECT pg_terminate_backend(%s)", found)
            with pytest.raises(OperationalError):
                transfer.result(timeout=60)
        assert owner_id(portal) == OWNER
        assert actions(portal) == []


def another_connection() -> psycopg.Connection[tuple[object, ...]]:
    address = settings.DATABASE_URL.replace("/hubapp?", f"/{connection.settings_dict['NAME']}?")
    return psycopg.connect(address, autocommit=True)


def at_once(*deeds: Callable[[], object]) -> list[str]:
    """Do things at the same time, on a connection each; return "done" or "refused" for each."""
    start = threading.Barrier(len(deeds))

    def one(deed: Callable[[], object]) -> str:
        start.wait(timeout=60)
        try:
            deed()
        except (NotAllowed, Membership.DoesNotExist):
            return "refused"
        return "done"

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(lambda deed: apart(lambda: one(deed)), deeds))


def apart(deed: Callable[[], T]) -> T:
    """Close the connection that this thread has opened."""
    try:
        return deed()
    finally:
        connection.close()
