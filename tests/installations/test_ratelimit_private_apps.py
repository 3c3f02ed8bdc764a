"""A portal that is called by its own private app's token: its tier, and the day's allowance until its midnight."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis

from demo.redis import Redis
from hubspot_api.attempts import Surroundings
from hubspot_api.client import Client
from hubspot_api.errors import RateLimited
from hubspot_api.ports import Bucket, StaticToken
from hubspot_api.retrying import NO_RETRIES
from hubspot_api.said import Said
from installations.ratelimit import LimiterFull, Permit, PrivateApp, RateLimiter, WorkClass
from tests.clock import noon_zone
from tests.hubspot import HubSpot, wait_for

from .limiter_world import HUB_ID, World, limiter_in, patient

BURST, SEARCH, DAILY = Bucket.BURST, Bucket.SEARCH, Bucket.DAILY
URGENT, BULK = WorkClass.URGENT, WorkClass.BULK
NEW_YORK = PrivateApp("America/New_York")
MIDNIGHT = datetime(2027, 1, 16, 5, tzinfo=UTC)  # the next one in New York when a world begins
HOUR = 3600.0


@pytest.fixture
def url(redis_server: Redis) -> Iterator[str]:
    url = patient(redis_server.url, 9)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def limiter(world: World, url: str) -> RateLimiter:
    limiter = limiter_in(world, url)
    limiter.declare_idle()
    return limiter


def take(limiter: RateLimiter, bucket: Bucket = BURST, work_class: WorkClass = URGENT) -> Permit:
    permit = limiter.admit(HUB_ID, bucket, work_class, wait_s=0, private_app=NEW_YORK)
    assert isinstance(permit, Permit)
    return permit.__enter__()


def day(limit: int, left: int, burst: int = 100) -> dict[str, str]:
    """Headers of an answer, as HubSpot sends them to private apps."""
    return {
        "x-hubspot-ratelimit-max": str(burst),
        "x-hubspot-ratelimit-remaining": str(burst - 1),
        "x-hubspot-ratelimit-daily": str(limit),
        "x-hubspot-ratelimit-daily-remaining": str(left),
    }


def call(limiter: RateLimiter, headers: dict[str, str], bucket: Bucket = BURST) -> None:
    take(limiter, bucket).answered(200, headers)


def refused(permit: Permit, policy: str, headers: dict[str, str] | None = None) -> None:
    """The call is answered 429, and the body names a policy."""
    permit.answered(429, headers or {})
    with pytest.raises(RateLimited), permit:
        raise RateLimited(said=Said(status=429, policy=policy))


def put_off(limiter: RateLimiter, bucket: Bucket = BURST, work_class: WorkClass = URGENT) -> LimiterFull:
    with pytest.raises(LimiterFull) as full:
        take(limiter, bucket, work_class)
    return full.value


def how_many(limiter: RateLimiter) -> int:
    """Take all that may be taken at once, and return how many that was."""
    taken = 0
    while True:
        try:
            take(limiter)
        except LimiterFull:
            return taken
        taken += 1


def used_today(limiter: RateLimiter) -> int:
    return limiter.usage(HUB_ID, NEW_YORK).buckets[DAILY].used


@pytest.mark.parametrize("tier", [100, 190, 250])
def test_the_tier_is_learned_from_headers(limiter: RateLimiter, world: World, tier: int) -> None:
    call(limiter, day(1_000_000, 999_999, burst=tier))
    world.now = 20
    call(limiter, day(1_000_000, 999_998, burst=tier))
    assert limiter.usage(HUB_ID, NEW_YORK).buckets[BURST].limit == tier
    assert how_many(limiter) == tier - 1


def test_it_begins_with_the_lowest_tier(limiter: RateLimiter) -> None:
    take(limiter)
    usage = limiter.usage(HUB_ID, NEW_YORK)
    assert usage.buckets[BURST].limit == 100
    assert (usage.buckets[DAILY].used, usage.buckets[DAILY].limit) == (1, 250_000)


def test_no_header_makes_more_of_a_tier_than_there_are(limiter: RateLimiter) -> None:
    call(limiter, day(10**8, 10**8, burst=100_000))
    usage = limiter.usage(HUB_ID, NEW_YORK)
    assert usage.buckets[BURST].limit == 250
    assert usage.buckets[DAILY].limit == 3_000_000


def test_a_public_app_has_no_day(limiter: RateLimiter) -> None:
    with limiter.admit(HUB_ID, BURST, URGENT) as permit:
        permit.answered(200, day(10, 0))
    with limiter.admit(HUB_ID, BURST, URGENT) as permit:
        permit.answered(200, {})
    assert DAILY not in limiter.usage(HUB_ID).buckets


def test_nobody_asks_for_the_day_alone(limiter: RateLimiter) -> None:
    with pytest.raises(ValueError, match="can never be had"):
        limiter.admit(HUB_ID, DAILY, URGENT)


def test_what_is_left_of_the_day_may_be_called_and_then_nothing_until_midnight(
    limiter: RateLimiter, world: World
) -> None:
    call(limiter, day(250_000, 3))
    for _ in range(3):
        take(limiter)
    full = put_off(limiter)
    assert (full.bucket, full.retry_at) == (DAILY, MIDNIGHT)
    assert put_off(limiter, SEARCH).bucket is DAILY
    usage = limiter.usage(HUB_ID, NEW_YORK).buckets[DAILY]
    assert (usage.used, usage.limit, usage.frozen_until) == (250_000, 250_000, MIDNIGHT)
    world.now = (MIDNIGHT - world.wall()).total_seconds() + 0.001
    call(limiter, day(250_000, 249_999))
    assert used_today(limiter) == 1


def test_searches_count_towards_the_day(limiter: RateLimiter) -> None:
    call(limiter, day(250_000, 1))
    call(limiter, {}, SEARCH)
    assert put_off(limiter).bucket is DAILY


def test_both_buckets_are_taken_or_neither(limiter: RateLimiter) -> None:
    call(limiter, day(250_000, 0))
    put_off(limiter)
    assert limiter.usage(HUB_ID, NEW_YORK).buckets[BURST].used == 1
    call_of_another = limiter.admit(HUB_ID + 1, BURST, URGENT, private_app=NEW_YORK)
    assert isinstance(call_of_another, Permit)


def test_others_use_of_the_day_is_heard_of(limiter: RateLimiter) -> None:
    for left in (249_999, 249_998, 200_000):
        call(limiter, day(250_000, left))
    assert used_today(limiter) == 50_000


def test_calls_under_way_count_on_top_of_what_hubspot_told(limiter: RateLimiter) -> None:
    call(limiter, day(250_000, 100))
    under_way = [take(limiter) for _ in range(5)]
    latest = take(limiter)
    latest.answered(200, day(250_000, 98))  # it has counted the latest; of the five perhaps one, perhaps others'
    assert used_today(limiter) == 249_902 + 5
    for permit in under_way:
        permit.answered(200, {})
    assert used_today(limiter) == 249_902 + 5


def test_an_answer_to_an_earlier_call_says_less_than_that_to_a_later_one(limiter: RateLimiter) -> None:
    call(limiter, day(250_000, 100))
    earlier, later = take(limiter), take(limiter)
    later.answered(200, day(250_000, 50))
    earlier.answered(200, day(250_000, 90))
    assert used_today(limiter) == 249_950 + 1


@pytest.mark.parametrize("headers", [{}, day(250_000, 0)])
def test_a_daily_429_ends_the_day(limiter: RateLimiter, headers: dict[str, str]) -> None:
    call(limiter, day(250_000, 1000))
    refused(take(limiter, SEARCH), "DAILY", headers)
    full = put_off(limiter)
    assert (full.bucket, full.retry_at) == (DAILY, MIDNIGHT)
    assert limiter.usage(HUB_ID, NEW_YORK).buckets[DAILY].rejected == 1


def test_a_daily_429_is_no_strike_against_the_burst(limiter: RateLimiter) -> None:
    refused(take(limiter), "DAILY", day(250_000, 0))
    burst = limiter.usage(HUB_ID, NEW_YORK).buckets[BURST]
    assert (burst.limit, burst.rejected, burst.frozen_until) == (100, 0, None)


def test_a_429_about_some_other_daily_limit_ends_no_day(limiter: RateLimiter, world: World) -> None:
    """Exports have one of their own; headers say that calls are left."""
    refused(take(limiter), "DAILY", day(250_000, 1000))
    world.now = 20
    call(limiter, day(250_000, 999))


def test_an_other_burst_429_ends_no_day(limiter: RateLimiter, world: World) -> None:
    refused(take(limiter), "TEN_SECONDLY_ROLLING")
    assert put_off(limiter).bucket is BURST
    world.now = 11
    call(limiter, day(250_000, 999))


def test_a_secondly_429_to_a_call_that_was_no_search_to_us_stops_searches(limiter: RateLimiter, world: World) -> None:
    refused(take(limiter), "SECONDLY")
    world.now = 0.5
    assert put_off(limiter, SEARCH).bucket is SEARCH


def test_bulk_work_leaves_a_tenth_of_the_day_and_events_a_hundredth(limiter: RateLimiter) -> None:
    call(limiter, day(250_000, 25_001))
    take(limiter, BURST, BULK).answered(200, {})
    assert put_off(limiter, BURST, BULK).bucket is DAILY
    call(limiter, day(250_000, 2_501))
    take(limiter, BURST, WorkClass.EVENTS)
    assert put_off(limiter, BURST, WorkClass.EVENTS).bucket is DAILY
    take(limiter)


def test_a_call_that_was_never_sent_is_given_back(limiter: RateLimiter) -> None:
    call(limiter, day(250_000, 1))
    limiter.unused(take(limiter))
    take(limiter)
    assert put_off(limiter).bucket is DAILY


def test_asking_again_after_a_lost_answer_counts_once(limiter: RateLimiter, world: World) -> None:
    call(limiter, day(250_000, 10))
    world.lost = 1
    put_off(limiter)
    world.lost = 0
    world.now = 0.5
    take(limiter).answered(200, {})
    assert used_today(limiter) == 249_991


class TestMidnight:
    def test_calls_under_way_may_count_for_the_new_day(self, limiter: RateLimiter, world: World) -> None:
        call(limiter, day(250_000, 100))
        for _ in range(7):
            take(limiter)
        world.now = (MIDNIGHT - world.wall()).total_seconds() - 1
        under_way = [take(limiter) for _ in range(4)]
        world.now += 2
        assert used_today(limiter) == 4
        under_way[0].answered(200, day(250_000, 80))  # begun the day before: says nothing of this one
        assert used_today(limiter) == 4

    def test_a_new_day_begins_with_a_few_calls(self, limiter: RateLimiter, world: World) -> None:
        call(limiter, day(250_000, 100))
        world.now = (MIDNIGHT - world.wall()).total_seconds() + 1
        assert how_many(limiter) == 2
        assert put_off(limiter).retry_at - world.wall() < timedelta(seconds=1)

    @pytest.mark.parametrize("private_app", [PrivateApp("Nowhere/At_All"), PrivateApp(""), PrivateApp("America")])
    def test_an_unknown_time_zone_is_utc(self, private_app: PrivateApp) -> None:
        at = datetime(2026, 7, 1, 1, tzinfo=UTC)
        assert private_app.midnights_ms(at)[1] == datetime(2026, 7, 1, tzinfo=UTC).timestamp() * 1000

    @pytest.mark.parametrize(
        ("zone", "at", "hours"),
        [
            ("America/New_York", datetime(2026, 3, 8, 12, tzinfo=UTC), 23),
            ("America/New_York", datetime(2026, 11, 1, 12, tzinfo=UTC), 25),
            ("America/Santiago", datetime(2026, 9, 6, 12, tzinfo=UTC), 23),  # its clocks change at midnight
            ("Asia/Kolkata", datetime(2026, 3, 8, 12, tzinfo=UTC), 24),
        ],
    )
    def test_days_are_as_long_as_the_accounts_clock_says(self, zone: str, at: datetime, hours: int) -> None:
        _, begins, ends, _ = PrivateApp(zone).midnights_ms(at)
        assert begins <= at.timestamp() * 1000 < ends
        assert ends - begins == hours * HOUR * 1000

    def test_hubspots_midnight_may_come_a_little_later_than_ours(self, limiter: RateLimiter, world: World) -> None:
        """Its clock is behind: a minute later we look again, rather than a day."""
        call(limiter, day(250_000, 100))
        world.now = (MIDNIGHT - world.wall()).total_seconds() + 1
        refused(take(limiter), "DAILY")
        full = put_off(limiter)
        assert full.retry_at == MIDNIGHT + timedelta(seconds=61)
        world.now += 60.1
        call(limiter, day(250_000, 249_999))
        assert used_today(limiter) == 1

    def test_what_is_said_later_in_the_day_holds(self, limiter: RateLimiter, world: World) -> None:
        world.now = (MIDNIGHT - world.wall()).total_seconds() + 3 * HOUR
        refused(take(limiter), "DAILY")
        assert put_off(limiter).retry_at == MIDNIGHT + timedelta(days=1)

    def test_a_process_whose_clock_is_wrong_has_the_same_midnight(
        self, limiter: RateLimiter, world: World, url: str
    ) -> None:
        call(limiter, day(250_000, 1))
        wrong = limiter_in(world, url)
        wrong._now = lambda: world.wall() + timedelta(hours=14)
        take(wrong)
        assert used_today(limiter) == 250_000
        assert put_off(wrong).retry_at == MIDNIGHT + timedelta(hours=14)  # by its clock, so just as far away

    @pytest.mark.parametrize("set_back_s", [-600, -5 * HOUR])
    def test_redis_clock_set_back_over_midnight_begins_no_old_day(
        self, limiter: RateLimiter, world: World, set_back_s: float
    ) -> None:
        world.now = (MIDNIGHT - world.wall()).total_seconds() + 20
        call(limiter, day(250_000, 150_000))
        world.redis_set_s = set_back_s
        world.now += 1
        take(limiter)
        assert used_today(limiter) == 100_001


class TestAfterRedisForgot:
    def test_a_few_calls_find_out_what_is_left(self, limiter: RateLimiter, world: World, url: str) -> None:
        call(limiter, day(250_000, 100))
        with redis.Redis.from_url(url) as client:
            client.flushdb()
        assert put_off(limiter).bucket is BURST
        world.now = 12
        probe = take(limiter)
        take(limiter)
        full = put_off(limiter)
        assert (full.bucket, full.retry_at - world.wall() < timedelta(seconds=1)) == (DAILY, True)
        probe.answered(200, day(250_000, 9))
        assert how_many(limiter) == 8  # and one is under way

    def test_a_restart_keeps_the_count_and_asks_again(self, limiter: RateLimiter, world: World, url: str) -> None:
        call(limiter, day(250_000, 100))
        with redis.Redis.from_url(url) as client:
            client.hset("hubapp:limit:era", "run", "another")
        world.now = 12
        assert put_off(limiter).bucket is BURST  # the era begins
        world.now = 24
        assert used_today(limiter) == 249_900
        assert how_many(limiter) == 2

    def test_work_that_needs_several_calls_is_not_kept_waiting_for_ever(self, limiter: RateLimiter) -> None:
        with limiter.reserve(HUB_ID, BURST, BULK, calls=5, wait_s=0, private_app=NEW_YORK) as gate:
            for _ in range(5):
                with gate.admit(BURST, 10) as permit:
                    permit.answered(200, {})
        assert used_today(limiter) == 5

    def test_without_redis_a_429_closes_the_day_for_this_process(self, limiter: RateLimiter, world: World) -> None:
        world.redis_away = True
        put_off(limiter)
        world.now = 13
        refused(take(limiter), "DAILY")
        assert put_off(limiter).bucket is DAILY

    def test_without_redis_a_processs_part_is_of_the_lowest_tier(self, limiter: RateLimiter, world: World) -> None:
        world.redis_away = True
        put_off(limiter)
        world.now = 13
        assert how_many(limiter) == 100 // 16


class TestAtTheEmulator:
    """Its headers, its bodies, and the real clock of a real Redis."""

    @pytest.fixture
    def app(self) -> PrivateApp:
        return PrivateApp(noon_zone())

    @pytest.fixture
    def client(self, hubspot: HubSpot, app: PrivateApp, redis_server: Redis) -> Client:
        portal = {"hub_id": HUB_ID, "tier": "professional", "time_zone": app.time_zone, "users": [], "seed": {}}
        hubspot.call("POST", "/_emulator/portals", portal)
        wanted = {"private_app": True, "scopes": ["crm.objects.contacts.read"]}
        token = hubspot.call("POST", f"/_emulator/portals/{HUB_ID}/tokens", wanted)["access_token"]
        with redis.Redis.from_url(redis_server.url) as connection:
            connection.flushdb()
        limiter = RateLimiter(redis_server.url)
        limiter.declare_idle()
        gate = limiter.gate_for(HUB_ID, URGENT, private_app=app)
        self.limiter = limiter
        surroundings = Surroundings(gate=gate, retries=NO_RETRIES)
        return Client(StaticToken(token), hub_id=HUB_ID, surroundings=surroundings, api_url=hubspot.url)

    def test_tier_and_day_are_learned(self, client: Client, hubspot: HubSpot, app: PrivateApp) -> None:
        hubspot.call("POST", f"/_emulator/portals/{HUB_ID}/limits", {"private_app_calls_today": 400_000})
        self.read(client)

        def known() -> bool:
            found = self.limiter.usage(HUB_ID, app).buckets
            burst, day = found[BURST], found[DAILY]
            return (burst.limit, day.limit, day.used) == (190, 625_000, 400_001)

        wait_for(known, what="what the headers say")

    def test_the_last_calls_of_the_day_are_made_and_none_is_refused(
        self, client: Client, hubspot: HubSpot, app: PrivateApp
    ) -> None:
        hubspot.call("POST", f"/_emulator/portals/{HUB_ID}/limits", {"private_app_calls_today": 624_990})
        full = self.read_until_put_off(client, app)
        assert len(hubspot.requests(HUB_ID)) == 10
        midnight = datetime.fromtimestamp(app.midnights_ms(datetime.now(UTC))[2] / 1000, UTC)
        assert abs(full.retry_at - midnight) < timedelta(seconds=5)
        assert {call["status"] for call in hubspot.requests(HUB_ID)} == {200}

    def test_a_daily_429_to_a_search_stops_the_portal(self, client: Client, hubspot: HubSpot, app: PrivateApp) -> None:
        """Search answers carry no headers: only the body says that it was the day."""
        hubspot.call("POST", f"/_emulator/portals/{HUB_ID}/limits", {"private_app_calls_today": 625_000})
        with pytest.raises(RateLimited):
            client.request("POST", "/crm/objects/{version}/contacts/search", json={}, bucket=SEARCH)
        wait_for(lambda: self.limiter.usage(HUB_ID, app).buckets[DAILY].frozen_until, what="the end of the day")
        with pytest.raises(LimiterFull):
            self.read(client)
        assert len(hubspot.requests(HUB_ID)) == 1

    def read(self, client: Client) -> None:
        client.request("GET", "/crm/objects/{version}/contacts")

    def read_until_put_off(self, client: Client, app: PrivateApp) -> LimiterFull:
        """One call after another, each once the answer before it was reported: else it would count as under way."""
        while True:
            try:
                self.read(client)
            except LimiterFull as full:
                return full
            wait_for(lambda: not self.limiter.usage(HUB_ID, app).buckets[DAILY].by_class[URGENT], what="the report")
