"""The embedded view opens once, for whom it was offered, and closes at once when anything that it rests on goes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from embedded import tasks, tokens, visits
from embedded.models import CardVisit
from embedded.tokens import Claims, Purpose
from installations.calls import switches
from installations.leaving import disconnecting
from installations.models import Membership, Portal
from installations.people import members
from installations.signals import erase_portal
from tests.clock import Clock
from tests.pages.furniture import ADMIN, CONTACT_ID, OWNER, VIEWER, WAITING, browser_of, furnished

from .asking import OFFER, VIEW, call, offered, opened, reading_token, reread, token_of

pytestmark = pytest.mark.django_db
STRANGER = 77


def offer_status(portal: Portal, user_id: int) -> int:
    return call(portal, user_id).but(path=OFFER).send().status_code


@pytest.mark.parametrize("user_id", [OWNER, ADMIN, VIEWER])
def test_members_open_it_and_read_on(user_id: int) -> None:
    page = opened(offered(furnished(), user_id))
    assert page.status_code == 200
    again = reread(reading_token(page))
    assert again.status_code == 200
    assert b'data-fragment="embedded"' in again.content


@pytest.mark.parametrize("user_id", [WAITING, STRANGER])
def test_it_is_offered_to_nobody_else(user_id: int) -> None:
    assert offer_status(furnished(), user_id) == 403
    assert not CardVisit.objects.exists()


@pytest.mark.parametrize("state", ["needs_reconnect", "disconnecting", "private_app"])
def test_it_is_offered_in_connected_accounts_only(state: str) -> None:
    assert offer_status(furnished(state), OWNER) == 403


def test_it_opens_once() -> None:
    address = offered(furnished(), OWNER)
    assert [opened(address).status_code for _ in range(3)] == [200, 404, 404]


@pytest.mark.django_db(transaction=True)
def test_of_many_that_open_it_at_once_one_does() -> None:
    address = offered(furnished(), OWNER)

    def status(_: int) -> int:
        try:
            return opened(address).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(status, range(16)))
    assert statuses == [200] + [404] * 15


def test_hubspots_repetition_gets_the_same_token_until_it_is_used() -> None:
    portal = furnished()
    one = call(portal, OWNER).but(path=OFFER)
    headers = one.headers()
    first, second = one.send(headers), one.send(headers)
    assert first.json() == second.json()
    assert CardVisit.objects.count() == 1
    assert opened(f"{VIEW}?token={token_of(first.json()['uri'])}").status_code == 200
    third = one.send(headers)
    assert third.status_code == 409, "a used one is no more to be had"
    assert "uri" not in third.json()


@pytest.mark.django_db(transaction=True)
def test_repetitions_at_the_same_time_get_one_token() -> None:
    one = call(furnished(), OWNER).but(path=OFFER)
    headers = one.headers()

    def uri(_: int) -> str:
        try:
            return str(one.send(headers).json()["uri"])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(uri, range(16)))) == 1
    assert CardVisit.objects.count() == 1


def test_a_visit_that_ends_while_it_is_offered_is_refused_in_words() -> None:
    """Somebody signs out everywhere between the row and the answer: here the database does it."""
    portal = furnished()
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION signs_out() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN DELETE FROM embedded_cardvisit; RETURN NULL; END';"
            "CREATE TRIGGER signs_out AFTER INSERT ON embedded_cardvisit EXECUTE FUNCTION signs_out()"
        )
    answer = call(portal, VIEWER).but(path=OFFER).send()
    assert (answer.status_code, set(answer.json())) == (403, {"error"})


def test_two_requests_get_two_tokens() -> None:
    portal = furnished()
    first, second = (call(portal, OWNER).but(path=OFFER, age_s=age) for age in (0, 1))
    assert first.send().json()["uri"] != second.send().json()["uri"]


def test_one_user_is_offered_so_many_and_others_are_not_concerned(clock: Clock) -> None:
    portal = furnished()
    statuses = [call(portal, OWNER).but(path=OFFER, age_s=n).send().status_code for n in range(visits.MOST_OFFERED + 1)]
    assert statuses == [200] * visits.MOST_OFFERED + [429]
    assert offer_status(portal, ADMIN) == 200
    assert offer_status(furnished(), OWNER) == 200, "nor is the same user in another account"
    clock.advance(minutes=6)
    assert call(portal, OWNER).but(path=OFFER, age_s=60).send().status_code == 200


@pytest.mark.parametrize(("minutes", "status"), [(0.9, 200), (1.1, 404), (60, 404)])
def test_it_has_to_be_opened_within_a_minute(clock: Clock, minutes: float, status: int) -> None:
    address = offered(furnished(), OWNER)
    clock.advance(minutes=minutes)
    assert opened(address).status_code == status


@pytest.mark.parametrize(("minutes", "status"), [(4.9, 200), (5.1, 404), (600, 404)])
def test_it_stays_open_for_five_minutes(clock: Clock, minutes: float, status: int) -> None:
    token = reading_token(opened(offered(furnished(), OWNER)))
    clock.advance(minutes=minutes)
    assert reread(token).status_code == status


def test_reading_on_does_not_prolong_it(clock: Clock) -> None:
    token = reading_token(opened(offered(furnished(), OWNER)))
    for _ in range(4):
        clock.advance(minutes=1)
        assert reread(token).status_code == 200
    clock.advance(minutes=1.1)
    assert reread(token).status_code == 404


# ── What ends it ────────────────────────────────────────────────────────────────────────────────────────────
def sign_out_everywhere(portal: Portal) -> None:
    assert browser_of(VIEWER).post("/account/signout/").status_code == 302


def take_access_away(portal: Portal) -> None:
    owner = Membership.objects.get(portal=portal, user_id=OWNER)
    members.remove(owner, Membership.objects.get(portal=portal, user_id=VIEWER).pk)


def leave(portal: Portal) -> None:
    members.leave(Membership.objects.get(portal=portal, user_id=VIEWER))


def disconnect(portal: Portal) -> None:
    disconnecting.begin(portal, "somebody")


def disconnect_now(portal: Portal) -> None:
    disconnecting.begin(portal, "somebody", destroy_now=True)


def be_refused_by_hubspot(portal: Portal) -> None:
    portal.move_to(Portal.State.NEEDS_RECONNECT, "HubSpot no longer accepts our access.")


def stop_the_account(portal: Portal) -> None:
    switches.stop("alice", "a leak", portal.hub_id)


def stop_all(portal: Portal) -> None:
    switches.stop("alice", "a leak")


def stop_and_go_on(portal: Portal) -> None:
    """What was issued before a stop stays dead after it."""
    switches.stop("alice", "a leak", portal.hub_id)
    switches.resume("alice", portal.hub_id)


def connect_anew(portal: Portal) -> None:
    """The account comes back as another installation, with the same people."""
    disconnecting.begin(portal, "somebody", destroy_now=True)
    furnished(hub_id=portal.hub_id)


def switch_the_card_off(portal: Portal) -> None:
    from django.conf import settings

    settings.HUBSPOT_APP_CARD = False


ENDS = [
    *(sign_out_everywhere, take_access_away, leave, disconnect, disconnect_now, be_refused_by_hubspot),
    *(stop_the_account, stop_all, stop_and_go_on, connect_anew, switch_the_card_off),
]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_it_closes_at_once(end: Callable[[Portal], None]) -> None:
    """The next request is refused: of an open view, and of an offer that was not opened yet."""
    portal = furnished()
    waiting, token = offered(portal, VIEWER), reading_token(opened(offered(portal, VIEWER, record_id=12)))
    other = furnished()
    elsewhere = reading_token(opened(offered(other, ADMIN)))
    assert reread(token).status_code == 200
    end(portal)
    assert reread(token).status_code == 404
    assert opened(waiting).status_code == 404
    is_for_all = end in (stop_all, switch_the_card_off)
    assert reread(elsewhere).status_code == (404 if is_for_all else 200), "another account's stays open"


def test_signing_out_in_one_browser_closes_nothing() -> None:
    """The view is HubSpot's doing, and in HubSpot they are still signed in."""
    token = reading_token(opened(offered(furnished(), VIEWER)))
    assert browser_of(VIEWER).post("/signout").status_code == 302
    assert reread(token).status_code == 200


