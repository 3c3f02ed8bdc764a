"""One call as a series of attempts: leave from the gate, a total deadline, retries, and one record at the end."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from hubspot_api.answers import Answer
from hubspot_api.breaker import Breaker, family_of
from hubspot_api.errors import HubSpotError, NotFound, NotSent
from hubspot_api.ports import Bucket, CallObserver, CallRecord, FailedAttempt, Gate, OpenGate, Permit, SilentObserver
from hubspot_api.retrying import Retries
from hubspot_api.said import Call, Said
from hubspot_api.transport import Clock, Deadline

logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the time of day, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What calls are made with, besides the token: limiter, log, patience, breaker, and the clocks."""

    gate: Gate = field(default_factory=OpenGate)
    observer: CallObserver = field(default_factory=SilentObserver)
    retries: Retries = field(default_factory=Retries)
    breaker: Breaker | None = None  # None: HubSpot is asked however often it fails
    clock: Clock = time.monotonic
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class Sending(Protocol):
    """What is sent, as seen by its attempts."""

    bytes_sent: int
    bytes_received: int

    def prepare(self) -> None:
        """Get ready, once, before the call's time runs: fetch a token."""

    def send(self, deadline: Deadline, permit: Permit) -> Answer:
        """Make one attempt."""
        ...

    def correct(self, error: HubSpotError) -> bool:
        """Change what was wrong (token, host) and return True to have the call repeated at once."""
        ...


class Attempts:
    """The attempts of one call. Used once."""

    def __init__(
        self, call: Call, bucket: Bucket, surroundings: Surroundings, *, idempotent: bool, object_type: str = ""
    ) -> None:
        self._call = call
        self._bucket = bucket
        self._with = surroundings
        self._idempotent = idempotent
        self._family = family_of(call.path, object_type, is_search=bucket is Bucket.SEARCH)
        self._started_at = surroundings.now()
        self._attempts = 0
        self._waited = 0.0
        self._took = 0.0
        self._doubt: HubSpotError | None = None
        self._failed: list[FailedAttempt] = []

    def run(self, sending: Sending, seconds: float) -> Answer:
        """Make attempts until one succeeds or it makes no sense to go on; tell the observer.

        `seconds` bounds the time at HubSpot over all attempts, with the pauses between them. Waiting for the gate
        and for a token comes on top: those have bounds of their own.
        """
        deadline = Deadline(seconds, self._with.clock)
        try:
            with self._stopped(deadline):
                sending.prepare()
            answer = self._until_answered(sending, deadline)
        except BaseException as error:
            self._tell(sending, error, None)
            raise
        self._tell(sending, None, answer)
        return answer

    def _until_answered(self, sending: Sending, deadline: Deadline) -> Answer:
        while True:
            try:
                return self._once(sending, deadline)
            except HubSpotError as error:
                if self._corrected(error, sending, deadline):
                    continue
                if self._is_deleted(error):
                    return Answer(self._call, 204, {}, b"")
                pause = self._pause(error, deadline)
                if pause is None:
                    if self._doubt and isinstance(error, NotSent):
                        raise self._doubt from error  # an earlier attempt may have done it: do not deny that
                    raise
            self._with.sleep(pause)
            self._waited += pause

    def _once(self, sending: Sending, deadline: Deadline) -> Answer:
        if self._with.breaker is None:
            return self._attempt(sending, deadline)
        with self._with.breaker.watching(self._call, self._family):
            return self._attempt(sending, deadline)

    def _attempt(self, sending: Sending, deadline: Deadline) -> Answer:
        with self._stopped(deadline):
            permit = self._with.gate.admit(self._bucket, deadline.remaining())
        self._attempts += 1
        started = self._with.clock()
        try:
            with permit:
                return sending.send(deadline, permit)
        except HubSpotError as error:
            self._failed.append(FailedAttempt(error.status, error.category, type(error).__name__))
            raise
        finally:
            self._took += self._with.clock() - started

    def _is_deleted(self, error: HubSpotError) -> bool:
        """Whether it is gone, as a lost answer may have said before: then the caller's wish has come true."""
        return self._call.method == "DELETE" and self._doubt is not None and isinstance(error, NotFound)

    def _corrected(self, error: HubSpotError, sending: Sending, deadline: Deadline) -> bool:
        with self._stopped(deadline):
            return sending.correct(error)

    @contextmanager
    def _stopped(self, deadline: Deadline) -> Iterator[None]:
        """Stop the call's time while somebody else takes theirs."""
        started = self._with.clock()
        try:
            yield
        finally:
            waited = self._with.clock() - started
            self._waited += waited
            deadline.extend(waited)

    def _pause(self, error: HubSpotError, deadline: Deadline) -> float | None:
        if not error.certainly_not_done:
            self._doubt = self._doubt or error
        pause = self._with.retries.pause(
            error,
            attempts=self._attempts,
            idempotent=self._idempotent,
            now=self._with.now(),
            chance=self._with.chance(),
        )
        return None if pause is None or pause >= deadline.remaining() else pause

    def _tell(self, sending: Sending, error: BaseException | None, answer: Answer | None) -> None:
        said = error.said if isinstance(error, HubSpotError) else Said()
        record = CallRecord(
            started_at=self._started_at,
            hub_id=self._call.hub_id,
            method=self._call.method,
            path=self._call.path,
            bucket=self._bucket,
            status=answer.status if answer else said.status,
            category=said.category,
            correlation_id=answer.correlation_id if answer else said.correlation_id,
            attempts=self._attempts,
            waited=self._waited,
            took=self._took,
            bytes_sent=sending.bytes_sent,
            bytes_received=sending.bytes_received,
            error=type(error).__name__ if error else "",
            failed=tuple(self._failed),
        )
        try:
            self._with.observer.called(record)
        except Exception:
            logger.exception("The observer of HubSpot calls failed on %s", self._call)
