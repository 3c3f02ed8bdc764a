"""The rules for unusual hours, against histories that are made up: portals as they are, and thefts on top of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random

import pytest

from installations.anomalies.rules import HOURS_KEPT, LEAST_MINUTES, RULES, SETTLES, History, Unusual, judge
from installations.models import Anomaly

Kind = Anomaly.Kind
DAY, WEEK = 24, 24 * 7
LONG = timedelta(days=400)
PORTALS = 40  # of each shape, each over three weeks, judged every hour of the last two


def shaped(chance: Random, mean: float, shape: Callable[[int], float], hours: int = 3 * WEEK) -> list[int]:
    """Return hours, the oldest first: a shape that repeats, with days that differ and hours that differ more."""
    days = [chance.lognormvariate(0, 0.2) for _ in range(hours // DAY + 1)]
    return [int(mean * shape(hour) * days[hour // DAY] * chance.lognormvariate(0, 0.3)) for hour in range(hours)]


def around_the_clock(_: int) -> float:
    return 1.0


def in_office_hours(hour: int) -> float:
    is_working = hour % DAY in range(8, 18) and hour // DAY % 7 < 5
    return 1.0 if is_working else 0.02


def on_mondays(hour: int) -> float:
    """A newsletter once a week, and hardly anything else."""
    return 20.0 if hour % WEEK in range(9, 12) else 0.1


def growing(hour: int) -> float:
    return float(1.1 ** (hour / DAY))


def hardly_ever(hour: int) -> float:
    """An import of everything now and then, and nothing else."""
    return 1.0 if hour % 50 == 0 else 0.0


SHAPES = [around_the_clock, in_office_hours, on_mondays, growing, hardly_ever]


def histories(oldest_first: list[int]) -> Iterator[History]:
    """Yield every hour of the last two weeks with the hours before it, as a beat would see it."""
    for now in range(WEEK + 2, len(oldest_first)):
        hours = oldest_first[now - HOURS_KEPT + 1 : now + 1][::-1]
        yield History([*hours, *[0] * (HOURS_KEPT - len(hours))], LONG)


def portals(shape: Callable[[int], float]) -> Iterator[tuple[Random, list[int]]]:
    for seed in range(PORTALS):
        chance = Random(f"{shape.__name__} {seed}")
        yield chance, shaped(chance, 10 ** chance.uniform(0, 3.3), shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_no_alarm_in_weeks_as_portals_have_them(shape: Callable[[int], float]) -> None:
    judged = alarms = 0
    for _, portal in portals(shape):
        for history in histories(portal):
            judged += 1
            alarms += judge(Kind.CALLS, history) is not None
    assert judged > 13_000
    assert alarms <= (shape is hardly_ever), "only an import far larger than those of the week before"


@pytest.mark.parametrize("shape", SHAPES)
def test_every_theft_at_a_tenth_of_the_allowance_and_six_times_the_busiest_hour_is_found(
    shape: Callable[[int], float],
) -> None:
    """Whoever calls with our access as quickly as they may makes 39,600 calls an hour: these are modest."""
    found = 0
    for chance, portal in portals(shape):
        at = chance.randrange(2 * WEEK, 3 * WEEK)
        busiest = max(portal)
        portal[at] += max(3_960, 6 * busiest)
        (history,) = [one for now, one in enumerate(histories(portal), start=WEEK + 2) if now == at]
        found += judge(Kind.CALLS, history) is not None
    assert found == PORTALS


def test_a_theft_does_not_become_usual_within_its_first_day() -> None:
    portal = shaped(Random(1), 50, around_the_clock)
    for hour in range(2 * WEEK, 2 * WEEK + DAY):
        portal[hour] += 4_000
    alarms = [judge(Kind.CALLS, history) is not None for history in histories(portal)]
    first = 2 * WEEK - (WEEK + 2)
    assert all(alarms[first : first + DAY])
    assert not any(alarms[:first])


class TestBulk:
    """Work that follows from the size of the account."""

    @staticmethod
    def swept(records: int, *, first_sync_at: int = 0, hours: int = 2 * WEEK) -> list[int]:
        """A first sync as quick as HubSpot allows, a sweep a day, and a reconcile every minute."""
        calls = [60 if hour >= first_sync_at else 0 for hour in range(hours)]
        for begins in range(first_sync_at, hours, DAY):
            left, hour = records // 100, begins
            while left > 0 and hour < hours:
                calls[hour] += min(left, 39_600)
                left, hour = left - 39_600, hour + 1
        return calls

    @pytest.mark.parametrize("records", [100, 60_000, 2_000_000, 30_000_000])
    def test_neither_first_sync_nor_sweeps_alarm(self, records: int) -> None:
        calls = self.swept(records)
        for now in range(len(calls)):
            hours = calls[max(0, now - HOURS_KEPT + 1) : now + 1][::-1]
            age = timedelta(hours=now)
            history = History([*hours, *[0] * (HOURS_KEPT - len(hours))], age)
            assert judge(Kind.BULK, history) is None, f"hour {now}"
            assert judge(Kind.CALLS, History([0] * HOURS_KEPT, age)) is None

    def test_a_large_account_that_is_read_over_and_over_is_found(self) -> None:
        calls = self.swept(500_000)
        calls[-1] += 20_000
        assert judge(Kind.BULK, History(calls[::-1][:HOURS_KEPT], LONG)) == Unusual(calls[-1], 5_060, 15_180)

    def test_small_accounts_stay_below_the_floor(self) -> None:
        calls = self.swept(1_000)
        calls[-1] += 5_900
        assert judge(Kind.BULK, History(calls[::-1][:HOURS_KEPT], LONG)) is None


def of(figure: int, usual: int = 0, age: timedelta = LONG, **more: int) -> History:
    return History([figure, *[usual] * (HOURS_KEPT - 1)], age, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Kind.CALLS, Kind.BULK])
def test_a_portal_that_has_not_settled_is_not_judged_by_its_calls(kind: Anomaly.Kind) -> None:
    assert judge(kind, of(39_600, age=SETTLES - timedelta(seconds=1))) is None
    assert judge(kind, of(39_600, age=SETTLES)) is not None


@pytest.mark.parametrize("kind", [Kind.DENIED, Kind.OTHERS, Kind.EXPORTS])
def test_what_is_never_part_of_a_first_sync_is_judged_at_once(kind: Anomaly.Kind) -> None:
    assert judge(kind, of(RULES[kind].floor + 1, age=timedelta())) is not None


@pytest.mark.parametrize("kind", Kind)
def test_the_limit_itself_is_allowed(kind: Anomaly.Kind) -> None:
    rule = RULES[kind]
    assert judge(kind, of(rule.floor)) is None
    assert judge(kind, of(rule.floor + 1)) == Unusual(rule.floor + 1, 0, rule.floor)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.OTHERS])
def test_what_is_usual_there_raises_the_limit(kind: Anomaly.Kind) -> None:
    rule = RULES[kind]
    usual = rule.floor
    assert judge(kind, of(rule.factor * usual, usual)) is None
    assert judge(kind, of(rule.factor * usual + 1, usual)) is not None


def test_one_odd_answer_is_no_theft() -> None:
    assert judge(Kind.OTHERS, of(100, minutes=LEAST_MINUTES - 1)) is None
    assert judge(Kind.OTHERS, of(100, minutes=LEAST_MINUTES)) is not None


def test_a_private_apps_other_calls_may_be_the_accounts_own() -> None:
    assert judge(Kind.OTHERS, of(900, is_private_app=True)) is None
    assert judge(Kind.OTHERS, of(9_000, usual=2_000, is_private_app=True)) is None
    assert judge(Kind.OTHERS, of(11_000, usual=2_000, is_private_app=True)) is not None
    assert judge(Kind.OTHERS, of(21, usual=2_000)) is not None, "a public app shares its allowance with nobody"
