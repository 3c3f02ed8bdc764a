"""Ledgers are numbered without gaps, bounded, and can be followed."""

from __future__ import annotations

from functools import partial

from emulator.ledger import Delivery, Ledger, Request


def request(seq: int, hub_id: int = 1) -> Request:
    return Request(seq, 0, hub_id, 1, "GET", "/", 200, 1, 0, False)


def test_the_oldest_rows_are_dropped() -> None:
    ledger: Ledger[Request] = Ledger(10)
    for _ in range(11):
        ledger.add(request)
    rows, following = ledger.since(0, 100)
    assert [row.seq for row in rows] == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert following == 11


def test_heavy_rows_are_dropped_sooner() -> None:
    ledger: Ledger[Delivery] = Ledger(1_000, lambda row: len(row.body), heaviest=100)
    for _ in range(12):
        ledger.add(lambda seq: Delivery(seq, 0, 1, 1, 0, 200, None, 1, b"x" * 10))
    rows, _ = ledger.since(0, 100)
    assert rows[-1].seq == 12
    assert sum(len(row.body) for row in rows) <= 100


def test_a_reader_who_is_far_behind_goes_on_from_what_is_left() -> None:
    ledger: Ledger[Request] = Ledger(5)
    for _ in range(20):
        ledger.add(request)
    rows, following = ledger.since(2, 2)
    assert [row.seq for row in rows] == [rows[0].seq, rows[0].seq + 1]
    assert rows[0].seq > 2
    assert following == rows[-1].seq


def test_numbers_are_never_used_again() -> None:
    ledger: Ledger[Request] = Ledger(10)
    for _ in range(3):
        ledger.add(request)
    ledger.clear()
    assert ledger.since(0, 10) == ([], 3)
    ledger.add(request)
    assert ledger.since(0, 10)[0][0].seq == 4


def test_following_one_account_passes_the_others() -> None:
    ledger: Ledger[Request] = Ledger(100)
    for number in range(6):
        ledger.add(partial(request, hub_id=number % 2))
    rows, following = ledger.since(0, 2, hub_id=1)
    assert [row.seq for row in rows] == [2, 4]
    assert following == 4
    rows, following = ledger.since(following, 2, hub_id=1)
    assert [row.seq for row in rows] == [6]
    assert following == 6
    assert ledger.since(6, 2, hub_id=1) == ([], 6)


def test_newest_first() -> None:
    ledger: Ledger[Request] = Ledger(100)
    for _ in range(5):
        ledger.add(request)
    assert [row.seq for row in ledger.latest(2)] == [5, 4]
