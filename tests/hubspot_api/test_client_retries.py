"""What the client sends again, what it does not, and when it gives up."""

from __future__ import annotations

import httpx2
import pytest

from hubspot_api import errors
from tests.hubspot_api.fakes import LOST, START, UNSENT, Pieces, Reply, html, ok, refusal, world


@pytest.mark.parametrize("first", [LOST, UNSENT, html(502), html(530), refusal(500), refusal(423), html(200)])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_idempotent_call_gets_over_a_passing_failure(first: Reply, method: str) -> None:
    here = world(first, ok({"a": 1}))
    assert here.client.request(method, "/x").json == {"a": 1}
    assert len(here.hubspot.asked) == 2
    assert len(here.time.slept) == 1


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (LOST, errors.AnswerLost),
        (httpx2.RemoteProtocolError("disconnected"), errors.AnswerLost),
        (httpx2.WriteError("reset"), errors.AnswerLost),
        (httpx2.ReadTimeout("late"), errors.DeadlineExceeded),
        (httpx2.WriteTimeout("late"), errors.DeadlineExceeded),
        (html(502), errors.Overloaded),
        (html(200), errors.AnswerUnreadable),
    ],
)
def test_a_write_that_may_have_happened_is_sent_once(first: Reply, kind: type[Exception], method: str) -> None:
    here = world(first, ok())
    with pytest.raises(kind):
        here.client.request(method, "/x", json={})
    assert len(here.hubspot.asked) == 1


@pytest.mark.parametrize(
    "first", [UNSENT, httpx2.ConnectTimeout("late"), httpx2.PoolTimeout("late"), refusal(423), refusal(500)]
)
def test_a_write_is_repeated_when_it_did_not_happen_or_may_happen_twice(first: Reply) -> None:
    here = world(first, ok())
    idempotent = isinstance(first, httpx2.Response) and first.status_code == 500
    here.client.request("POST", "/x", json={}, idempotent=idempotent)
    assert len(here.hubspot.asked) == 2


def test_three_attempts_are_all() -> None:
    here = world(refusal(500))
    with pytest.raises(errors.ServerFailed):
        here.client.request("GET", "/x")
    assert len(here.hubspot.asked) == 3
    assert here.time.slept == [0.125, 0.25]


def test_a_429_is_surfaced_at_once_with_its_time() -> None:
    here = world(refusal(429, "RATE_LIMITS", policyName="SECONDLY"))
    with pytest.raises(errors.RateLimited) as caught:
        here.client.request("GET", "/x")
    assert len(here.hubspot.asked) == 1
    assert caught.value.retry_at is not None
    assert (caught.value.retry_at - START).total_seconds() == 1


def test_no_pause_reaches_beyond_the_deadline() -> None:
    here = world(refusal(423))
    with pytest.raises(errors.Locked):
        here.client.request("GET", "/x", deadline=2.0)
    assert here.time.slept == []


def test_the_deadline_covers_all_attempts() -> None:
    time_left: list[float] = []

    def slow(request: httpx2.Request) -> httpx2.Response:
        time_left.append(request.extensions["timeout"]["read"])
        here.time.pass_(4)
        return refusal(500)

    here = world(slow)
    with pytest.raises(errors.DeadlineExceeded):
        here.client.request("GET", "/x", deadline=10)
    assert time_left == pytest.approx([10, 5.875, 1.625])


def test_a_dripping_body_ends_at_the_deadline() -> None:
    stream = Pieces([b" "] * 60)
    here = world(lambda _: httpx2.Response(200, stream=stream))
    stream._time = here.time
    with pytest.raises(errors.DeadlineExceeded):
        here.client.request("POST", "/x", deadline=10)
    assert here.time.seconds == pytest.approx(1010, abs=1)
    assert stream.closed


def test_an_earlier_attempt_that_may_have_happened_is_not_denied() -> None:
    here = world(LOST, UNSENT)
    with pytest.raises(errors.AnswerLost) as caught:
        here.client.request("PUT", "/x")
    assert isinstance(caught.value.__cause__, errors.NotSent)


def test_a_deletion_whose_answer_was_lost_is_done_when_nothing_is_found_any_more() -> None:
    here = world(LOST, refusal(404, "OBJECT_NOT_FOUND"))
    assert here.client.request("DELETE", "/x").status == 204
    assert [record.error for record in here.log.records] == [""]


@pytest.mark.parametrize(("method", "first"), [("DELETE", UNSENT), ("DELETE", refusal(423)), ("GET", LOST)])
def test_what_was_never_there_or_is_no_deletion_is_not_found(method: str, first: Reply) -> None:
    with pytest.raises(errors.NotFound):
        world(first, refusal(404)).client.request(method, "/x")


def test_a_deletion_that_is_not_repeated_says_that_its_answer_was_lost() -> None:
    with pytest.raises(errors.AnswerLost):
        world(LOST, refusal(404)).client.request("DELETE", "/x", idempotent=False)


def test_a_later_attempt_that_says_when_to_come_back_is_heard() -> None:
    with pytest.raises(errors.RateLimited):
        world(html(502), refusal(429)).client.request("GET", "/x")
