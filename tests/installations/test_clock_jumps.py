"""Clocks that jump ten minutes, forwards or backwards: nothing goes over a limit, and nothing ends before its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import redis
from django.utils import timezone

from demo.redis import Redis
from hubspot_api.errors import InvalidSignature
from hubspot_api.ports import Bucket
from hubspot_api.secret import Secret
from hubspot_api.signatures import sign_v3, verify_v3
from installations.credentials import tokens
from installations.credentials.vault import Vault
from installations.models import Credential
from installations.ratelimit import LimiterFull, WorkClass
from lanes import claims
from lanes.models import Lane
from tests.portals import make_portal

from .limiter_world import HUB_ID, patient
from .renewal.token_endpoint import Endpoint, expire
from .test_ratelimit_shares import WARM, Busy

TEN_MINUTES = 600.0
JUMPS = [TEN_MINUTES, -TEN_MINUTES]


class Jumping:
    """The time of day as this process believes it to be."""

    def __init__(self) -> None:
        self.shift_s = 0.0
        self._now = timezone.now

    def now(self) -> object:
        return self._now() + timedelta(seconds=self.shift_s)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Jumping:
    clock = Jumping()
    monkeypatch.setattr(timezone, "now", clock.now)
    return clock


@pytest.fixture
def busy(redis_server: Redis) -> Iterator[Busy]:
    url = patient(redis_server.url, 9)
    busy = Busy(url, seed=3)
    yield busy
    busy.world.end()
    with redis.Redis.from_url(url) as client:
        client.flushdb()


class TestLimiter:
    @pytest.mark.parametrize("jump_s", [*JUMPS, 3.0, -3.0])
    def test_redis_clock_set_while_a_portal_is_saturated(self, busy: Busy, jump_s: float) -> None:
        busy.world.at(WARM + 10, lambda: setattr(busy.world, "redis_set_s", jump_s))
        busy.world.run(WARM + 60)
        assert busy.server.refused == []
        assert busy.server.fullest <= busy.server.limit
        # Set back, time goes on from where it was. Set ahead, nobody knows any more what a window holds, once.
        lost_s = 12 if jump_s > 0 else 0
        assert busy.server.share(WARM, WARM + 60) * 60 / (60 - lost_s) >= 0.96

    def test_redis_clock_set_there_and_back(self, busy: Busy) -> None:
        for second, jump_s in ((10, TEN_MINUTES), (14, 0.0), (30, -TEN_MINUTES), (31, 0.0)):
            busy.world.at(WARM + second, lambda jump_s=jump_s: setattr(busy.world, "redis_set_s", jump_s))  # type: ignore[misc]
        busy.world.run(WARM + 60)
        assert busy.server.refused == []
        assert busy.server.share(WARM + 45, WARM + 60) >= 0.95

    @pytest.mark.parametrize("jump_s", JUMPS)
    def test_a_process_clock_set_while_a_portal_is_saturated(self, busy: Busy, jump_s: float) -> None:
        wall = busy.world.wall
        for limiter in busy.limiters:
            limiter._now = lambda: wall() + timedelta(seconds=jump_s if busy.world.now > WARM + 10 else 0)
        busy.portal.saturate(busy.limiters[0], threads=1)
        busy.world.run(WARM + 10)
        with pytest.raises(LimiterFull) as full:
            busy.limiters[0].reserve(HUB_ID, Bucket.BURST, WorkClass.URGENT, calls=100, wait_s=0)
        assert 0 < (full.value.retry_at - wall()).total_seconds() <= 11
        assert busy.server.refused == []


@pytest.mark.django_db(transaction=True)
class TestTokens:
    @pytest.mark.parametrize("jump_s", JUMPS)
    def test_the_lease_of_a_holder_whose_clock_jumps_ends_in_one_stored_token(
        self, clock: Jumping, jump_s: float
    ) -> None:
        """Whoever comes meanwhile finds the lease over, and renews too; in the end all have what is stored."""
        portal = make_portal(connected=False)
        expire(portal, seconds_left=-TEN_MINUTES - 1)
        hubspot = Endpoint(portal.hub_id, rotate=True)
        meanwhile: list[Secret] = []

        def jump() -> None:
            hubspot.before_answer = lambda: None
            clock.shift_s = jump_s
            meanwhile.append(tokens.renewed(portal.pk, hubspot).token.value)

        hubspot.before_answer = jump
        ours = tokens.fresh(portal.pk, hubspot).token.value
        stored = Credential.objects.get(portal=portal)
        assert Vault(portal).open("access_token", stored.access_token) == ours
        assert meanwhile == [ours]

    def test_a_lease_from_before_the_clock_was_set_back_does_not_last_longer(self, clock: Jumping) -> None:
        """Its holder died: nobody else has to wait ten minutes for it."""
        portal = make_portal(connected=False)
        expire(portal, seconds_left=-TEN_MINUTES - 1)
        Credential.objects.update(lease_until=timezone.now() + tokens.LEASE)
        clock.shift_s = -TEN_MINUTES
        assert tokens.fresh(portal.pk, Endpoint(portal.hub_id)).token.value == Secret("access-2")


@pytest.mark.django_db
@pytest.mark.parametrize("jump_s", JUMPS)
def test_the_lease_of_a_lane_goes_by_the_databases_clock(clock: Jumping, jump_s: float) -> None:
    portal = make_portal(connected=False)
    Lane.objects.create(portal=portal, kind="events", work_class=WorkClass.EVENTS, due_at=timezone.now())
    assert claims.claim() is not None
    clock.shift_s = jump_s
    assert claims.claim() is None


def signed(at_s: float) -> Callable[[float], int]:
    """Return a check, by a clock, of a webhook that HubSpot signed at `at_s`."""
    secret, uri, body, timestamp = Secret("secret"), "https://app.example.com/webhooks", b"[]", str(int(at_s * 1000))
    signature = sign_v3(secret, "POST", uri, body, timestamp)
    return lambda now: verify_v3(
        [secret], signature=signature, timestamp=timestamp, method="POST", uri=uri, body=body, now=now
    )


@pytest.mark.parametrize("jump_s", JUMPS)
def test_a_webhook_is_refused_while_the_clock_is_wrong_and_taken_when_it_is_right_again(jump_s: float) -> None:
    """HubSpot repeats what is refused for a day, signed anew."""
    now = 1_800_000_000.0
    with pytest.raises(InvalidSignature):
        signed(now)(now + jump_s)
    signed(now + 60)(now + 60)
