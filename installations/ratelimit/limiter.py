"""The rate limiter: never more calls than HubSpot allows in any window as HubSpot counts, urgent work first."""

from __future__ import annotations

import base64
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import ClassVar

from django.conf import settings

from hubspot_api.errors import RatePolicy
from hubspot_api.ports import Bucket

from ..errors import TryLater
from .asked import Asked, Verdict
from .counting import Counting
from .dry_runs import DryRunStore
from .gates import DEADLINE_S, WAIT_S, PortalGate
from .limits import OF_THE_APP, Limits, PrivateApp, WorkClass
from .local import LocalBuckets
from .permits import FreePermit, Heard, Permit, Reservation, Told
from .returns import Returns
from .shared import Clock, Command, RedisAway, SharedBuckets, keys
from .usage import BucketUsage, Usage, bucket_usage

_NAMED = {RatePolicy.DAILY: Bucket.DAILY, RatePolicy.TEN_SECONDLY: Bucket.BURST, RatePolicy.SECONDLY: Bucket.SEARCH}


class LimiterFull(TryLater):
    """A call would have to wait too long: put the work back until `retry_at` (aware, UTC)."""

    def __init__(self, retry_at: datetime, hub_id: int | None, bucket: Bucket, reason: str) -> None:
        whose = "the app" if hub_id is None else f"portal {hub_id}"
        super().__init__(f"No call for {whose} ({bucket.value}) before {retry_at:%H:%M:%S}: {reason}.", retry_at)
        self.hub_id = hub_id
        self.bucket = bucket
        self.reason = reason


def _utc_now() -> datetime:
    return datetime.now(UTC)


