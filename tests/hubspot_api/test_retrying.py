from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubspot_api import errors
from hubspot_api.errors import HubSpotError
from hubspot_api.retrying import NO_RETRIES, Retries
from hubspot_api.said import Said
from tests.hubspot_api.fakes import START


def named(kind: type[HubSpotError], seconds: float | None = None) -> HubSpotError:
    return kind(said=Said(retry_at=None if seconds is None else START + timedelta(seconds=seconds)))


def pause(error: HubSpotError, *, idempotent: bool = True, attempts: int = 1, chance: float = 0.5) -> float | None:
    return Retries().pause(error, attempts=attempts, idempotent=idempotent, now=START, chance=chance)


@pytest.mark.parametrize(
    "kind", [errors.NotSent, errors.AnswerLost, errors.ServerFailed, errors.Overloaded, errors.AnswerUnreadable]
)
def test_an_idempotent_call_is_tried_again(kind: type[HubSpotError]) -> None:
    assert pause(kind()) is not None


@pytest.mark.parametrize(
    "kind",
    [errors.AnswerLost, errors.DeadlineExceeded, errors.ServerFailed, errors.EdgeFailed, errors.AnswerUnreadable],
)
def test_a_write_that_may_have_happened_is_not(kind: type[HubSpotError]) -> None:
    assert pause(kind(), idempotent=False) is None


@pytest.mark.parametrize("kind", [errors.NotSent, errors.Locked])
def test_a_write_that_certainly_did_not_happen_is(kind: type[HubSpotError]) -> None:
    assert pause(kind(), idempotent=False) is not None


@pytest.mark.parametrize("seconds", [None, 0, 1])
def test_a_429_is_never_answered_with_another_call(seconds: float | None) -> None:
    assert pause(named(errors.RateLimited, seconds)) is None


@pytest.mark.parametrize("kind", [errors.BadRequest, errors.NotFound, errors.MissingScopes, errors.ResponseInvalid])
def test_what_stays_wrong_is_not_repeated(kind: type[HubSpotError]) -> None:
    assert pause(kind()) is None


def test_a_lock_is_waited_for_two_seconds_and_more() -> None:
    assert pause(named(errors.Locked, 2), chance=0.0) == 2.0
    assert pause(named(errors.Locked, 2), chance=0.9) == pytest.approx(2.225)


@pytest.mark.parametrize(("seconds", "waits"), [(1, True), (2.5, True), (2.6, False), (86_400, False), (-5, True)])
def test_only_a_short_time_that_hubspot_names_is_waited_for(seconds: float, waits: bool) -> None:
    assert (pause(named(errors.Overloaded, seconds)) is not None) == waits


def test_attempts_are_counted() -> None:
    assert pause(errors.NotSent(), attempts=2) is not None
    assert pause(errors.NotSent(), attempts=3) is None
    assert NO_RETRIES.pause(errors.NotSent(), attempts=1, idempotent=True, now=START, chance=0.5) is None


@given(attempts=st.integers(1, 40), chance=st.floats(0, 1, exclude_max=True))
def test_pauses_grow_by_doubling_to_a_ceiling_with_full_jitter(attempts: int, chance: float) -> None:
    patient = Retries(attempts=99)
    drawn = patient.pause(errors.NotSent(), attempts=attempts, idempotent=True, now=START, chance=chance)
    assert drawn == chance * min(0.25 * 2 ** (attempts - 1), 2.0)
