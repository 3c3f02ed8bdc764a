"""The limiter beside a real Redis that hangs, dies, is full or forgets, in real time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import redis

from demo.redis import Redis
from hubspot_api.ports import Bucket
from installations.ratelimit import LimiterFull, Permit, RateLimiter, WorkClass
from installations.ratelimit.limits import OF_THE_APP
from tests.settings import BASE_DIR, PLACE

from .limiter_callers import LIMIT, SMALL, WINDOW_S

BURST, URGENT, BULK = Bucket.BURST, WorkClass.URGENT, WorkClass.BULK
PATIENCE_S = 20.0  # for what takes well under a second on a machine that is not busy


@pytest.fixture(scope="module")
def place() -> Iterator[Redis]:
    """A Redis of this module alone, which its tests maltreat."""
    folder = PLACE / "limiter"
    folder.mkdir(mode=0o711)
    server = Redis(folder / "data", folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(place: Redis) -> Redis:
    with redis.Redis.from_url(place.url) as client:
        client.flushall()
    RateLimiter(place.url).declare_idle()
    return place


def until(said: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not said():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def used(limiter: RateLimiter) -> int:
    return limiter.usage(1).buckets[BURST].used


def take(limiter: RateLimiter, wait_s: float = 0.0) -> Permit:
    permit = limiter.admit(1, BURST, URGENT, wait_s=wait_s)
    assert isinstance(permit, Permit)
    return permit.__enter__()


def process_of(server: Redis) -> subprocess.Popen[bytes]:
    assert server.process is not None
    return server.process


def test_a_portal_that_uses_all_it_may_costs_less_than_3300_bytes(server: Redis) -> None:
    limiter = RateLimiter(server.url)
    for left in reversed(range(110)):
        headers = {"x-hubspot-ratelimit-max": "110", "x-hubspot-ratelimit-remaining": str(left)}
        take(limiter).answered(200, headers)
    with redis.Redis.from_url(server.url) as client:
        keys = list(client.scan_iter("hubapp:limit:{1}:*"))
        assert sorted(keys) == [b"hubapp:limit:{1}:burst", b"hubapp:limit:{1}:burst:state"]
        assert {client.object("encoding", key) for key in keys} <= {b"listpack", b"ziplist"}
        assert sum(client.memory_usage(key) or 0 for key in keys) < 3300
        assert all(0 < client.pttl(key) <= 25_000 for key in keys)


def test_threads_of_two_limiters_share_the_places(server: Redis) -> None:
    limiters = [RateLimiter(server.url), RateLimiter(server.url)]
    taken: list[Permit] = []

    def greedily(limiter: RateLimiter) -> None:
        while True:
            try:
                taken.append(take(limiter))
            except LimiterFull:
                return

    threads = [threading.Thread(target=greedily, args=(limiters[n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 110


def test_who_comes_back_at_retry_at_may_go(server: Redis) -> None:
    limiter = RateLimiter(server.url, SMALL)
    for _ in range(LIMIT):
        take(limiter).answered(200, {})
    with pytest.raises(LimiterFull) as full:
        take(limiter)
    assert full.value.hub_id == 1
    assert full.value.bucket is BURST
    time.sleep(max(0.0, (full.value.retry_at - datetime.now(UTC)).total_seconds()))
    take(limiter, wait_s=0.1)


def test_bulk_leaves_the_last_place(server: Redis) -> None:
    limiter = RateLimiter(server.url, SMALL)
    for _ in range(LIMIT - 1):
        take(limiter)
    with pytest.raises(LimiterFull):
        limiter.admit(1, BURST, BULK)
    take(limiter)


def test_a_piece_of_work_that_reserved_its_calls_finishes_at_a_full_limiter(server: Redis) -> None:
    limiter = RateLimiter(server.url, SMALL)
    with limiter.reserve(1, BURST, WorkClass.EVENTS, calls=3) as gate:
        while used(limiter) < LIMIT:
            take(limiter)
        for _ in range(2):
            with gate.admit(BURST, longest=10) as permit:
                permit.answered(200, {})
        assert gate.left == 1
    until(lambda: used(limiter) == LIMIT - 1)


def test_several_buckets_are_taken_together_or_not_at_all(server: Redis) -> None:
    limiter = RateLimiter(server.url, SMALL)
    for _ in range(4):
        limiter.admit(1, Bucket.SEARCH, URGENT)
    with pytest.raises(LimiterFull) as full:
        limiter.reserve(1, [BURST, Bucket.SEARCH], URGENT, wait_s=0)
    assert full.value.bucket is Bucket.SEARCH
    assert used(limiter) == 0


@pytest.mark.parametrize("bucket", sorted(OF_THE_APP))
def test_what_is_counted_for_the_app_has_one_bucket_for_all_portals(server: Redis, bucket: Bucket) -> None:
    """The token endpoint, and the journal with its subscriptions and snapshots."""
    limiter = RateLimiter(server.url)
    for hub_id in range(limiter.limits.of(bucket).calls):
        limiter.admit(hub_id, bucket, URGENT)
    with pytest.raises(LimiterFull) as full:
        limiter.admit(999, bucket, URGENT, wait_s=0)
    assert full.value.hub_id is None


@pytest.mark.parametrize("buckets", [[], [Bucket.EXEMPT], [BURST, Bucket.OAUTH]])
def test_what_can_never_be_had_is_refused(server: Redis, buckets: list[Bucket]) -> None:
    with pytest.raises(ValueError, match="can never be had"):
        RateLimiter(server.url).reserve(1, buckets, URGENT)


def test_more_calls_than_the_limit_are_refused(server: Redis) -> None:
    with pytest.raises(ValueError, match="can never be had"):
        RateLimiter(server.url, SMALL).reserve(1, BURST, URGENT, calls=LIMIT + 1)


def test_a_call_that_nobody_counts_needs_no_redis() -> None:
    with RateLimiter("unix:///nowhere").admit(1, Bucket.EXEMPT, BULK) as permit:
        permit.answered(200, {})


def arrivals_of_processes(server: Redis, seconds: float, meanwhile: Callable[[], None]) -> list[float]:
    """Have three processes call as often as they may, and return when each call arrived."""
    command = [sys.executable, "-m", "tests.installations.limiter_callers", server.url, "4", str(seconds)]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    children = [subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE) for _ in range(3)]
    until(lambda: used(RateLimiter(server.url)) > 0)
    meanwhile()
    arrivals = sorted(time for child in children for time in json.loads(child.communicate()[0]))
    assert all(child.returncode == 0 for child in children)
    return arrivals


def fullest(arrivals: list[float]) -> int:
    """Return the most calls that any window holds."""
    return max(sum(start <= time < start + WINDOW_S for time in arrivals) for start in arrivals)


def test_several_processes_never_exceed_the_limit(server: Redis) -> None:
    arrivals = arrivals_of_processes(server, 6, lambda: None)
    assert len(arrivals) > LIMIT
    assert fullest(arrivals) <= LIMIT


def flush_all(server: Redis) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.flushall()


def restart(server: Redis) -> None:
    process_of(server).kill()
    process_of(server).wait()
    server.start()


def fail_over_to_an_empty_replica(server: Redis) -> None:
    process_of(server).kill()
    process_of(server).wait()
    shutil.rmtree(server.data)
    server.start()


@pytest.mark.parametrize("disaster", [flush_all, restart, fail_over_to_an_empty_replica])
def test_no_window_is_over_the_limit_when_redis_forgets_under_load(
    server: Redis, disaster: Callable[[Redis], None]
) -> None:
    happened: list[float] = []

    def strike() -> None:
        time.sleep(WINDOW_S / 2)  # in the middle of a full window
        happened.append(time.monotonic())
        disaster(server)
        until(lambda: used(RateLimiter(server.url)) > 0)

    arrivals = arrivals_of_processes(server, 7, strike)
    assert fullest(arrivals) <= LIMIT
    before = [at for at in arrivals if at <= happened[0]]
    assert len(before) >= LIMIT / 2
    assert len(arrivals) > len(before) + LIMIT / 2, "they go on"


def test_a_redis_that_hangs_holds_nobody_up(server: Redis) -> None:
    limiter = RateLimiter(server.url)
    take(limiter)
    process = process_of(server)
    process.send_signal(signal.SIGSTOP)
    try:
        waits = _waits_of_threads(limiter, 8)
    finally:
        process.send_signal(signal.SIGCONT)
    assert max(waits) < 5
    until(lambda: not limiter.usage(1).degraded)
    until(lambda: used(limiter) <= 2)  # what was asked meanwhile came too late to take places
    take(limiter, wait_s=PATIENCE_S)


def _waits_of_threads(limiter: RateLimiter, count: int) -> list[float]:
    waits: list[float] = []

    def ask() -> None:
        started = time.monotonic()
        with pytest.raises(LimiterFull):
            take(limiter)
        waits.append(time.monotonic() - started)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waits) == count
    return waits


def test_a_redis_that_was_killed_is_found_again_and_not_trusted(server: Redis) -> None:
    limiter = RateLimiter(server.url)
    permit = take(limiter)
    process_of(server).kill()
    process_of(server).wait()
    with pytest.raises(LimiterFull, match="Redis is away"):
        take(limiter)
    permit.answered(200, {})
    assert limiter.usage(1).degraded
    server.start()
    until(lambda: not limiter.usage(1).degraded)
    with pytest.raises(LimiterFull, match="not known"):
        take(limiter, wait_s=2)
    until(lambda: used(limiter) == 1)


def test_answers_are_reported_once_redis_is_back(server: Redis) -> None:
    limiter = RateLimiter(server.url, SMALL)
    permits = [take(limiter) for _ in range(LIMIT)]
    process = process_of(server)
    process.send_signal(signal.SIGSTOP)
    try:
        for permit in permits:
            permit.answered(200, {})
        time.sleep(0.5)
    finally:
        process.send_signal(signal.SIGCONT)
    take(limiter, wait_s=PATIENCE_S)  # unreported, they would come back after 13 s


def test_a_redis_that_is_full_still_counts_calls(server: Redis) -> None:
    limiter = RateLimiter(server.url)
    take(limiter)
    with redis.Redis.from_url(server.url) as client:
        client.config_set("maxmemory", 1)
        try:
            with pytest.raises(redis.exceptions.OutOfMemoryError):
                client.set("anything", 1)
            take(limiter)
            time.sleep(0.15)  # the era is written again
            take(limiter).answered(200, {})
            assert used(limiter) == 3
        finally:
            client.config_set("maxmemory", 0)


def test_a_redis_that_refuses_counts_as_away(server: Redis) -> None:
    limiter = RateLimiter(server.url)
    take(limiter)
    with redis.Redis.from_url(server.url) as client:
        client.replicaof("127.0.0.1", 1)  # as after a failover: what was the primary takes no writes
        try:
            with pytest.raises(LimiterFull, match="Redis is away"):
                take(limiter)
        finally:
            client.replicaof("NO", "ONE")
    until(lambda: not limiter.usage(1).degraded)
    take(limiter)


def test_a_flush_is_noticed(server: Redis) -> None:
    limiter = RateLimiter(server.url)
    take(limiter)
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
        with pytest.raises(LimiterFull, match="not known"):
            take(limiter)
        client.script_flush()
    assert limiter.usage(1).buckets[BURST].frozen_until


def test_a_forked_process_has_a_limiter_of_its_own(server: Redis) -> None:
    script = (
        "import os, django.conf\n"
        f"django.conf.settings.configure(REDIS_URL={server.url!r})\n"
        "from installations.ratelimit import WorkClass, gate_for, limiter\n"
        "from hubspot_api.ports import Bucket\n"
        "gate, before = gate_for(1, WorkClass.URGENT), limiter()\n"
        "def call():\n"
        "    with gate.admit(Bucket.BURST, 10) as permit: permit.answered(200, {})\n"
        "call()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    call()\n"
        "    os._exit(0 if limiter() is not before else 1)\n"
        "raise SystemExit(os.waitpid(child, 0)[1])\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=BASE_DIR, check=True, timeout=60)
    assert used(RateLimiter(server.url)) == 2
