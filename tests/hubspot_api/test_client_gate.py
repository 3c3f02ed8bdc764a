"""The gate that each attempt of a client passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx2
import pytest

from hubspot_api import errors
from hubspot_api.client import Client
from hubspot_api.ports import Bucket
from tests.hubspot_api.fakes import (
    EXPIRED,
    LOST,
    UNSENT,
    HubSpot,
    Log,
    Renewing,
    Reply,
    Time,
    ok,
    refusal,
    surroundings,
    world,
)


@dataclass
class Counting:
    """Counts what it is told; `waits` is how long it keeps each caller."""

    time: Time
    waits: float = 0.0
    asked: list[tuple[Bucket, float]] = field(default_factory=list)
    heard: list[tuple[int, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def admit(self, bucket: Bucket, longest: float) -> Self:
        self.time.pass_(self.waits)
        self.asked.append((bucket, longest))
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.left.append(kind.__name__ if kind else "")

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        self.heard.append((status, headers.get("x-hubspot-ratelimit-remaining", "")))


def gated(*replies: Reply, waits: float = 0.0, tokens: Renewing | None = None) -> tuple[Client, Counting, Log]:
    time, log = Time(), Log()
    gate = Counting(time, waits)
    transport = httpx2.MockTransport(HubSpot(list(replies)))
    client = Client(tokens or Renewing(), surroundings=surroundings(time, log, gate=gate), transport=transport)
    return client, gate, log


def test_every_attempt_passes_the_gate_and_tells_it_the_answer() -> None:
    limited = {"X-HubSpot-RateLimit-Remaining": "7"}
    client, gate, _ = gated(UNSENT, LOST, ok(headers=limited))
    client.request("GET", "/x", bucket=Bucket.SEARCH)
    assert [bucket for bucket, _ in gate.asked] == [Bucket.SEARCH] * 3
    assert gate.heard == [(200, "7")]
    assert gate.left == ["NotSent", "AnswerLost", ""]


def test_the_gate_hears_of_refusals_and_of_retries_with_another_token() -> None:
    client, gate, _ = gated(EXPIRED, refusal(429))
    with pytest.raises(errors.RateLimited):
        client.request("GET", "/x")
    assert [status for status, _ in gate.heard] == [401, 429]


def test_the_gate_knows_how_long_an_attempt_can_last_and_its_own_time_does_not_count() -> None:
    client, gate, log = gated(ok(), waits=30)
    client.request("GET", "/x", deadline=7)
    assert gate.asked == [(Bucket.BURST, 7)]
    assert log.records[0].waited == 30
    assert log.records[0].took == 0


def test_what_the_gate_raises_ends_the_call_and_is_on_record() -> None:
    class Full(errors.HubSpotError):
        retryable = True
        certainly_not_done = True

    class Closed:
        def admit(self, bucket: Bucket, longest: float) -> Counting:
            raise Full(f"{bucket}, {longest}")

    here = world(ok(), gate=Closed())
    with pytest.raises(Full):
        here.client.request("GET", "/x")
    assert here.hubspot.asked == []
    assert here.log.records[0].error == "Full"
    assert here.log.records[0].attempts == 0