def test_a_role_that_comes_back_after_a_minute_does_not_open_it_twice() -> None:
    portal = furnished()
    address = offered(portal, VIEWER)
    Membership.objects.filter(portal=portal, user_id=VIEWER).update(role=Membership.Role.WAITING)
    assert opened(address).status_code == 404
    Membership.objects.filter(portal=portal, user_id=VIEWER).update(role=Membership.Role.VIEWER)
    assert opened(address).status_code == 404, "it was used up by the attempt"


# ── Whose it is ─────────────────────────────────────────────────────────────────────────────────────────────
def test_every_other_combination_of_portal_user_visit_and_purpose_is_refused() -> None:
    """Tokens as only we could sign them: what they say must be what the row says."""
    sides = [furnished(), furnished()]
    rows = [
        CardVisit.objects.create(
            portal=portal,
            user_id=user_id,
            object_type="0-1",
            record_id=CONTACT_ID,
            request_key=f"{portal.pk} {user_id}".encode(),
            issued_at=timezone.now(),
        )
        for portal in sides
        for user_id in (OWNER, VIEWER)
    ]
    refused = 0
    for row in rows:
        for portal in sides:
            for user_id in (OWNER, VIEWER, WAITING, STRANGER):
                is_its_own = (portal.pk, user_id) == (row.portal_id, row.user_id)
                token = tokens.issue(Purpose.OPEN, Claims(row.pk, portal.pk, user_id, timezone.now())).reveal()
                assert reread(token).status_code == 404, "an opening token reads nothing"
                if not is_its_own:
                    assert Client().get(VIEW, {"token": token}).status_code == 404
                    refused += 1
    assert refused == 28
    assert not CardVisit.objects.filter(opened_at__isnull=False).exists(), "and uses nothing up"


def test_a_reading_token_opens_nothing_and_works_in_no_address() -> None:
    token = reading_token(opened(offered(furnished(), OWNER)))
    assert Client().get(VIEW, {"token": token}).status_code == 404
    assert reread(token).status_code == 200


def test_a_view_shows_the_record_it_was_opened_for() -> None:
    portal, other = furnished(), furnished()
    page = opened(offered(portal, OWNER)).content.decode()
    assert "Ada Lovelace" in page
    assert f"account {portal.hub_id}" in page
    assert str(other.hub_id) not in page


# ── What is left ────────────────────────────────────────────────────────────────────────────────────────────
def test_visits_are_purged_when_no_token_of_theirs_can_live(clock: Clock) -> None:
    opened(offered(furnished(), OWNER))
    offered(furnished(), OWNER)
    clock.advance(minutes=6)
    tasks.purge_visits()
    assert CardVisit.objects.count() == 2
    clock.advance(minutes=5)
    tasks.purge_visits()
    assert not CardVisit.objects.exists()


def test_an_erased_portal_leaves_none() -> None:
    portal, other = furnished(), furnished()
    offered(portal, OWNER)
    offered(other, OWNER)
    erase_portal.send(Portal, portal=portal)
    assert [visit.portal for visit in CardVisit.objects.all()] == [other]


def test_no_token_lives_past_its_row() -> None:
    longest = sum(tokens.LIFE.values(), timedelta())
    assert longest < visits._KEPT
