"""What the console's first page says: what needs somebody now, and then the figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone

from crm.object_types import BY_ID
from installations.credentials import endpoint
from installations.models import ROTATE_AFTER, Anomaly, Place, Portal, Stop
from installations.staff_pages import in_words, when
from lanes import queue_age
from webhooks.models import Event

from . import figures

_MOST_STOPS = _MOST_ANOMALIES = 5  # as alarms; the rest is in the list
LANES_WAIT_LONG = timedelta(minutes=1)


@dataclass(frozen=True)
class Alarm:
    """Something that does not get better by itself, and where to look."""

    text: str
    url: str = ""
    is_problem: bool = True  # False: worth knowing, nobody is hurt


@dataclass(frozen=True)
class Fact:
    """One line of a group. `level` colours it: good, warn, problem, or nothing."""

    label: str
    value: str
    url: str = ""
    level: str = ""


@dataclass(frozen=True)
class Group:
    title: str
    facts: list[Fact]
    note: str = ""


@dataclass(frozen=True)
class _Readings:
    """Everything read once, for alarms and facts alike."""

    portals: dict[str, int]
    due: list[figures.DueLanes]
    failing: dict[str, int]
    events: dict[str, int]
    beat: figures.Beat
    journal: figures.Journal
    calls: figures.Calls
    halted_because: str
    halted_until: datetime | None
    stops: list[Stop]
    refresh_failures: int
    is_degraded: bool
    tokens_to_rotate: int
    spent: list[Portal]
    anomalies: list[Anomaly]
    new_places: list[Place]
    ages: list[queue_age.ClassAge]

    @property
    def oldest_due_s(self) -> float:
        return max(lanes.age_s for lanes in self.due)


def _read() -> _Readings:
    halt = endpoint.state()
    return _Readings(
        portals=figures.portals_by_state(),
        due=figures.due_lanes(),
        failing=figures.failing_lanes(),
        events=figures.waiting_events(),
        beat=figures.beat(),
        journal=figures.journal(),
        calls=figures.calls_since(figures.midnight()),
        halted_because=halt.reason if halt else "",
        halted_until=halt.halted_until if halt else None,
        stops=figures.stops(),
        refresh_failures=figures.refresh_failures(),
        is_degraded=figures.limiter_is_degraded(),
        tokens_to_rotate=figures.tokens_to_rotate(),
        spent=figures.spent_days(),
        anomalies=figures.anomalies(),
        new_places=figures.new_places_of_staff(),
        ages=queue_age.last_day(),
    )


def context() -> dict[str, object]:
    """Return what the page shows."""
    read = _read()
    groups = [
        _portals(read),
        _work(read),
        _events(read),
        _tokens(read),
        _journal(read.journal),
        _calls(read),
        *_causes(read),
        _mirror(),
    ]
    return {"alarms": list(_alarms(read)), "groups": groups}


def _alarms(read: _Readings) -> Iterator[Alarm]:
    if not settings.STAFF_MFA_REQUIRED:
        yield Alarm("DEBUG is on: no second factor is demanded of staff.", is_problem=False)
    if read.halted_until is not None:
        yield Alarm(
            f"Token refresh stands still for all portals until {read.halted_until:%H:%M} UTC: {read.halted_because}",
            _list("credential"),
        )
    for stop in read.stops[:_MOST_STOPS]:
        yield Alarm(f"Calls to HubSpot are stopped. {stop}: {stop.reason} ({stop.begun_by})", _list("stop"))
    yield from _anomaly_alarms(read)
    if read.beat.is_late:
        yield Alarm(f"The last sweep was {when(read.beat.swept_at) or 'never'}: beat or all workers are dead.")
    if read.beat.lost_wake_ups:
        yield Alarm(
            f"{read.beat.lost_wake_ups} wake-ups were lost since the beginning; none is expected.", _list("lane")
        )
    if read.oldest_due_s > LANES_WAIT_LONG.total_seconds():
        yield Alarm(f"A lane has waited {in_words(read.oldest_due_s)} for a worker.", _list("lane", condition="due"))
    yield from _queue_age_alarms(read.ages)
    yield from _journal_alarms(read.journal)
    yield from _erasure_alarms()
    share = read.calls.error_share
    if share >= figures.ERROR_WARNING:
        text = f"HubSpot answered {share:.1%} of today's requests with an error; at 5 % the app may be delisted."
        yield Alarm(text, _list("apicall", result="failed"), is_problem=share >= figures.ERROR_BUDGET)
    yield from _private_app_alarms(read)
    if read.is_degraded:
        yield Alarm("Redis is away: each process limits its calls by itself, at half the rate.", is_problem=False)
    if read.events[Event.State.DEAD]:
        text = f"{_count(read.events[Event.State.DEAD])} dead letters wait for somebody to decide."
        yield Alarm(text, _list("failure"), is_problem=False)


def _anomaly_alarms(read: _Readings) -> Iterator[Alarm]:
    for anomaly in read.anomalies[:_MOST_ANOMALIES]:
        text = f"{anomaly.portal}, {when(anomaly.begun_at)}: {anomaly}. Somebody else may be using its access."
        yield Alarm(text, reverse("admin:installations_anomaly_change", args=[anomaly.pk]))
    if more := len(read.anomalies[_MOST_ANOMALIES:]):
        at_least = "at least " if len(read.anomalies) == figures.MOST_ASKED else ""
        yield Alarm(f"{at_least}{more} more alarms like that.".capitalize(), _list("anomaly", state="alarming"))
    for place in read.new_places[:_MOST_ANOMALIES]:
        text = f"{place.name} signed in to the console from a new place {when(place.first_at)}: {place}."
        yield Alarm(text, _list("place", news="unseen"), is_problem=False)


def _queue_age_alarms(ages: list[queue_age.ClassAge]) -> Iterator[Alarm]:
    for age in ages:
        if age.is_missed:
            yield Alarm(
                f"In the last 24 hours {age.name} waited less than {in_words(age.aim_s)} for a worker in {age.percent} "
                f"of all portals' minutes; the aim is {queue_age.aimed_percent()} %.",
                _list("portalwait"),
            )


def _private_app_alarms(read: _Readings) -> Iterator[Alarm]:
    if read.tokens_to_rotate:
        many = "s are" if read.tokens_to_rotate > 1 else " is"
        text = f"{read.tokens_to_rotate} private-app token{many} older than {ROTATE_AFTER.days} days: have it rotated."
        yield Alarm(text, _list("portal", connection__exact="private_app"), is_problem=False)
    for portal in read.spent:
        text = f"{portal} has hardly any of its private apps' calls of today left: its mirror waits for midnight there."
        yield Alarm(text, reverse("admin:installations_portal_change", args=[portal.pk]), is_problem=False)


def _erasure_alarms() -> Iterator[Alarm]:
    if overdue := figures.overdue_erasures():
        text = f"{overdue} portal{pluralize(overdue)} should have been erased by now; the log says what is in the way."
        yield Alarm(text, _list("portal", state__exact=Portal.State.DISCONNECTED.value))


def _journal_alarms(journal: figures.Journal) -> Iterator[Alarm]:
    if journal.is_late:
        error = f" The latest error: {journal.row.latest_error}" if journal.row and journal.row.latest_error else ""
        yield Alarm(
            f"HubSpot's journal was read to its end {when(journal.caught_up_at) or 'never'}: "
            f"uninstalls are noticed minutes late.{error}"
        )
    if journal.refused_at:
        yield Alarm(
            f"HubSpot does not let the app read the webhooks journal, found {when(journal.refused_at)}: uninstalls are "
            "noticed when a token is refused, minutes later. HUBSPOT_JOURNAL=0 ends the asking.",
            _list("apicall", result="failed"),
            is_problem=False,
        )
    if journal.gap_at:
        yield Alarm(
            f"Something in HubSpot's journal was lost to us {when(journal.gap_at)}; the log says what. "
            "Uninstalls among it are noticed when a token is refused.",
            is_problem=False,
        )


def _portals(read: _Readings) -> Group:
    levels = {Portal.State.ACTIVE: "good", Portal.State.NEEDS_RECONNECT: "warn"}
    facts = [
        Fact(
            state.label, f"{count:,}", _list("portal", state__exact=state.value), levels.get(state, "") if count else ""
        )
        for state in Portal.State
        if (count := read.portals[state.value]) or state == Portal.State.ACTIVE
    ]
    return Group("Portals", facts)


def _work(read: _Readings) -> Group:
    due = [f"{lanes.work_class.name.lower()} {lanes.count}" for lanes in read.due if lanes.count]
    oldest = read.oldest_due_s
    failing = sum(read.failing.values())
    kinds = ", ".join(f"{kind} {count}" for kind, count in read.failing.items())
    is_slow = oldest > LANES_WAIT_LONG.total_seconds()
    return Group(
        "Lanes",
        [
            Fact("Waiting for a worker", ", ".join(due) or "none", _list("lane", condition="due")),
            Fact("Oldest has waited", in_words(oldest), level="problem" if is_slow else "good"),
            Fact(
                "Failing",
                f"{failing} ({kinds})" if failing else "none",
                _list("lane", condition="failing"),
                _bad(failing),
            ),
            Fact("Parked", f"{figures.parked_lanes():,}", _list("lane", condition="parked")),
            *_queue_ages(read.ages),
            Fact("Last sweep", when(read.beat.swept_at) or "never", level="problem" if read.beat.is_late else "good"),
            Fact("Lost wake-ups", str(read.beat.lost_wake_ups), level=_bad(read.beat.lost_wake_ups)),
        ],
    )


def _queue_ages(ages: list[queue_age.ClassAge]) -> Iterator[Fact]:
    for age in ages:
        level = "problem" if age.is_missed else "good"
        yield Fact(f"{age.name.capitalize()} begun in {in_words(age.aim_s)}", age.percent, _list("portalwait"), level)


def _events(read: _Readings) -> Group:
    facts = [
        Fact(
            Event.State(state).label, _count(count), _list("event", state=state), _bad(count) if state == "dead" else ""
        )
        for state, count in read.events.items()
    ]
    return Group("Events", facts, "What is done is not counted.")


def _tokens(read: _Readings) -> Group:
    state = Fact("Token endpoint", "works", level="good")
    if read.halted_until is not None:
        state = Fact("Token endpoint", f"halted until {read.halted_until:%H:%M} UTC", level="problem")
    failures = read.refresh_failures
    return Group(
        "Tokens",
        [
            state,
            Fact(
                "Portals whose refresh fails", f"{failures:,}", _list("credential", health="unhealthy"), _bad(failures)
            ),
        ],
    )


def _journal(journal: figures.Journal) -> Group:
    row = journal.row
    if not journal.is_wanted:
        return Group("HubSpot's journal", [Fact("Reading", "switched off")])
    level = "problem" if journal.is_late else "warn" if journal.refused_at else "good"
    reading = "refused by HubSpot" if journal.refused_at else when(journal.caught_up_at) or "never"
    facts = [Fact("Read to its end", reading, level=level)]
    if row:
        odd = _list("event", state=Event.State.QUARANTINED.value)
        facts += [
            Fact("Events", f"{row.events:,}"),
            Fact("Entries that are none", f"{row.odd:,}", odd),
            Fact("Gaps", f"{row.gaps:,}", level="warn" if journal.gap_at else ""),
        ]
    return Group("HubSpot's journal", facts, "It tells of installs and uninstalls. Counted since the beginning.")


def _calls(read: _Readings) -> Group:
    share = read.calls.error_share
    level = "problem" if share >= figures.ERROR_BUDGET else "warn" if share >= figures.ERROR_WARNING else "good"
    limiter = "without Redis" if read.is_degraded else "works"
    return Group(
        "Requests to HubSpot today",
        [
            Fact("Sent", f"{read.calls.requests:,}", _list("apicall", since="24h")),
            Fact("Answered with an error", f"{read.calls.errors:,}", _list("apicall", result="failed", since="24h")),
            Fact("Share of errors", f"{share:.1%}", level=level),
            Fact("Rate limiter", limiter, level="warn" if read.is_degraded else "good"),
        ],
        "HubSpot allows 5 % errors a day. Days are UTC.",
    )


def _causes(read: _Readings) -> Iterator[Group]:
    """What to mend first. Nothing is shown on a day without errors."""
    facts = [
        Fact(
            f"{cause.status or 'no answer'} {cause.category}, {cause.method} {cause.path}",
            f"{cause.times:,} × {cause.portal or 'the app itself'}",
            _list("apicall", result="failed", since="24h", **({"q": str(cause.portal.hub_id)} if cause.portal else {})),
        )
        for cause in figures.causes(timezone.now().date())
    ]
    if facts:
        share = f"{read.calls.error_share:.1%} of today's requests failed; from 2 % on this page warns."
        yield Group("Most frequent errors of today", facts, share)


def _mirror() -> Group:
    counts = figures.mirrored_records()
    names = {type_id: BY_ID[type_id].plural.capitalize() if type_id in BY_ID else type_id for type_id in counts}
    return Group("Mirrored records", [Fact(names[type_id], f"{count:,}") for type_id, count in counts.items()])


def _list(model: str, **query: str) -> str:
    apps = {
        "portal": "installations",
        "credential": "installations",
        "stop": "installations",
        "apicall": "installations",
        "anomaly": "installations",
        "place": "installations",
        "lane": "lanes",
        "portalwait": "lanes",
    }
    return reverse(f"admin:{apps.get(model, 'webhooks')}_{model}_changelist", query=query or None)


def _count(count: int) -> str:
    return f"{count:,}" if count < figures.BOUND else f"{figures.BOUND:,} or more"


def _bad(count: int) -> str:
    return "problem" if count else "good"
