"""Active lists that become static, on a date or when nothing has happened to them for a while."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from emulator.errors import InvalidInput, ResourceNotFound
from emulator.instants import DAY_MS, iso
from emulator.lists.errors import InvalidProcessingType
from emulator.lists.object_list import ObjectList
from emulator.lists.registry import Lists

_UNITS = {"DAY": DAY_MS, "WEEK": 7 * DAY_MS, "MONTH": 30 * DAY_MS}
_LONGEST = 1_000

Json = dict[str, Any]


def schedule(found: ObjectList, given: Json, now: int) -> None:
    """Raises InvalidInput and InvalidProcessingType."""
    if not found.dynamic:
        raise InvalidProcessingType("Only a DYNAMIC list can be converted.")
    match given.get("conversionType"):
        case "CONVERSION_DATE":
            wanted = {name: _number(given, name, 9_999) for name in ("year", "month", "day")}
            if _date(wanted) <= now:
                raise InvalidInput("The date of a conversion must be in the future.")
        case "INACTIVITY":
            if given.get("timeUnit") not in tuple(_UNITS):
                raise InvalidInput(f"timeUnit must be one of {', '.join(_UNITS)}")
            wanted = {"timeUnit": given["timeUnit"], "offset": _number(given, "offset", _LONGEST)}
        case _:
            raise InvalidInput("conversionType must be CONVERSION_DATE or INACTIVITY")
    found.conversion = {"conversionType": given["conversionType"]} | wanted


def _number(given: Json, name: str, most: int) -> int:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidInput(f"{name} must be a whole number from 1 to {most}")
    return value


def _date(wanted: Json) -> int:
    try:
        moment = datetime(wanted["year"], wanted["month"], wanted["day"], tzinfo=UTC)
    except ValueError as wrong:
        raise InvalidInput(str(wrong)) from None
    return int(moment.timestamp() * 1000)


def cancel(found: ObjectList) -> None:
    """Raises ResourceNotFound when there is nothing to cancel."""
    if found.conversion is None or found.converted_at is not None:
        raise ResourceNotFound(f"List {found.list_id} has no scheduled conversion.")
    found.conversion = None


def as_json(found: ObjectList) -> Json:
    """Raises ResourceNotFound for a list that was never to be converted."""
    if found.conversion is None:
        raise ResourceNotFound(f"List {found.list_id} has no scheduled conversion.")
    answer: Json = {"listId": str(found.list_id), "requestedConversionTime": found.conversion}
    if found.converted_at is not None:
        answer["convertedAt"] = iso(found.converted_at)
    return answer


def convert_due(lists: Lists) -> None:
    now = lists.crm.clock.now_ms()
    for found in lists.dynamic():
        if found.conversion is not None and _due_at(found, found.conversion) <= now:
            lists.make_static(found, now)


def _due_at(found: ObjectList, conversion: Json) -> int:
    if conversion["conversionType"] == "CONVERSION_DATE":
        return _date(conversion)
    return found.latest_change_at + int(conversion["offset"]) * _UNITS[conversion["timeUnit"]]