class RateLimiter:
    """Gives leave to call HubSpot. Threads share one; a forked process needs its own.

    A call takes a place in its bucket, and the place comes back one window after its answer was seen: so whatever
    the network does, HubSpot never counts more calls in a window than there are places. `clock` is monotonic, in
    seconds; `now` tells the time of day, aware.
    """

    shared_buckets: ClassVar[type[SharedBuckets]] = SharedBuckets
    returns: ClassVar[type[Returns]] = Returns
    counting: ClassVar[type[Counting]] = Counting
    dry_runs: ClassVar[type[DryRunStore]] = DryRunStore

    def __init__(
        self,
        url: str,
        limits: Limits | None = None,
        *,
        clock: Clock = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limits = limits or Limits()
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._local = LocalBuckets(self.limits, clock)
        self._shared = self.shared_buckets(url, self.limits, clock, now, self._local.places)
        self._returns = self.returns(self._shared, clock)
        self._counting = self.counting(self.dry_runs(url, self.limits), clock, now)

    def gate_for(
        self, hub_id: int, work_class: WorkClass, *, wait_s: float = WAIT_S, private_app: PrivateApp | None = None
    ) -> PortalGate:
        """Return the gate through which a client's calls for one portal and class of work pass."""
        return PortalGate(lambda: self, hub_id, work_class, wait_s, private_app)

    def admit(
        self,
        hub_id: int,
        bucket: Bucket,
        work_class: WorkClass,
        *,
        wait_s: float = WAIT_S,
        deadline_s: float = DEADLINE_S,
        private_app: PrivateApp | None = None,
    ) -> Permit | FreePermit:
        """Return leave for one call that is under way for at most `deadline_s` seconds, after at most `wait_s`.

        Raises LimiterFull when it would take longer.
        """
        if bucket is Bucket.EXEMPT:
            return FreePermit()
        (permit,) = self._permits(self._asked(hub_id, (bucket,), work_class, 1, deadline_s, private_app), wait_s)
        return permit

    def reserve(
        self,
        hub_id: int,
        bucket: Bucket | Sequence[Bucket],
        work_class: WorkClass,
        *,
        calls: int = 1,
        wait_s: float = WAIT_S,
        deadline_s: float = DEADLINE_S,
        private_app: PrivateApp | None = None,
    ) -> Reservation:
        """Take leave for several calls at once, after at most `wait_s`; of several buckets, each call takes from all.

        Raises LimiterFull when it would take longer, ValueError for more calls than are ever allowed at once.
        """
        buckets = (bucket,) if isinstance(bucket, Bucket) else tuple(bucket)
        asked = self._asked(hub_id, buckets, work_class, calls, deadline_s, private_app)
        otherwise = self.gate_for(hub_id, work_class, wait_s=wait_s, private_app=private_app)
        return Reservation(self, self._permits(asked, wait_s), otherwise)

    def usage(self, hub_id: int, private_app: PrivateApp | None = None) -> Usage:
        """Return how much of its allowances a portal uses now."""
        buckets = [Bucket.BURST, Bucket.SEARCH, Bucket.ASSOCIATIONS, *([Bucket.DAILY] if private_app else [])]
        try:
            looks = self._shared.look(hub_id, buckets, private_app)
        except RedisAway:
            known = {bucket: BucketUsage(*self._local.used(hub_id, bucket, private_app)) for bucket in buckets}
            return Usage(True, known)
        used = (bucket_usage(self._now(), *look) for look in looks)
        return Usage(False, dict(zip(buckets, used, strict=True)))

    def others(self) -> Mapping[int, int]:
        """Return how many calls HubSpot counted in accounts' bursts that we did not make, since this was asked last.

        A sample, and never too many: headers come with our own calls, and tell of the ten seconds before each. But what
        a process of ours calls that is cut off from a Redis which the others reach, nobody else knows to be ours.
        Whoever asks has to keep it; nothing is told twice. Empty while Redis is away.
        """
        try:
            return self._shared.others()
        except RedisAway:
            return {}

    def now(self) -> datetime:
        """Return the time of day, aware."""
        return self._now()

    def declare_idle(self) -> None:
        """Say that nobody called HubSpot within the last window, so that a new Redis need not wait one out.

        For whoever has just set up everything, as the demo does. Raises RedisAway.
        """
        self._shared.trust()

    def prolong(self, permit: Permit, deadline_s: float) -> None:
        """See to it that a call begun now may take `deadline_s` seconds. Raises LimiterFull if it may not, for now.

        Costs nothing for a permit that was just given.
        """
        permit.deadline_s = deadline_s
        asked_at = self._clock()
        if asked_at + deadline_s <= permit.over_at:
            return
        asked = replace(permit.asked, deadline_s=deadline_s)
        try:
            kept = self._shared.renew(asked, permit.slot)
        except RedisAway:
            kept = False
        if kept:
            permit.renewed(asked, asked_at)
        else:
            (other,) = self._permits(replace(asked, calls=1, ticket=_ticket()), WAIT_S)
            permit.replaced(other)

    def answered(self, permit: Permit, said: Heard) -> None:
        """Let a permit's place come back a window from now, and learn from the answer."""
        asked = permit.asked
        for bucket in asked.buckets:
            self._local.answered(asked.hub_id, bucket, permit.slot)
        self._counting.answered(permit.given, permit.slot, self._clock() - permit.given_at)
        rejecting = [bucket for bucket in asked.buckets if said.rejects(bucket)]
        self._learn(permit, asked.buckets, rejecting, said)

    def refused(self, permit: Permit, policy: RatePolicy) -> None:
        """A 429's body named the allowance that is used up: learn of that one too, if headers did not blame it.

        A DAILY that is not about the day's calls, such as exports', is none of ours: headers say what the day has left.
        """
        asked, said, named = permit.asked, permit.heard, _NAMED.get(policy)
        daily = named is Bucket.DAILY
        if said is None or named is None or (daily and (Bucket.DAILY not in asked.buckets or said.day.remaining)):
            return
        own = asked.buckets[0]
        alike = own is Bucket.ASSOCIATIONS and named is Bucket.BURST  # an allowance of its own, by the same name
        blamed = named in asked.buckets and said.rejects(named)
        if not (alike or blamed) and own is not Bucket.OAUTH:
            self._learn(permit, (named,), [named], Heard(True, said.retry_after_ms))

    def _learn(self, permit: Permit, buckets: Sequence[Bucket], rejecting: Sequence[Bucket], said: Heard) -> None:
        asked, slot, now = permit.asked, permit.slot, self._now()
        numbers: list[int] = []
        for bucket in buckets:
            told = said.day if bucket is Bucket.DAILY else said.own if bucket is asked.buckets[0] else Told()
            numbers += self.limits.rule(bucket, asked.work_class, asked.private_app, now)
            numbers += [int(bucket in rejecting), told.max, told.remaining, *permit.counted(bucket)]
            if bucket in rejecting:
                self._local.close(asked.hub_id, bucket, self._closed_s(bucket, asked.private_app, said))
        names = keys(asked.hub_id, buckets)
        self._returns.put(lambda age_ms: Command("answered", names, [slot, age_ms, said.retry_after_ms, *numbers]))

    def _closed_s(self, bucket: Bucket, private_app: PrivateApp | None, said: Heard) -> float:
        if private_app and bucket is Bucket.DAILY:
            now = self._now()
            return private_app.midnights_ms(now)[2] / 1000 - now.timestamp()
        return max(self.limits.window_ms(bucket), said.retry_after_ms) / 1000

    def unanswered(self, permit: Permit) -> None:
        """Have the place kept until the call is certainly over, also by a Redis that forgot it meanwhile."""
        asked, slot = permit.asked, permit.slot
        for bucket in asked.buckets:
            back_at = permit.over_at + self.limits.window_ms(bucket) / 1000
            left_ms = max(1, round((back_at - self._clock()) * 1000))
            self._returns.put(partial(_hold, keys(asked.hub_id, [bucket]), slot, left_ms))

    def unused(self, permit: Permit) -> None:
        """Give back a place whose call was certainly not sent."""
        self._counting.unused(permit.given, permit.slot)
        self._give_back(permit.asked, [permit.slot])

    def _give_back(self, asked: Asked, slots: list[str]) -> None:
        for bucket in asked.buckets:
            for slot in slots:
                self._local.unused(asked.hub_id, bucket, slot)
        names = keys(asked.hub_id, asked.buckets)
        intervals = [self.limits.of(bucket, asked.private_app).interval_ms for bucket in asked.buckets]
        self._returns.put(lambda _age_ms: Command("unused", names, [*intervals, *slots]))

    def _asked(
        self,
        hub_id: int,
        buckets: tuple[Bucket, ...],
        work_class: WorkClass,
        calls: int,
        deadline_s: float,
        private_app: PrivateApp | None,
    ) -> Asked:
        of_the_app = not OF_THE_APP.isdisjoint(buckets)
        never = {Bucket.EXEMPT, Bucket.DAILY} & set(buckets) or (of_the_app and len(buckets) > 1)
        limits = (self.limits.of(bucket, private_app).at_first for bucket in buckets if bucket is not Bucket.EXEMPT)
        if never or not 0 < calls <= min(limits, default=0):
            raise ValueError(f"{calls} calls of {[bucket.value for bucket in buckets]} can never be had at once")
        if of_the_app:
            return Asked(None, buckets, WorkClass(work_class), calls, deadline_s, _ticket())
        if private_app:
            buckets = (*buckets, Bucket.DAILY)
        return Asked(hub_id, buckets, WorkClass(work_class), calls, deadline_s, _ticket(), private_app)

    def _permits(self, asked: Asked, wait_s: float) -> list[Permit]:
        give_up_at = self._clock() + wait_s
        while True:
            asked_at = self._clock()
            verdict = self._ask(asked, max(0.0, give_up_at - asked_at))
            if verdict.go:
                self._counting.begun(asked, wait_s)
                return [Permit(self, asked, slot, asked_at, verdict) for slot in asked.slots]
            if not verdict.promised:
                raise self._full(asked, verdict)
            self._sleep(verdict.delay_s)

    def _ask(self, asked: Asked, wait_s: float) -> Verdict:
        try:
            return self._shared.take(asked, wait_s)
        except RedisAway:
            return self._local.take(asked, wait_s, self._shared.lost_at)

    def _full(self, asked: Asked, verdict: Verdict) -> LimiterFull:
        if self._shared.away:  # a question may have been answered that we did not hear
            self._give_back(asked, asked.slots)
        retry_at = self._now() + timedelta(seconds=verdict.delay_s)
        return LimiterFull(retry_at, asked.hub_id, verdict.bucket, verdict.reason)


def _hold(names: list[str], slot: str, ms: int, age_ms: int) -> Command:
    return Command("hold", names, [max(1, ms - age_ms), slot])


def _ticket() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(6)).decode()


@cache
def _limiter_of(_process: int) -> RateLimiter:
    return RateLimiter(settings.REDIS_URL)


def limiter() -> RateLimiter:
    """Return this process' limiter, on settings.REDIS_URL. A forked process gets its own."""
    return _limiter_of(os.getpid())


def gate_for(
    hub_id: int, work_class: WorkClass, *, wait_s: float = WAIT_S, private_app: PrivateApp | None = None
) -> PortalGate:
    """Return the gate of this process' limiter for one portal and class of work.

    `private_app`: the portal is connected by its own app's token, so that app's limits hold, not the public app's.
    """
    return PortalGate(limiter, hub_id, work_class, wait_s, private_app)
