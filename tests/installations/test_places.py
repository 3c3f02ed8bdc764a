"""Where portal users sign in from: what is kept of it, what is news, whom the address is taken from."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pytest
from django.conf import settings as configured
from django.db import connection, transaction
from django.http import HttpRequest
from django.test import Client
from pytest_django import Settings

from installations import tasks
from installations.models import AuditEntry, Membership, Place, Portal, Visit
from installations.people import places, visitors
from tests.clock import Clock
from tests.hubspot import wait_for
from tests.portals import make_member, make_portal

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
HOME, OFFICE = "203.0.113.7", "198.51.100.1"
MEMBER, OTHER = 1, 2
USER = Place.Who.PORTAL_USER


@pytest.fixture
def portal() -> Portal:
    found = make_portal()
    make_member(found, MEMBER, Membership.Role.OWNER)
    make_member(found, OTHER, Membership.Role.VIEWER)
    return found


def request_from(address: str, browser: str = FIREFOX, **headers: str) -> HttpRequest:
    request = HttpRequest()
    request.META |= {"REMOTE_ADDR": address, "HTTP_USER_AGENT": browser} | headers
    return request


def sign_in(user_id: int, address: str, browser: str = FIREFOX) -> Client:
    client, request = Client(), request_from(address, browser)
    request.session = client.session
    visitors.sign_in(request, user_id, f"user{user_id}@example.com")
    request.session.save()
    client.cookies[configured.SESSION_COOKIE_NAME] = str(request.session.session_key)
    return client


def written_down() -> list[tuple[int | None, str, str]]:
    entries = AuditEntry.objects.filter(action="signed in from a new place").order_by("pk")
    return list(entries.values_list("portal_id", "actor", "detail"))


def test_a_new_place_is_written_down_in_each_of_the_users_portals(portal: Portal) -> None:
    second, left, foreign = make_portal(), make_portal(), make_portal()
    for one in (second, left):
        make_member(one, MEMBER, Membership.Role.VIEWER)
    Portal.objects.filter(pk=left.pk).update(state=Portal.State.DISCONNECTED)
    make_member(foreign, OTHER, Membership.Role.OWNER)
    sign_in(MEMBER, HOME)
    assert written_down() == [], "the first place is no news"
    sign_in(MEMBER, OFFICE)
    sign_in(MEMBER, OFFICE)
    assert sorted(written_down()) == [
        (portal.pk, "user1@example.com", "Firefox on Linux"),
        (second.pk, "user1@example.com", "Firefox on Linux"),
    ], "and colleagues do not read the network"


def test_the_account_page_shows_it_until_its_user_says_who_it_was(portal: Portal) -> None:
    sign_in(MEMBER, HOME)
    browser = sign_in(MEMBER, OFFICE, SAFARI)
    page = browser.get("/account/").content.decode()
    assert page.count("data-place") == 2
    assert page.count("New place</span>") == 2, "in the list of browsers, and in that of places"
    assert "198.51.100.0/24" in page
    assert OFFICE not in page
    answer = browser.post("/account/places/", follow=True).content.decode()
    assert "New place</span>" not in answer
    assert "It was me" not in answer
    assert Place.objects.get(is_news=True).seen_by == "user1@example.com"


def test_nobody_sees_or_answers_for_somebody_elses(portal: Portal) -> None:
    for address in (HOME, OFFICE):
        sign_in(MEMBER, address)
    other = sign_in(OTHER, "192.0.2.1", SAFARI)
    assert "203.0.113.0/24" not in other.get("/account/").content.decode()
    other.post("/account/places/")
    Client().post("/account/places/")
    assert Place.objects.get(is_news=True).seen_at is None
    assert other.get("/account/places/").status_code == 405


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_of_an_address_only_the_network_is_kept(address: str, network: str) -> None:
    assert places.network_of(request_from(address)) == network


@pytest.mark.parametrize("said", [OFFICE, f"{OFFICE}, {OFFICE}", "garbage"])
def test_what_a_browser_says_of_its_address_is_not_believed(said: str) -> None:
    assert places.network_of(request_from(HOME, HTTP_X_FORWARDED_FOR=said)) == "203.0.113.0/24"


@pytest.mark.parametrize(
    ("said", "network"),
    [
        (HOME, "203.0.113.0/24"),
        (f"{OFFICE}, {HOME}", "203.0.113.0/24"),  # the first is what the browser said, the last is our proxy's
        (f"{OFFICE},garbage", ""),
    ],
)
def test_behind_our_proxy_what_it_put_last_is(said: str, network: str, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert places.network_of(request_from("10.0.0.1", HTTP_X_FORWARDED_FOR=said)) == network


def test_places_are_forgotten(portal: Portal, clock: Clock) -> None:
    sign_in(MEMBER, HOME)
    clock.advance(days=60)
    sign_in(MEMBER, OFFICE)
    clock.advance(days=31)
    tasks.purge_flows()
    assert set(Place.objects.values_list("network", flat=True)) == {"198.51.100.0/24"}


@pytest.mark.django_db(transaction=True)
class TestForgottenMeanwhile:
    """Somebody comes back from a place, after a quarter of a year, as it is about to be forgotten."""

    @pytest.fixture(autouse=True)
    def _long_ago(self, clock: Clock) -> None:
        sign_in(MEMBER, HOME)
        Visit.objects.all().delete()
        clock.advance(days=91)

    def test_who_comes_too_late_is_at_a_new_one(self) -> None:
        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                assert places.purge() == 1
                signed_in = pool.submit(closing, partial(sign_in, MEMBER, HOME))
                wait_for(somebody_waits_for_a_lock, what="whoever signs in")
            signed_in.result(timeout=60)
        assert Visit.objects.get().place == Place.objects.get()

    def test_who_comes_in_time_keeps_it(self) -> None:
        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                sign_in(MEMBER, HOME)
                purged = pool.submit(closing, places.purge)
                wait_for(somebody_waits_for_a_lock, what="the purge")
            assert purged.result(timeout=60) == 0
        assert Visit.objects.get().place == Place.objects.get()


T = TypeVar("T")


def closing(call: Callable[[], T]) -> T:
    """Call in a thread, whose connection to the database is its own."""
    try:
        return call()
    finally:
        connection.close()


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_of_two_sign_ins_at_once_one_is_news(portal: Portal) -> None:
    sign_in(MEMBER, HOME)

    def again(_: int) -> None:
        sign_in(MEMBER, OFFICE, SAFARI)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(again, range(8)))
    assert Place.objects.count() == 2
    assert len(written_down()) == 1


def test_the_alarm_of_staff_reads_no_place_of_portal_users() -> None:
    many = [Place(who=USER, person_id=number, network="192.0.2.0/24", is_news=True) for number in range(2_000)]
    Place.objects.bulk_create(many)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE installations_place")
    assert "using place_unseen_of_staff" in places.unseen_of_staff()[:30].explain()
