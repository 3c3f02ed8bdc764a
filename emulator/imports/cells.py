"""From the text of a cell to the value of a property: files hold what people read."""

from __future__ import annotations

import re
from datetime import date

from emulator.crm.object_types import ObjectType
from emulator.crm.properties import Property
from emulator.crm.store import Crm
from emulator.instants import iso, parse_instant


class BadCell(Exception):
    """What is wrong with a cell, in HubSpot's words for it."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


_PARTS = re.compile(r"\s*(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*")
_ORDER = {"MONTH_DAY_YEAR": (2, 0, 1), "DAY_MONTH_YEAR": (2, 1, 0), "YEAR_MONTH_DAY": (0, 1, 2)}
_TRUTH = {"yes": "true", "true": "true", "no": "false", "false": "false"}


def value_of(crm: Crm, kind: ObjectType, definition: Property, text: str, date_format: str) -> str:
    """Raises BadCell."""
    if definition.values_from == "owner":
        return _owner(crm, text)
    if definition.values_from in ("pipeline", "stage"):
        return _stage(crm, kind, definition.values_from, text)
    if definition.type == "enumeration":
        return _options(definition, text)
    if definition.type in ("date", "datetime"):
        return _moment(text, date_format, with_time=definition.type == "datetime")
    if definition.type == "number":
        return _number(text)
    if definition.type == "bool":
        return _TRUTH.get(text.strip().lower(), text)
    return text


def _owner(crm: Crm, text: str) -> str:
    wanted = text.strip().lower()
    for owner_id, owner in crm.owners.items():
        if wanted in (str(owner_id), owner.user.email.lower(), owner.user.name.lower()):
            return str(owner_id)
    raise BadCell("COULD_NOT_FIND_OWNER", f"No owner is {text[:100]}")


def _stage(crm: Crm, kind: ObjectType, what: str, text: str) -> str:
    wanted = text.strip().lower()
    for pipeline in crm.pipelines.all(kind.type_id):
        for each in [pipeline] if what == "pipeline" else pipeline.stages:
            if wanted in (each.id.lower(), each.label.lower()):
                return each.id
    raise BadCell("INVALID_ENUMERATION_OPTION", f"{text[:100]} is not a {what} of {kind.plural}")


def _options(definition: Property, text: str) -> str:
    parts = text.split(";") if definition.many else [text]
    by_name = {option.label.lower(): option.value for option in definition.options}
    by_name |= {option.value.lower(): option.value for option in definition.options}
    try:
        return ";".join(by_name[part.strip().lower()] for part in parts if part.strip())
    except KeyError as unknown:
        raise BadCell(
            "INVALID_ENUMERATION_OPTION", f"{unknown.args[0]} is not an option of {definition.name}"
        ) from None


def _number(text: str) -> str:
    plain = text.strip().replace(",", "")
    try:
        float(plain)
    except ValueError:
        raise BadCell("COULD_NOT_PARSE_NUMBER", f"{text[:100]} is not a number") from None
    return plain


def _moment(text: str, date_format: str, *, with_time: bool) -> str:
    found = _PARTS.fullmatch(text)
    try:
        if found is None:
            ms = parse_instant(text.strip())
            return iso(ms) if with_time else iso(ms)[:10]
        year, month, day = (int(found[place + 1]) for place in _ORDER[date_format])
        moment = date(year, month, day).isoformat()
        if not with_time:
            return moment
        hour, minute, second = (int(found[place] or 0) for place in (4, 5, 6))
        return iso(parse_instant(f"{moment}T{hour:02d}:{minute:02d}:{second:02d}"))
    except (ValueError, OverflowError, OSError):
        raise BadCell("COULD_NOT_PARSE_DATE", f"{text[:100]} is not a date as {date_format}") from None
