"""Asking for access, being let in, declined, removed, leaving: who may, what it leaves behind, who hears of it."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from installations import outbox
from installations.models import AuditEntry, Membership, OwnershipClaim, Portal
from installations.people import members
from installations.people.members import NotAllowed
from tests.clock import Clock
from tests.consent import way_back
from tests.hubspot import HubSpot, trust_limiter
from tests.portals import make_member, make_portal, sign_in_as

pytestmark = pytest.mark.django_db
Role = Membership.Role
OWNER, ADMIN, VIEWER, WAITING = 1, 2, 3, 4


@pytest.fixture
def portal() -> Portal:
    found = make_portal()
    for user_id, role in ((OWNER, Role.OWNER), (ADMIN, Role.ADMIN), (VIEWER, Role.VIEWER), (WAITING, Role.WAITING)):
        make_member(found, user_id, role)
    return found


def who(portal: Portal, user_id: int) -> Membership:
    return portal.memberships.select_related("portal").get(user_id=user_id)


def browser_of(user_id: int) -> Client:
    client = Client()
    sign_in_as(client, user_id)
    return client


def overview(portal: Portal, user_id: int) -> str:
    answer = browser_of(user_id).get(f"/portals/{portal.hub_id}/")
    assert answer.status_code == 200
    return answer.content.decode()


def settings_page(portal: Portal, user_id: int) -> str:
    return browser_of(user_id).get(f"/portals/{portal.hub_id}/settings/").content.decode()


def post(portal: Portal, user_id: int, where: str, **fields: object) -> str:
    """Post a form and return the page it leads to."""
    answer = browser_of(user_id).post(f"/portals/{portal.hub_id}/{where}", fields, follow=True)
    assert answer.status_code == 200, answer.redirect_chain
    return answer.content.decode()


def actions(portal: Portal) -> list[tuple[str, str]]:
    return list(AuditEntry.objects.filter(portal=portal).order_by("pk").values_list("actor", "action"))


@pytest.mark.usefixtures("redis_server")
def test_who_waits_sees_when_they_asked_and_whom(portal: Portal) -> None:
    page = overview(portal, WAITING)
    assert "Sent <time" in page
    assert "<bdi>user1@example.com</bdi> (owner), <bdi>user2@example.com</bdi> (admin)" in page
    assert "user3@example.com" not in page, "viewers are nobody's business"


@pytest.mark.usefixtures("redis_server")
def test_a_request_is_withdrawn_and_sent_again(portal: Portal) -> None:
    page = post(portal, WAITING, "access/", action="withdraw")
    assert "You have not asked for access" in page
    assert not members.asking(portal).exists()
    assert "asks for nothing" in settings_page(portal, OWNER)
    page = post(portal, WAITING, "access/", action="ask")
    assert "You have not been let in yet" in page
    assert [one.user_id for one in members.asking(portal)] == [WAITING]
    assert [action for _, action in actions(portal)] == ["no longer asks for access", "asked for access"]


@pytest.mark.usefixtures("redis_server")
def test_somebody_declined_sees_it_and_asks_again_after_a_day(portal: Portal, clock: Clock) -> None:
    post(portal, ADMIN, f"members/{who(portal, WAITING).pk}/", action="remove")
    page = overview(portal, WAITING)
    assert "Declined <time" in page
    assert 'value="ask"' not in page
    clock.advance(hours=11)
    assert "less than a day ago" in post(portal, WAITING, "access/", action="ask")
    assert not members.asking(portal).exists()
    clock.advance(hours=13, seconds=1)
    Membership.objects.update(proven_at=clock.now())
    assert 'value="ask"' in overview(portal, WAITING)
    assert "You have not been let in yet" in post(portal, WAITING, "access/", action="ask")


def test_asking_twice_is_asking_once(portal: Portal) -> None:
    before = who(portal, WAITING).asked_at
    members.ask(who(portal, WAITING))
    assert who(portal, WAITING).asked_at == before
    assert not actions(portal)


def test_who_has_access_has_nothing_to_ask_for(portal: Portal) -> None:
    members.ask(who(portal, VIEWER))
    assert who(portal, VIEWER).role == Role.VIEWER
    assert not members.asking(portal).filter(user_id=VIEWER).exists()


def test_those_who_decide_see_how_many_ask_on_every_page(portal: Portal) -> None:
    badge = 'data-asking="1"'
    for user_id in (OWNER, ADMIN):
        answer = browser_of(user_id).get(f"/portals/{portal.hub_id}/activity/")
        assert badge in answer.content.decode()
    assert "data-asking" not in browser_of(VIEWER).get(f"/portals/{portal.hub_id}/activity/").content.decode()
    members.change_role(who(portal, ADMIN), who(portal, WAITING).pk, Role.VIEWER)
    assert "data-asking" not in browser_of(OWNER).get(f"/portals/{portal.hub_id}/activity/").content.decode()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_letting_in_opens_the_pages_and_leaves_a_trace(portal: Portal, role: Membership.Role) -> None:
    assert "is now" in post(portal, ADMIN, f"members/{who(portal, WAITING).pk}/", role=role)
    assert browser_of(WAITING).get(f"/portals/{portal.hub_id}/activity/").status_code == 200
    assert actions(portal) == [("user2@example.com", "changed a role")]


def test_a_refusal_is_undone_by_letting_in(portal: Portal) -> None:
    member = members.remove(who(portal, OWNER), who(portal, VIEWER).pk)
    assert "Without access (1)" in settings_page(portal, OWNER)
    members.change_role(who(portal, OWNER), member.pk, Role.VIEWER)
    assert who(portal, VIEWER).role == Role.VIEWER
    assert who(portal, VIEWER).declined_at is None


@pytest.mark.parametrize("target", [OWNER, ADMIN])
def test_nobody_changes_the_owner_or_themselves(portal: Portal, target: int) -> None:
    for change in (members.remove, lambda actor, pk: members.change_role(actor, pk, Role.VIEWER)):
        with pytest.raises(NotAllowed):
            change(who(portal, ADMIN), who(portal, target).pk)
    assert who(portal, OWNER).role == Role.OWNER
    assert who(portal, ADMIN).role == Role.ADMIN


@pytest.mark.parametrize("role", ["owner", "waiting", "emperor", ""])
def test_other_roles_are_not_given(portal: Portal, role: str) -> None:
    assert "cannot be given" in post(portal, ADMIN, f"members/{who(portal, WAITING).pk}/", role=role)
    assert who(portal, WAITING).role == Role.WAITING


def test_who_was_demoted_meanwhile_decides_nothing(portal: Portal) -> None:
    """Two tabs: the page was still an admin's, the form arrives after the role is gone."""
    actor = who(portal, ADMIN)
    members.change_role(who(portal, OWNER), actor.pk, Role.VIEWER)
    with pytest.raises(NotAllowed, match="Only the owner and admins"):
        members.change_role(actor, who(portal, WAITING).pk, Role.ADMIN)
    assert who(portal, WAITING).role == Role.WAITING


