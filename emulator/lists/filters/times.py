"""Points in time as filters give them: a date, or now and today with an offset."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from emulator.lists.filters.fields import InvalidFilter, Json, choice, mapping, text, unsupported, whole

# From the present moment to the moment meant, both in milliseconds.
Point = Callable[[int], int]

_PARTS = ("hour", "minute", "second", "millisecond")


def point(given: Json) -> Point:
    zone = _zone(given)
    match text(given, "timeType"):
        case "DATE":
            return _date(given, zone)
        case "INDEXED":
            return _indexed(given, zone)
        case other:
            raise unsupported(f"timeType {other[:50]}")


def _zone(given: Json) -> ZoneInfo:
    name = text(given, "zoneId", "UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidFilter(f"{name[:50]} is not a time zone") from None


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _time_of_day(given: Json) -> time:
    hour, minute, second, millisecond = (whole(given, name, 0) for name in _PARTS)
    try:
        return time(hour, minute, second, millisecond * 1000)
    except (ValueError, OverflowError) as wrong:
        raise InvalidFilter(str(wrong)) from None


def _date(given: Json, zone: ZoneInfo) -> Point:
    try:
        day = date(whole(given, "year"), whole(given, "month"), whole(given, "day"))
        fixed = _milliseconds(datetime.combine(day, _time_of_day(given), zone))
    except (ValueError, OverflowError) as wrong:
        raise InvalidFilter(str(wrong)) from None
    return lambda _now: fixed


def _indexed(given: Json, zone: ZoneInfo) -> Point:
    reference = mapping(given, "indexReference")
    today = choice(reference, "referenceType", ("NOW", "TODAY")) == "TODAY"
    clock = _time_of_day(reference)
    offset = given.get("offset") or {}
    if not isinstance(offset, dict):
        raise InvalidFilter("offset must be an object")
    months = whole(offset, "months", 0) + 3 * whole(offset, "quarters", 0) + 12 * whole(offset, "years", 0)
    shift = _shift(offset)

    def moment_meant(now: int) -> int:
        moment = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
        if today:
            moment = datetime.combine(moment.date(), clock, zone)
        return _milliseconds(_month_later(moment, months) + shift)

    _check_within_reach(moment_meant)
    return moment_meant


def _shift(offset: Json) -> timedelta:
    names = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds")
    try:
        return timedelta(**{name: whole(offset, name, 0) for name in names})
    except OverflowError:
        raise InvalidFilter("offset is out of reach") from None


def _month_later(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, monthrange(years, month + 1)[1])
    return moment.replace(year=years, month=month + 1, day=day)


def _check_within_reach(meant: Point) -> None:
    """An offset that leaves the calendar is refused when it is given, not when it is looked at."""
    try:
        meant(1_800_000_000_000)
    except (ValueError, OverflowError):
        raise InvalidFilter("offset is out of reach") from None
