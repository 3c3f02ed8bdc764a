"""What a sync should bring, and that a comparison tells when it does not."""

from __future__ import annotations

from compat.streams import DELETED, Again, Stream, Streams, full, incremental
from compat.truth import Known

BEFORE = {"streams": {"a": 10, "b": 20, "c": 30}}
NOW = {"streams": {"a": 40, "c": 30, "d": 50}}


def streams(again: Again = Again.FROM_LATEST) -> Streams:
    def unasked(_truth: object) -> Known:
        raise AssertionError("states are given here")

    return {"streams": Stream(unasked, lambda row: row["id"], again)}


def rows(*ids: str) -> dict[str, list[dict[str, str]]]:
    return {"streams": [{"id": each} for each in ids]}


def wanted(again: Again, now: dict[str, Known] = NOW) -> set[str]:
    [row] = incremental(streams(again), rows(), BEFORE, now)
    return set(row.wanted)


def test_a_full_sync_brings_everything_once_or_more() -> None:
    [row] = full(streams(), rows("c", "a", "d", "a"), NOW)
    assert row.ok


def test_what_is_missing_or_too_much_is_told() -> None:
    [row] = full(streams(), rows("a", "x"), NOW)
    assert not row.ok
    assert str(row).endswith("2 of      3  WRONG, missing ['c', 'd'], extra ['x']")


def test_a_stream_that_is_not_there_has_brought_nothing() -> None:
    [row] = full(streams(), {}, NOW)
    assert (row.ok, row.got) == (False, frozenset())


def test_again_from_the_latest_on() -> None:
    assert wanted(Again.FROM_LATEST) == {"a", "c", "d"}
    assert wanted(Again.AFTER_LATEST) == {"a", "d"}


def test_everything_again() -> None:
    assert wanted(Again.EVERYTHING, {"streams": {"a": 10}}) == {"a"}


def test_what_has_gone_without_a_word_stays() -> None:
    assert wanted(Again.PILED_UP, {"streams": {"a": 10, f"b{DELETED}": 60}}) == {"a", f"b{DELETED}", "c"}


def test_a_stream_may_go_by_anothers_cursor() -> None:
    found = streams()
    found["children"] = Stream(found["streams"].known, lambda row: row["id"], paced_by="streams")
    before, now = BEFORE | {"children": {"p": 5}}, NOW | {"children": {"p": 5, "q": 30, "r": 40}}
    assert incremental(found, {}, before, now)[1].wanted == {"q", "r"}
