"""The limiter's pure rules: names of keys, what an answer says, what HubSpot allows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubspot_api.ports import Bucket
from installations.ratelimit import Limits, PrivateApp, WorkClass
from installations.ratelimit.local import LocalBuckets
from installations.ratelimit.permits import Heard, Told, heard
from installations.ratelimit.shared import ERA, keys

COUNTED = [bucket for bucket in Bucket if bucket is not Bucket.EXEMPT]
ROLLING = [bucket for bucket in COUNTED if bucket is not Bucket.DAILY]
KINDS = [None, PrivateApp("UTC")]
NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
OWNERS = st.none() | st.integers(0, 2**63 - 1)


@settings(max_examples=20, deadline=None)
@given(st.sets(OWNERS, min_size=30, max_size=40))
def test_no_two_buckets_share_a_key(owners: set[int | None]) -> None:
    """Twenty sets of at least 30 owners with five buckets each: 223,500 pairs at the least."""
    buckets = [(owner, bucket) for owner in owners for bucket in COUNTED]
    names = [name for owner, bucket in buckets for name in keys(owner, [bucket])]
    assert len({*names, ERA}) == 2 * len(buckets) + 1


# What a forged id would have to look like to reach another portal's bucket, or out of the hash slot.
_FORGED = st.text(st.sampled_from("{}:1app burstte٣_-+"), min_size=1) | st.sampled_from(
    ["1}:burst", "app", "1:{2}", "1_0"]
)


@given(_FORGED)
def test_only_a_number_makes_a_key(owner: str) -> None:
    with pytest.raises(ValueError, match="format code 'd'"):
        keys(owner, [Bucket.BURST])  # type: ignore[arg-type]


def test_a_portals_keys_share_a_slot() -> None:
    assert keys(123, [Bucket.BURST, Bucket.SEARCH]) == [
        "hubapp:limit:{123}:burst",
        "hubapp:limit:{123}:burst:state",
        "hubapp:limit:{123}:search",
        "hubapp:limit:{123}:search:state",
    ]


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (200, {}, Heard()),
        (
            200,
            {"x-hubspot-ratelimit-max": "110", "x-hubspot-ratelimit-remaining": "7"},
            Heard(own=Told(110, 7)),
        ),
        (
            200,
            {"x-hubspot-ratelimit-max": "110", "x-hubspot-ratelimit-remaining": "0"},
            Heard(own=Told(110, 0)),
        ),
        (200, {"x-hubspot-ratelimit-remaining": "7"}, Heard()),
        (200, {"x-hubspot-ratelimit-max": "-1", "x-hubspot-ratelimit-remaining": "7"}, Heard()),
        (200, {"x-hubspot-ratelimit-max": "0", "x-hubspot-ratelimit-remaining": "0"}, Heard()),
        (200, {"x-hubspot-ratelimit-max": "1e3", "x-hubspot-ratelimit-remaining": "٣"}, Heard()),
        (
            200,
            {"x-hubspot-ratelimit-daily": "250000", "x-hubspot-ratelimit-daily-remaining": "3"},
            Heard(day=Told(250_000, 3)),
        ),
        (429, {}, Heard(True, 0)),
        (429, {"retry-after": "12"}, Heard(True, 12_000)),
        (429, {"retry-after": "10000"}, Heard(True, 10_000)),  # more than ten minutes: milliseconds
        (429, {"retry-after": "600"}, Heard(True, 300_000)),
        (429, {"retry-after": "2.5"}, Heard(True, 2500)),
        (429, {"retry-after": "Fri, 15 Jan 2027 08:00:07 GMT"}, Heard(True, 7000)),
        (429, {"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, Heard(True)),
        (429, {"retry-after": "soon"}, Heard(True, 0)),
    ],
)
def test_what_an_answer_says_about_limits(status: int, headers: dict[str, str], said: Heard) -> None:
    assert heard(status, headers, tells=True, now=NOW) == said


def test_an_exempt_calls_headers_are_about_another_allowance() -> None:
    headers = {"x-hubspot-ratelimit-max": "110", "x-hubspot-ratelimit-remaining": "0"}
    assert heard(200, headers, tells=False, now=NOW) == Heard()


@pytest.mark.parametrize("bucket", COUNTED)
def test_lower_classes_leave_no_less_than_higher_ones(bucket: Bucket) -> None:
    kept = [Limits().of(bucket).shares[work_class].kept for work_class in WorkClass]
    assert kept == sorted(kept)
    assert kept[WorkClass.URGENT] == 0
    assert kept[WorkClass.BULK] < Limits().of(bucket).calls


@pytest.mark.parametrize("bucket", ROLLING)
@pytest.mark.parametrize("private_app", KINDS)
def test_an_even_pace_is_a_little_quicker_than_places_come_back(bucket: Bucket, private_app: PrivateApp | None) -> None:
    allowance = Limits().of(bucket, private_app)
    assert (
        allowance.calls * allowance.interval_ms <= allowance.window_ms < allowance.calls * allowance.interval_ms * 1.1
    )


@pytest.mark.parametrize("processes", [1, 8, 55, 1000])
@pytest.mark.parametrize("bucket", COUNTED)
@pytest.mark.parametrize("private_app", KINDS)
def test_without_redis_all_processes_together_use_half(
    bucket: Bucket, processes: int, private_app: PrivateApp | None
) -> None:
    limits = Limits(processes=processes)
    _, part = LocalBuckets(limits, lambda: 0.0).used(1, bucket, private_app)
    assert processes * part <= limits.of(bucket, private_app).at_first / 2
