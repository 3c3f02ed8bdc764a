"""The members of a list against a naive model: whatever joins and leaves, pages show who is there, in both orders."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.lists.members import Members, Page

Steps = list[tuple[bool, int]]
STEPS = st.lists(st.tuples(st.booleans(), st.integers(1, 12)), max_size=120)


def play(steps: Steps) -> tuple[Members, dict[int, int]]:
    """The members, and a dictionary in the order of joining."""
    members, model = Members(), dict[int, int]()
    for at, (joins, record_id) in enumerate(steps):
        if joins:
            assert members.add(record_id, at) == (record_id not in model)
            model.setdefault(record_id, at)
        else:
            assert members.discard(record_id) == (model.pop(record_id, None) is not None)
    return members, model


def ids(page: Page) -> list[int]:
    return [each.record_id for each in page.members]


@given(STEPS)
def test_who_is_there_and_since_when(steps: Steps) -> None:
    members, model = play(steps)
    assert len(members) == len(model)
    assert list(members) == sorted(model)
    assert list(members.in_join_order()) == list(model.items())
    assert all((record_id in members) == (record_id in model) for record_id in range(14))
    assert {record_id: members.joined_at(record_id) for record_id in model} == model


@given(STEPS, st.integers(1, 5))
def test_walking_forth_and_back_in_both_orders(steps: Steps, limit: int) -> None:
    members, model = play(steps)
    for turn, expected in ((members.by_id, sorted(model)), (members.by_joining, list(model))):
        seen: list[int] = []
        page = turn(None, None, limit)
        while page.members:
            seen += ids(page)
            assert page.more == (len(seen) < len(expected))
            page = turn(page.members[-1].token, None, limit)
        assert seen == expected
        if not expected:
            continue
        back: list[int] = []
        token = turn(None, None, len(expected)).members[-1].token
        while (page := turn(None, token, limit)).members:
            back += ids(page)
            token = page.members[-1].token
        assert back == expected[:-1][::-1]


@given(STEPS)
def test_filling_at_once_is_joining_one_by_one(steps: Steps) -> None:
    members, model = play(steps)
    filled = Members()
    filled.fill(members.in_join_order())
    assert list(filled) == sorted(model)
    assert list(filled.in_join_order()) == list(model.items())
