"""When DYNAMIC lists turn static, and how large lists were. Source: HubSpot's page "Lists"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from hubspot_api.client import Client
from hubspot_api.fields import Fields

_LIST = "/crm/lists/{version}/{list_id}"
_CONVERSION = _LIST + "/schedule-conversion"
_UNITS = ("DAY", "WEEK", "MONTH")


@dataclass(frozen=True, slots=True)
class Inactivity:
    """After so many DAYs, WEEKs or MONTHs in which nobody joined or left."""

    count: int
    unit: str = "DAY"


@dataclass(frozen=True, slots=True)
class Conversion:
    """When a DYNAMIC list turns static: on a day, or after a time without change. `converted_at`: it has."""

    list_id: int
    when: date | Inactivity
    converted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Size:
    """How many were on a list at a time."""

    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """A list's sizes, at most one a day, and when its filters were changed."""

    sizes: tuple[Size, ...]
    edited_at: tuple[datetime, ...]


def schedule(client: Client, list_id: int, when: date | Inactivity) -> Conversion:
    """Have a DYNAMIC list turn static, instead of what was scheduled before.

    Raises NotFound, BadRequest for a day that is over or a list that is not DYNAMIC, ValueError for an unknown unit.
    """
    answer = client.request("PUT", _CONVERSION, path_params={"list_id": list_id}, json=_wire(when))
    return _conversion(answer.fields)


def get(client: Client, list_id: int) -> Conversion:
    """Return when a list turns static, or did. Raises NotFound when nothing is scheduled."""
    return _conversion(client.request("GET", _CONVERSION, path_params={"list_id": list_id}).fields)


def cancel(client: Client, list_id: int) -> None:
    """Let a list stay DYNAMIC. Raises NotFound when nothing is scheduled."""
    client.request("DELETE", _CONVERSION, path_params={"list_id": list_id})


def history(client: Client, list_id: int, begin: datetime, end: datetime) -> History:
    """Return how large a list was between two times (aware), and when it was edited. Raises NotFound."""
    if begin.tzinfo is None or end.tzinfo is None:
        raise ValueError("a time without its zone")
    params = {"startDate": _spell(begin), "endDate": _spell(end)}
    path = _LIST + "/size-and-edits-history/between"
    fields = client.request("GET", path, path_params={"list_id": list_id}, params=params).fields
    return History(fields.each("sizeHistory", _size), fields.moments("editHistory"))


def _wire(when: date | Inactivity) -> dict[str, object]:
    if isinstance(when, Inactivity):
        if when.unit not in _UNITS:
            raise ValueError(f"a unit is one of {', '.join(_UNITS)}")
        return {"conversionType": "INACTIVITY", "timeUnit": when.unit, "offset": when.count}
    return {"conversionType": "CONVERSION_DATE", "year": when.year, "month": when.month, "day": when.day}


def _spell(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _conversion(fields: Fields) -> Conversion:
    return Conversion(fields.id("listId"), _when(fields), fields.optional_moment("convertedAt"))


def _when(fields: Fields) -> date | Inactivity:
    asked = fields.child("requestedConversionTime")
    if asked.text("conversionType") == "INACTIVITY":
        return Inactivity(asked.integer("offset"), asked.text("timeUnit"))
    return asked.day("year", "month", "day")


def _size(fields: Fields) -> Size:
    return Size(fields.integer("size"), fields.moment("timestamp"))
