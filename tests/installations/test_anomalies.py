"""Unusual hours of portals: found once, by whoever looks first, kept until over or dismissed, and of nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import httpx2
import pytest
import redis
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from demo.redis import Redis
from hubspot_api import objects
from installations import tasks
from installations.anomalies import others as others_calls
from installations.anomalies import watch
from installations.audit import record
from installations.calls import retention, switches
from installations.clients import client_for
from installations.credentials import tokens
from installations.models import Anomaly, AuditEntry, CallMinute, OthersCalls, Portal
from installations.ratelimit import WorkClass, limiter
from tests.clock import Clock
from tests.hubspot import HubSpot, trust_limiter, wait_for
from tests.portals import grant, make_portal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_server")]
Kind = Anomaly.Kind
LONG_AGO = timedelta(days=60)
CONTACTS = "/crm/objects/2026-03/contacts"


@pytest.fixture(autouse=True)
def _nothing_heard(redis_server: Redis) -> Iterator[None]:
    limiter().others()
    yield
    limiter().others()


def settled(**more: object) -> Portal:
    """A portal that was connected long ago."""
    portal, then = make_portal(), timezone.now() - LONG_AGO
    values = {"connected_at": then, "consented_at": then, "state_changed_at": then}
    Portal.objects.filter(pk=portal.pk).update(**values | more)
    portal.refresh_from_db()
    return portal


def installed(hubspot: HubSpot) -> Portal:
    """A portal whose token HubSpot knows."""
    account = hubspot.add_account(contacts=3)
    portal = make_portal(account.hub_id, connected=False)
    with transaction.atomic():
        tokens.store(portal, grant(account.hub_id, access=hubspot.tokens(account)["access_token"]), user_id=7)
    return portal


def calls(
    portal: Portal, count: int, *, ago: timedelta = timedelta(minutes=10), bulk: int = 0, denied: int = 0
) -> None:
    at = (timezone.now() - ago).replace(second=0, microsecond=0)
    figures = dict.fromkeys(("errors", "waited_ms", "took_ms", "sent_bytes", "received_bytes"), 0)
    CallMinute.objects.update_or_create(
        portal=portal,
        at=at,
        answer="2xx",
        category="",
        defaults=figures | {"calls": count, "requests": count, "bulk": bulk, "denied": denied},
    )


def others(portal: Portal, count: int, *, minutes: int = 5) -> None:
    now = timezone.now().replace(second=0, microsecond=0)
    for minute in range(1, minutes + 1):
        OthersCalls.objects.create(portal=portal, at=now - timedelta(minutes=minute), calls=count // minutes)


def found() -> list[tuple[int, str, int, int]]:
    rows = Anomaly.objects.order_by("pk").values_list("portal_id", "kind", "figure", "usual")
    return sorted(rows)


def test_a_quiet_portal_has_none() -> None:
    portal = settled()
    calls(portal, 900)
    others(portal, 15)
    assert watch.sample() == 0
    assert found() == []


def test_each_kind_is_found_in_its_table_and_only_for_its_portal(clock: Clock) -> None:
    clock.begin_anew(timedelta(minutes=1))
    portal, neighbour = settled(), settled()
    calls(neighbour, 500, bulk=400, denied=10)
    for ago in range(1, 8):
        calls(portal, 100, ago=timedelta(days=ago, minutes=10))
    calls(portal, 10_000, bulk=7_000, denied=200)
    others(portal, 100)
    for _ in range(4):
        record(portal, "somebody", AuditEntry.EXPORTED)
    assert watch.sample() == 4, "the exports of this minute are seen with the next"
    AuditEntry.objects.update(at=timezone.now() - timedelta(minutes=3))
    assert watch.sample() == 1
    assert found() == [
        (portal.pk, "bulk", 7_000, 0),
        (portal.pk, "calls", 3_000, 100),
        (portal.pk, "denied", 200, 0),
        (portal.pk, "exports", 4, 0),
        (portal.pk, "others", 100, 0),
    ]


def test_what_a_portal_has_every_day_at_this_time_is_usual() -> None:
    portal, other = settled(), settled()
    for ago in range(1, 8):
        calls(portal, 2_000, ago=timedelta(days=ago))
    for one in (portal, other):
        calls(one, 9_000)
    watch.sample()
    assert found() == [(other.pk, "calls", 9_000, 0)]


@pytest.mark.parametrize("since", ["connected_at", "consented_at", "state_changed_at"])
def test_a_first_sync_and_what_is_caught_up_with_are_no_alarm(since: str) -> None:
    portal = settled(**{since: timezone.now() - timedelta(hours=40)})
    calls(portal, 39_600, bulk=30_000)
    assert watch.sample() == 0


@pytest.mark.parametrize("everybody", [False, True])
def test_what_waited_for_a_stop_is_no_alarm(everybody: bool) -> None:
    portal, other = settled(), settled()
    hub_id = None if everybody else portal.hub_id
    switches.stop("alice", "why", hub_id)
    switches.resume("alice", hub_id)
    for one in (portal, other):
        calls(one, 9_000)
    watch.sample()
    assert [row[0] for row in found()] == ([] if everybody else [other.pk])


def test_there_is_one_alarm_however_long_it_lasts(clock: Clock) -> None:
    portal = settled()
    for figure in (2_000, 3_000, 2_500):
        calls(portal, figure, ago=timedelta(minutes=10))
        watch.sample()
        watch.sample()
        CallMinute.objects.all().delete()
        clock.advance(minutes=20)
    assert found() == [(portal.pk, "calls", 3_000, 0)]


def test_it_is_over_when_nothing_was_found_for_half_an_hour(clock: Clock) -> None:
    portal = settled()
    calls(portal, 2_000)
    watch.sample()
    clock.advance(minutes=61)
    watch.sample()
    assert Anomaly.objects.get().ended_at is not None
    calls(portal, 2_100)
    assert watch.sample() == 1, "the next one is another"
    assert Anomaly.objects.open().count() == 1


def test_it_goes_on_until_below_the_limit_of_its_beginning(clock: Clock) -> None:
    """Though by then the days before it have become like it."""
    portal = settled()
    calls(portal, 4_000)
    watch.sample()
    for ago in range(1, 8):
        calls(portal, 4_000, ago=timedelta(days=ago, minutes=10))
    clock.advance(minutes=29)
    watch.sample()
    clock.advance(minutes=29)
    watch.sample()
    assert Anomaly.objects.open().count() == 1


def test_dismissed_it_stays_so_unless_it_becomes_twice_as_bad() -> None:
    portal = settled()
    calls(portal, 2_000)
    watch.sample()
    assert watch.dismiss(Anomaly.objects.get(), "staff alice")
    assert not watch.dismiss(Anomaly.objects.get(), "staff bob"), "once"
    calls(portal, 3_900)
    assert watch.sample() == 0
    assert not Anomaly.objects.alarming().exists()
    calls(portal, 4_000)
    assert watch.sample() == 1
    assert Anomaly.objects.alarming().get().figure == 4_000
    (entry,) = AuditEntry.objects.filter(action="found an anomaly to be all right")
    assert (entry.portal, entry.actor) == (portal, "staff alice")
    assert "2,000 in an hour" in entry.detail


def test_a_portal_that_has_left_is_not_looked_at() -> None:
    portal = settled(state=Portal.State.DISCONNECTED)
    calls(portal, 30_000)
    assert watch.sample() == 0


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_two_beats_leave_one_row(self) -> None:
        portal = settled()
        calls(portal, 5_000, denied=500)

        def beat(_: int) -> int:
            try:
                return watch.sample()
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            begun = list(pool.map(beat, range(8)))
        assert sum(begun) == 2
        assert Anomaly.objects.count() == 2

    def test_the_loser_waits_for_the_winner_and_finds_its_row(self) -> None:
        """The winner has written, and has not committed yet."""
        portal = settled()
        calls(portal, 5_000)
        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                assert watch.sample() == 1
                loser = pool.submit(_sample_and_close)
                wait_for(_somebody_waits_for_a_lock, what="the loser")
            assert loser.result() == 0
        assert Anomaly.objects.count() == 1

    def test_of_two_who_dismiss_one_is_written_down(self) -> None:
        portal = settled()
        calls(portal, 5_000)
        watch.sample()
        row = Anomaly.objects.get()

        def dismiss(name: str) -> bool:
            try:
                return watch.dismiss(row, name)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(dismiss, ["alice", "bob"])) == [False, True]
        assert AuditEntry.objects.filter(action="found an anomaly to be all right").count() == 1

    def test_what_was_heard_is_counted_once(self) -> None:
        portals = [settled() for _ in range(20)]
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.hset("hubapp:limit:era:others", mapping={str(one.hub_id): 7 for one in portals})
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: _sample_and_close(), range(4)))
        assert set(OthersCalls.objects.values_list("calls", flat=True)) == {7}
        assert OthersCalls.objects.count() == 20


def _sample_and_close() -> int:
    try:
        return watch.sample()
    finally:
        connection.close()


def _somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_old_ones_go(clock: Clock) -> None:
    portal = settled()
    calls(portal, 5_000)
    others(portal, 100)
    watch.sample()
    clock.advance(hours=2)
    watch.sample()
    clock.advance(days=89)
    tasks.purge_flows()
    assert Anomaly.objects.count() == 2
    clock.advance(days=1)
    tasks.purge_flows()
    retention.purge_calls(5)
    assert not Anomaly.objects.exists()
    assert not OthersCalls.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_stolen_token_is_noticed_by_what_hubspot_counts(hubspot: HubSpot) -> None:
    """Somebody calls HubSpot with the token of one portal, past us, while we go on as usual with both."""
    trust_limiter()
    portal, neighbour = installed(hubspot), installed(hubspot)
    stolen = client_for(portal, WorkClass.BULK).tokens.current().value.reveal()
    made = Counter[str]()

    def round_of_calls(at: datetime) -> bool:
        for _ in range(10):
            answer = httpx2.get(f"{settings.HUBSPOT_API_URL}{CONTACTS}", headers={"Authorization": f"Bearer {stolen}"})
            made["stolen"] += answer.is_success
        for one in (portal, neighbour):
            objects.list_page(client_for(one, WorkClass.BULK), "contacts", limit=1)
        others_calls.keep(at)
        heard = OthersCalls.objects.filter(portal=portal, at=at).aggregate(n=Sum("calls", default=0))["n"]
        return bool(heard >= 8)  # of calls more than ten seconds ago nothing is told, and machines may be slow

    minute = timezone.now().replace(second=0, microsecond=0)
    for before in range(3, 0, -1):
        wait_for(partial(round_of_calls, minute - timedelta(minutes=before)), what="what headers tell")
    watch.sample()
    ((portal_id, kind, figure, usual),) = found()
    assert (portal_id, kind, usual) == (portal.pk, "others", 0)
    assert 20 < figure <= made["stolen"], "a sample, and never too many"
    assert set(OthersCalls.objects.values_list("portal_id", flat=True)) == {portal.pk}