def test_leaving_forgets_the_person(portal: Portal) -> None:
    answer = browser_of(VIEWER).post(f"/portals/{portal.hub_id}/leave/", follow=True)
    assert "You have left" in answer.content.decode()
    assert not portal.memberships.filter(user_id=VIEWER).exists()
    assert browser_of(VIEWER).get(f"/portals/{portal.hub_id}/").status_code == 404
    assert actions(portal) == [("user3@example.com", "left")]


def test_the_owner_leaves_only_after_transferring(portal: Portal) -> None:
    assert "transfer it to somebody else first" in post(portal, OWNER, "leave/")
    assert who(portal, OWNER).role == Role.OWNER


def test_people_without_a_role_are_forgotten_after_a_month(portal: Portal, clock: Clock) -> None:
    declined = make_member(portal, 5, Role.VIEWER)
    members.remove(who(portal, OWNER), declined.pk)
    members.withdraw(who(portal, WAITING))
    still_asking = make_member(portal, 6, Role.WAITING)
    assert members.forget_the_uninvited() == 0
    clock.advance(days=30, seconds=5)
    assert members.forget_the_uninvited() == 2
    left = set(portal.memberships.values_list("user_id", flat=True))
    assert left == {OWNER, ADMIN, VIEWER, still_asking.user_id}


@pytest.mark.usefixtures("redis_server")
def test_signing_in_again_asks_nobody_again(client: Client, hubspot: HubSpot) -> None:
    account = hubspot.add_account()
    client.get(way_back(client, "/install", account))
    portal = Portal.objects.get(hub_id=account.hub_id)
    other = Client()
    other.get(way_back(other, "/signin", account, user_id=account.user_id))
    assert members.asking(portal).get().user_id == account.user_id
    members.remove(who(portal, account.admin_id), who(portal, account.user_id).pk)
    answer = other.get(way_back(other, "/signin", account, user_id=account.user_id), follow=True)
    assert "Declined" in answer.content.decode()
    assert not members.asking(portal).exists()


@pytest.mark.usefixtures("redis_server")
def test_those_who_decide_hear_of_a_request_and_who_asked_of_the_answer(client: Client, hubspot: HubSpot) -> None:
    trust_limiter()
    account = hubspot.add_account()
    client.get(way_back(client, "/install", account))
    other = Client()
    other.get(way_back(other, "/signin", account, user_id=account.user_id))
    assert outbox.send_due(for_s=60) == 1
    (asked,) = mail.outbox
    assert asked.to == [f"admin@{account.hub_id}.example"]
    assert f"/portals/{account.hub_id}/settings/#people" in asked.body
    portal = Portal.objects.get(hub_id=account.hub_id)
    members.change_role(who(portal, account.admin_id), who(portal, account.user_id).pk, Role.VIEWER)
    assert outbox.send_due(for_s=60) == 1
    assert mail.outbox[1].to == [f"user@{account.hub_id}.example"]
    assert "as viewer" in mail.outbox[1].body


def test_who_asks_often_is_mailed_about_once_a_day(portal: Portal) -> None:
    for _ in range(5):
        members.withdraw(who(portal, WAITING))
        members.ask(who(portal, WAITING))
    assert outbox.send_due(for_s=60) == 2, "the owner and the admin, once each"


def test_a_request_that_was_answered_is_not_mailed_about(portal: Portal) -> None:
    members.withdraw(who(portal, WAITING))
    members.ask(who(portal, WAITING))
    members.remove(who(portal, ADMIN), who(portal, WAITING).pk)
    assert outbox.send_due(for_s=60) == 0


def test_a_claim_ends_with_the_claimants_role(portal: Portal, clock: Clock) -> None:
    OwnershipClaim.objects.create(portal=portal, claimant=who(portal, ADMIN), claimed_at=clock.now())
    members.change_role(who(portal, OWNER), who(portal, ADMIN).pk, Role.VIEWER)
    assert not OwnershipClaim.objects.exists()


def test_an_owner_who_never_signed_in_is_said_to_be_one(portal: Portal) -> None:
    Membership.objects.filter(user_id=OWNER).update(proven_at="1970-01-01T00:00:00Z")
    page = settings_page(portal, ADMIN)
    assert "has not signed in yet" in page
    assert "1970" not in page
