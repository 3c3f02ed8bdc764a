"""What the limiter does when Redis forgot, was away, or has a clock that was set: one process after another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
import redis

from demo.redis import Redis
from hubspot_api.errors import NotSent
from hubspot_api.ports import Bucket
from installations.ratelimit import LimiterFull, Permit, RateLimiter, WorkClass

from .limiter_world import HUB_ID, World, limiter_in, patient

LIMIT = 110
BURST, URGENT, BULK = Bucket.BURST, WorkClass.URGENT, WorkClass.BULK


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


def take(limiter: RateLimiter, bucket: Bucket = BURST) -> Permit | None:
    """Begin an urgent call if that is possible at once."""
    with suppress(LimiterFull):
        permit = limiter.admit(HUB_ID, bucket, URGENT, wait_s=0)
        assert isinstance(permit, Permit)
        return permit.__enter__()
    return None


def take_all(limiter: RateLimiter) -> list[Permit]:
    """Begin urgent calls until the limiter is full."""
    return list(iter(lambda: take(limiter), None))


def used(limiter: RateLimiter) -> int:
    return limiter.usage(HUB_ID).buckets[BURST].used


def test_a_place_comes_back_a_window_after_the_answer(limiter: RateLimiter, world: World) -> None:
    permits = take_all(limiter)
    assert len(permits) == LIMIT
    world.now = 5
    permits[0].answered(200, {})
    world.now = 15
    assert take(limiter) is None
    world.now = 15.02
    assert take(limiter)
    assert take(limiter) is None


def test_the_place_of_an_unanswered_call_comes_back_when_the_call_is_certainly_over(
    limiter: RateLimiter, world: World
) -> None:
    take_all(limiter)
    world.now = 0.5 + 10 + 10  # begun at most half a second late, ten seconds under way, and then a window
    assert take(limiter) is None
    world.now += 0.02
    assert len(take_all(limiter)) == LIMIT


def test_a_call_that_was_never_sent_gives_its_place_back_at_once(limiter: RateLimiter) -> None:
    permit = limiter.admit(HUB_ID, BURST, URGENT)
    assert used(limiter) == 1
    with pytest.raises(NotSent), permit:
        raise NotSent
    assert used(limiter) == 0


def test_a_new_redis_waits_a_window(world: World, url: str) -> None:
    limiter = limiter_in(world, url)
    with pytest.raises(LimiterFull) as full:
        limiter.admit(HUB_ID, BURST, URGENT)
    wait_s = (full.value.retry_at - world.wall()).total_seconds()
    assert 11 <= wait_s < 11.1
    world.now = wait_s
    assert len(take_all(limiter)) == LIMIT


def test_calls_under_way_at_a_flush_are_counted_again_when_answered(
    limiter: RateLimiter, world: World, url: str
) -> None:
    permits = take_all(limiter)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    assert take(limiter) is None
    world.now = 8
    for permit in permits:
        permit.answered(200, {})
    world.now = 17  # the era is old enough, the answers are not
    assert take(limiter) is None
    world.now = 18.02
    assert take(limiter)


def test_calls_given_up_after_a_flush_are_counted_again(limiter: RateLimiter, world: World, url: str) -> None:
    permits = take_all(limiter)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    world.now = 10
    for permit in permits:
        permit.__exit__(None, None, None)
    world.now = 20.9
    assert take(limiter) is None
    world.now = 21.1
    assert take(limiter)


def test_another_server_is_not_trusted_with_what_it_knows(limiter: RateLimiter, url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.hset("hubapp:limit:era", "run", "another")
    assert take(limiter) is None
    assert limiter.usage(HUB_ID).buckets[BURST].frozen_until


def test_redis_clock_set_back_keeps_no_place_longer(limiter: RateLimiter, world: World) -> None:
    for permit in take_all(limiter):
        permit.answered(200, {})
    world.redis_set_s = -600
    assert take(limiter) is None
    world.now = 10.1
    assert len(take_all(limiter)) == LIMIT


@pytest.mark.parametrize("ahead_s", [3, 9, 600])
def test_redis_clock_set_forward_gives_nothing_away(limiter: RateLimiter, world: World, ahead_s: int) -> None:
    for permit in take_all(limiter):
        permit.answered(200, {})
    world.now = 1
    world.redis_set_s = ahead_s
    assert take_all(limiter) == []
    world.now = 11
    assert take_all(limiter) == []
    world.now = 13
    assert len(take_all(limiter)) == LIMIT


def test_a_leap_of_another_servers_clock_that_was_slow_is_noticed(limiter: RateLimiter, world: World, url: str) -> None:
    """Searches may begin again two seconds after a failover: sooner than old knowledge of the clock is given up."""
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    world.redis_set_s = -36_000
    assert take(limiter, Bucket.SEARCH) is None
    world.now = 2.1
    while take(limiter, Bucket.SEARCH):
        pass
    world.redis_set_s += 600
    assert take(limiter, Bucket.SEARCH) is None


def test_lost_answers_cost_no_places(limiter: RateLimiter, world: World) -> None:
    world.lost = 1
    assert take(limiter) is None
    world.lost = 0
    world.now = 0.5
    permit = take(limiter)
    assert permit
    permit.answered(200, {})
    assert used(limiter) == 1


def test_who_asks_again_after_a_lost_answer_gets_what_it_gave(limiter: RateLimiter, world: World) -> None:
    for _ in range(LIMIT - 1):
        take(limiter)
    given: list[Permit] = []

    def ask() -> None:
        permit = limiter.admit(HUB_ID, BURST, URGENT)
        assert isinstance(permit, Permit)
        given.append(permit)

    world.lost = 1
    world.spawn(ask)
    world.run(0.1)
    world.lost = 0
    world.run(1)
    world.end()
    assert len(given) == 1
    assert used(limiter) == LIMIT


def test_a_question_answered_too_late_does_nothing(limiter: RateLimiter, world: World, url: str) -> None:
    """A Redis that was stopped answers everything it was ever sent: nobody waits for that any more."""
    with redis.Redis.from_url(url) as client:
        asked: list[bytes] = []
        with client.monitor() as monitor:
            take(limiter)
            while not asked:
                command = monitor.next_command()["command"]
                asked = [command.encode()] if "EVALSHA" in command.upper() and " take " in command else []
        client.set("told:ms", world.redis_ms() + 30_000)
        words = asked[0].decode().split(" ")
        assert client.execute_command(*words)[0] == -2


class TestWithoutRedis:
    """Eight processes are expected, so each may make 110 // 16 calls in any ten seconds."""

    def test_nothing_is_let_through_while_others_calls_may_be_in_the_window(
        self, limiter: RateLimiter, world: World
    ) -> None:
        take(limiter)
        world.redis_away = True
        for world.now in (1.0, 5.0, 11.9):
            assert take(limiter) is None
        world.now = 12.1
        assert len(take_all(limiter)) == 6

    def test_a_local_place_comes_back_a_window_after_the_answer(self, limiter: RateLimiter, world: World) -> None:
        world.redis_away = True
        take(limiter)
        world.now = 20.0
        permits = take_all(limiter)
        permits[0].answered(200, {})
        world.now = 30.0
        assert take(limiter) is None
        world.now = 30.1
        assert len(take_all(limiter)) == 1

    def test_what_was_called_without_it_is_reported_afterwards(self, limiter: RateLimiter, world: World) -> None:
        world.redis_away = True
        take(limiter)
        world.now = 20.0
        permits = take_all(limiter)
        world.redis_away = False
        world.now = 21.0
        assert used(limiter) == len(permits) == 6
        assert not limiter.usage(HUB_ID).degraded

    def test_the_first_to_find_redis_back_leaves_half_to_the_others(
        self, limiter: RateLimiter, world: World, url: str
    ) -> None:
        other = limiter_in(world, url)
        take(other)
        world.redis_away = True
        take(limiter)
        take(other)
        world.now = 20.0
        assert len(take_all(other)) == 6
        world.redis_away = False
        assert len(take_all(limiter)) + 1 == LIMIT / 2

    def test_a_small_allowance_has_no_local_part(self, limiter: RateLimiter, world: World) -> None:
        world.redis_away = True
        take(limiter)
        world.now = 20.0
        with pytest.raises(LimiterFull):
            limiter.admit(HUB_ID, Bucket.SEARCH, URGENT, wait_s=0)

    def test_usage_says_that_it_knows_little(self, limiter: RateLimiter, world: World) -> None:
        world.redis_away = True
        take(limiter)
        world.now = 20.0
        take(limiter)
        usage = limiter.usage(HUB_ID)
        assert usage.degraded
        assert (usage.buckets[BURST].used, usage.buckets[BURST].limit) == (1, 6)

    def test_it_is_found_again_within_half_a_second(self, limiter: RateLimiter, world: World) -> None:
        world.redis_away = True
        take(limiter)
        world.redis_away = False
        world.now = 0.5
        assert take(limiter)


def test_what_was_reserved_in_vain_costs_no_pace(limiter: RateLimiter) -> None:
    """Bulk work that reserves and gives back, again and again, may call as soon as if it had not."""
    for _ in range(50):
        with limiter.reserve(HUB_ID, BURST, BULK, calls=5, wait_s=0):
            pass
    permit = limiter.admit(HUB_ID, BURST, BULK, wait_s=0)
    assert isinstance(permit, Permit)
