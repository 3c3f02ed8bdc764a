"""When an hour of a portal is not like its own hours. Figures in, verdict out: nothing here asks anybody.

The hour is the latest sixty whole minutes. Hours before it are counted back from there, so that "the same hour
yesterday" means the same time of day whatever the minute is now. A portal is compared with itself alone:

- *Calls for people and events* vary with the day and the week. Usual is what the portal's days have at this time: of
  each of the last seven days the busiest of three hours around it, and the median of those; or the same three hours a
  week ago if they were busier, for portals whose week has its day; or half of the busiest hour of those seven days, for
  portals whose imports come at no time. Found above five times that, and above 1,000 calls.
- *Calls of bulk work* (syncs, checks, the daily sweep) follow from the size of the account. Usual is the busiest hour
  of the last seven days. Found above three times that, and above 6,000 calls, which sweep 600,000 records.
- *Calls refused* (401, 403, 429): usual as for people. Found above five times that, and above 100.
- *Exports* of everything held: usual as for bulk work. Found above three times that, and above 3.
- *Calls that were not ours*: a public app's burst allowance is its own in each account ("API usage guidelines and
  limits"), so that whatever HubSpot counted beyond what we made was made with our token by somebody else. Nothing is
  usual. Found above 20 in the hour, in at least three of its minutes. A private app's token is its account's, which may
  use it elsewhere: there it is usual what is usual, as for people, above 1,000.

*Calls* of either kind are judged once the portal has settled: for two days after it was connected, reconnected or
granted more, and after a stop of its calls ended, everything is read for the first time, or caught up with. Days before
that are not compared with. The latest day counts for no usual but its own, and what alarms is over only below the limit
it was found with, so that a theft does not become usual by lasting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from ..models import Anomaly

Kind = Anomaly.Kind

DAYS = 7
HOURS_KEPT = DAYS * 24 + 2  # the same hour a week ago, and the one before that
SETTLES = timedelta(days=2)
LEAST_MINUTES = 3  # in which HubSpot counted calls that were not ours: one odd answer is no theft


@dataclass(frozen=True, slots=True)
class History:
    """A portal's figures of one kind by the hour: `hours[0]` is the latest hour, `hours[24]` the same one yesterday.

    `age`: for how long the portal has been settled, see above. `minutes`: of the latest hour, how many had any.
    """

    hours: Sequence[int]
    age: timedelta
    is_private_app: bool = False
    minutes: int = 60


@dataclass(frozen=True, slots=True)
class Unusual:
    """The latest hour was above the limit for it."""

    figure: int
    usual: int
    limit: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Usual is what `usual` makes of a history; found above `factor` times that, and above `floor`."""

    floor: int
    factor: int
    usual: Callable[[History], int]
    settles: timedelta = timedelta()

    def judge(self, history: History) -> Unusual | None:
        """Return what is unusual about the latest hour, None: nothing."""
        if history.age < self.settles:
            return None
        usual = self.usual(history)
        limit = max(self.floor, self.factor * usual)
        figure = history.hours[0]
        return Unusual(figure, usual, limit) if figure > limit else None


def _of_people(history: History) -> int:
    """The median of the days at this time; what last week had at it, or half of its busiest hour, if that is more."""
    days = [_around(history.hours, 24 * day) for day in range(1, DAYS + 1) if day * 24 <= _hours_of(history.age)]
    if not days:
        return 0
    last_week = days[DAYS - 1] if len(days) == DAYS else 0
    return max(int(median(days)), last_week, max(history.hours[24 : len(days) * 24 + 1]) // 2)


def _around(hours: Sequence[int], hour: int) -> int:
    return max(hours[hour - 1 : hour + 2], default=0)


def _busiest(history: History) -> int:
    return max(history.hours[1 : DAYS * 24 + 1], default=0)


def _nothing(_: History) -> int:
    return 0


def _hours_of(age: timedelta) -> int:
    return int(age.total_seconds() // 3600)


RULES: Mapping[Kind, Rule] = {
    Kind.CALLS: Rule(1_000, 5, _of_people, SETTLES),
    Kind.BULK: Rule(6_000, 3, _busiest, SETTLES),
    Kind.DENIED: Rule(100, 5, _of_people),
    Kind.EXPORTS: Rule(3, 3, _busiest),
    Kind.OTHERS: Rule(20, 1, _nothing),
}
_OTHERS_OF_PRIVATE_APPS = Rule(1_000, 5, _of_people, SETTLES)


def judge(kind: Kind, history: History) -> Unusual | None:
    """Return what is unusual about the latest hour of a portal, None: nothing."""
    if kind != Kind.OTHERS:
        return RULES[kind].judge(history)
    if history.minutes < LEAST_MINUTES:
        return None
    return (_OTHERS_OF_PRIVATE_APPS if history.is_private_app else RULES[kind]).judge(history)
