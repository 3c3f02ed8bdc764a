"""Who leaves HubSpot alone while it fails, and comes back when it is well."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubspot_api import errors, search
from hubspot_api.breaker import Breaker, family_of
from hubspot_api.errors import HubSpotError
from hubspot_api.said import Call
from hubspot_api.search import Query
from tests.hubspot_api.fakes import Reply, Time, World, html, ok, refusal, world

GET = "/crm/objects/{version}/{object_type}"
ILL: list[Reply] = [
    httpx2.ConnectError("refused"),
    httpx2.ReadError("reset"),
    httpx2.ReadTimeout("late"),
    html(502),
    html(200),
    refusal(500),
    refusal(477),
]
WELL: list[Reply] = [ok(), refusal(400), refusal(401), refusal(403), refusal(404), refusal(409), refusal(423)]
UNLUCKY = Breaker.TOLERATED


@dataclass
class Seen:
    """A HubSpot, a client that a breaker watches over, and both on one clock."""

    here: World
    breaker: Breaker
    failed: list[type[HubSpotError]] = field(default_factory=list)

    @property
    def asked(self) -> int:
        return len(self.here.hubspot.asked)

    def call(self, path: str = "/crm/objects/{version}/contacts") -> HubSpotError | None:
        try:
            self.here.client.request("POST", path, json={})
        except HubSpotError as error:
            self.failed.append(type(error))
            return error
        return None


def watched(*replies: Reply, hub_id: int = 123, breaker: Breaker | None = None, time: Time | None = None) -> Seen:
    here = world(*replies)
    time = time or here.time
    breaker = breaker or Breaker(time.clock, time.now, lambda: 1.0)
    here.client.hub_id = hub_id
    object.__setattr__(here.client.surroundings, "breaker", breaker)
    return Seen(here, breaker)


@pytest.mark.parametrize("ill", ILL)
def test_after_five_failures_in_a_row_nothing_is_sent(ill: Reply) -> None:
    seen = watched(ill)
    for _ in range(20):
        seen.call()
    suspended = [kind for kind in seen.failed if kind is errors.Suspended]
    assert seen.asked <= UNLUCKY + 2  # a call that certainly was not done is tried again
    assert len(suspended) >= 20 - UNLUCKY


def test_what_is_held_back_says_until_when_and_that_nothing_was_done() -> None:
    seen = watched(html(502))
    for _ in range(UNLUCKY):
        seen.call()
    error = seen.call()
    assert type(error) is errors.Suspended
    assert error.certainly_not_done
    assert error.retryable
    assert error.retry_at == seen.here.time.now() + timedelta(seconds=2)
    assert (seen.here.log.records[-1].attempts, seen.here.log.records[-1].error) == (0, "Suspended")


@pytest.mark.parametrize("well", WELL)
def test_any_answer_but_a_failure_starts_the_count_anew(well: Reply) -> None:
    replies = [*[html(502)] * (UNLUCKY - 1), well] * 3
    seen = watched(*replies, ok())
    for _ in replies:
        seen.call()
    assert errors.Suspended not in seen.failed


def test_429s_neither_harm_nor_heal() -> None:
    seen = watched(*[refusal(429)] * 20, *[html(502)] * 4, refusal(429), html(502), ok())
    for _ in range(26):
        seen.call()
    assert errors.Suspended not in seen.failed
    assert seen.call() is not None
    assert seen.failed[-1] is errors.Suspended


def test_one_call_looks_when_the_pause_is_over_and_pauses_double() -> None:
    seen = watched(html(502))
    asked_at: list[float] = []
    for _ in range(2_000):
        before = seen.asked
        seen.call()
        asked_at += [seen.here.time.seconds - 1000.0] * (seen.asked - before)
        seen.here.time.pass_(0.1)
    looks = asked_at[UNLUCKY:]
    pauses = [round(after - before) for before, after in zip(asked_at[UNLUCKY - 1 :], looks, strict=False)]
    assert pauses[:6] == [2, 4, 8, 16, 32, 60]
    assert len(asked_at) == UNLUCKY + 7  # in 200 seconds


def test_the_look_that_succeeds_lets_all_go_again() -> None:
    seen = watched(*[html(502)] * UNLUCKY, ok())
    for _ in range(UNLUCKY + 1):
        seen.call()
    seen.here.time.pass_(2.1)
    assert seen.call() is None
    assert seen.call() is None


def test_while_one_looks_the_others_wait_and_a_look_that_got_lost_does_not_hold_them_for_ever() -> None:
    time = Time()
    breaker = Breaker(time.clock, time.now, lambda: 1.0)
    call = Call("GET", GET, 123)
    for _ in range(UNLUCKY):
        with pytest.raises(errors.Overloaded), breaker.watching(call, "x"):
            raise errors.Overloaded
    time.pass_(2.1)
    look = breaker.watching(call, "x")
    look.__enter__()
    with pytest.raises(errors.Suspended), breaker.watching(call, "x"):
        raise AssertionError
    time.pass_(Breaker.LOOK_S)
    with breaker.watching(call, "x"):
        pass
    look.__exit__(None, None, None)


def test_a_look_that_could_not_be_made_leaves_it_to_the_next() -> None:
    time = Time()
    breaker = Breaker(time.clock, time.now, lambda: 1.0)
    call = Call("GET", GET, 123)
    for _ in range(UNLUCKY):
        with pytest.raises(errors.Overloaded), breaker.watching(call, "x"):
            raise errors.Overloaded
    time.pass_(2.1)
    for kind in (KeyboardInterrupt, errors.RateLimited):  # the limiter said no, a worker stops, a 429
        with pytest.raises(kind), breaker.watching(call, "x"):
            raise kind
    with breaker.watching(call, "x"):
        pass


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [
        (503, "30", 30),
        (503, "30000", 30),
        (503, "Fri, 20 Nov 2026 12:00:30 GMT", 30),
        (477, "86400", 300),
        (503, "1", None),
    ],
)
def test_a_time_that_hubspot_names_is_kept_from_the_first_failure_on(
    status: int, retry_after: str, seconds: float | None
) -> None:
    seen = watched(refusal(status, headers={"Retry-After": retry_after}))
    seen.call()
    error = seen.call()
    if seconds is None:
        assert type(error) is not errors.Suspended
    else:
        assert type(error) is errors.Suspended
        assert error.retry_at == seen.here.time.now() + timedelta(seconds=seconds)
        assert seen.asked == 1


def test_other_portals_and_other_parts_of_the_api_are_unharmed() -> None:
    sick = watched(html(502))
    for _ in range(UNLUCKY + 1):
        sick.call()
    neighbour = watched(ok(), hub_id=456, breaker=sick.breaker)
    assert neighbour.call() is None
    other = watched(ok({"total": 0, "results": []}), breaker=sick.breaker)
    assert other.call("/crm/owners/{version}") is None
    assert search.total(other.here.client, "contacts", Query()) == 0
    assert other.failed == []
    assert type(other.call()) is errors.Suspended


def test_what_may_have_been_done_is_not_denied_when_the_repetition_is_held_back() -> None:
    seen = watched(html(502))
    for _ in range(UNLUCKY - 1):
        seen.call()
    with pytest.raises(errors.Overloaded) as caught:
        seen.here.client.request("PUT", "/crm/objects/{version}/contacts")
    assert isinstance(caught.value.__cause__, errors.Suspended)
    assert seen.asked == UNLUCKY


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("/crm/objects/{version}/{object_type}/{record_id}", "crm/objects"),
        ("/crm/associations/{version}/{from_type}/{to_type}/batch/read", "crm/associations"),
        ("/account-info/{version}/details", "account-info/details"),
        ("journal file", "journal file"),
        ("", ""),
    ],
)
def test_families(path: str, family: str) -> None:
    assert family_of(path) == family
    assert family_of(path, is_search=True) != family


def test_one_object_type_failing_holds_no_other_up() -> None:
    server_fails = html(502)
    seen = watched(*[server_fails] * UNLUCKY, ok())
    read = "/crm/objects/{version}/{object_type}/batch/read"
    for _ in range(UNLUCKY):
        with pytest.raises(errors.Overloaded):
            seen.here.client.request("PATCH", read, path_params={"object_type": "0-2"})
    with pytest.raises(errors.Suspended):
        seen.here.client.request("PATCH", read, path_params={"object_type": "0-2"})
    assert seen.here.client.request("PATCH", read, path_params={"object_type": "0-1"}).status == 200


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=200))
def test_a_dead_hubspot_is_asked_seldom_and_a_living_one_soon_again(moments: list[tuple[float, bool]]) -> None:
    """Whoever calls whenever: after the first five no two failures follow each other within a second."""
    time = Time()
    breaker = Breaker(time.clock, time.now, lambda: 0.0)
    call = Call("GET", GET, 123)
    failed_at: list[float] = []
    for pause, is_well in moments:
        time.pass_(pause)
        try:
            with breaker.watching(call, "x"):
                if not is_well:
                    failed_at.append(time.seconds)
                    raise errors.Overloaded
                failed_at.clear()
        except HubSpotError:
            pass
        late = failed_at[UNLUCKY - 1 :]
        assert all(after - before >= 1.0 for before, after in pairwise(late))
    time.pass_(Breaker.LONGEST_PAUSE_S)
    with breaker.watching(call, "x"):
        pass
