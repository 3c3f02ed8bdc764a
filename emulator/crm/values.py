"""Property values: what may be written, and how HubSpot then stores it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from emulator.crm.object_types import ObjectType
from emulator.crm.owners import Owner
from emulator.crm.pipelines import Pipelines
from emulator.crm.properties import Property, Schema
from emulator.errors import InvalidJson, InvalidProperties
from emulator.ids import id_of
from emulator.instants import date_of, iso, parse_date, parse_instant

# developers.hubspot.com/docs/guides/api/crm/properties
LONGEST = 65_536

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+")


class InvalidValue(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Values:
    """Checks and normalises what a call wants to write on records of one kind."""

    def __init__(
        self, hub_id: int, kind: ObjectType, schema: Schema, pipelines: Pipelines, owners: Mapping[int, Owner]
    ) -> None:
        self._hub_id = hub_id
        self._kind = kind
        self._schema = schema
        self._pipelines = pipelines
        self._owners = owners

    def clean(self, raw: Mapping[str, Any], current: Mapping[str, str]) -> dict[str, str]:
        """The values to store; an empty string clears.

        Raises InvalidProperties that names every property at fault.
        """
        cleaned: dict[str, str] = {}
        problems: list[dict[str, str]] = []
        for name, value in raw.items():
            try:
                cleaned[name] = self._clean_one(name, as_text(name, value), current)
            except InvalidValue as refused:
                problems.append({"code": refused.code, "message": refused.message, "name": name})
        problems += self._stage_problems(current, cleaned) if not problems else []
        if problems:
            raise InvalidProperties(problems, self._hub_id)
        return cleaned

    def _clean_one(self, name: str, text: str, current: Mapping[str, str]) -> str:
        definition = self._schema.get(name)
        if definition is None:
            raise InvalidValue("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
        if definition.read_only:
            raise InvalidValue("READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')
        # Text is kept as it is; whatever has a form is trimmed first.
        text = text if definition.type == "string" and name != "email" else text.strip()
        if not text:
            return ""
        if name == "email":
            return _email(text)
        if definition.values_from:
            return self._referenced(definition, text)
        if definition.type == "enumeration":
            return _option(definition, text, current.get(name, ""))
        return _PLAIN[definition.type](text)

    def _referenced(self, definition: Property, text: str) -> str:
        if definition.values_from == "owner" and id_of(text) not in self._owners:
            raise InvalidValue("INVALID_OWNER_ID", f"Owner ID {text} does not exist")
        if definition.values_from == "pipeline":
            ids = [pipeline.id for pipeline in self._pipelines.all(self._kind.type_id)]
            if text not in ids:
                raise _not_allowed(text, ids)
        return text

    def _stage_problems(self, current: Mapping[str, str], cleaned: Mapping[str, str]) -> list[dict[str, str]]:
        """A stage belongs to the pipeline that the record is in; one that was deleted stays until it is written."""
        names = {definition.values_from: definition.name for definition in self._schema.all()}
        stage_name, pipeline_name = names.get("stage"), names.get("pipeline")
        if not stage_name or not pipeline_name or cleaned.keys().isdisjoint((stage_name, pipeline_name)):
            return []
        values = {**current, **cleaned}
        stage = values.get(stage_name, "")
        if not stage:
            return []
        default = self._pipelines.all(self._kind.type_id)[0]
        pipeline = self._pipelines.find(self._kind.type_id, values.get(pipeline_name, "")) or default
        if pipeline.stage(stage) is not None:
            return []
        refused = _not_allowed(stage, [each.id for each in pipeline.stages])
        return [{"code": refused.code, "message": refused.message, "name": stage_name}]


def as_text(name: str, value: Any) -> str:
    """Every value is a string to HubSpot; numbers and booleans are taken as such, null clears."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return json.dumps(value)
    raise InvalidJson(f"Cannot deserialize value of type `java.lang.String` for property {name}")


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise InvalidValue("INVALID_EMAIL", f"Email address {text} is invalid")
    return text.lower()


def _string(text: str) -> str:
    if len(text) > LONGEST:
        raise InvalidValue("PROPERTY_VALUE_TOO_LONG", f"Property value is longer than {LONGEST} characters")
    return text


def _number(text: str) -> str:
    try:
        finite = abs(float(text)) < float("inf")
    except ValueError:
        finite = False
    if not finite or "_" in text or not text.isascii():
        raise InvalidValue("INVALID_LONG", f"{text} was not a valid number.")
    return text


def _date(text: str) -> str:
    return date_of(_parsed(parse_date, text))


def _datetime(text: str) -> str:
    return iso(_parsed(parse_instant, text))


def _parsed(parse: Any, text: str) -> int:
    try:
        return int(parse(text))
    except (ValueError, OverflowError, OSError):
        raise InvalidValue("INVALID_LONG", f"{text} was not a valid long.") from None


def _bool(text: str) -> str:
    lowered = text.lower()
    if lowered not in ("true", "false"):
        raise _not_allowed(text, ["true", "false"])
    return lowered


_PLAIN = {
    "string": _string,
    "phone_number": _string,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "bool": _bool,
}


def _option(definition: Property, text: str, current: str) -> str:
    """Several values are joined by semicolons; a leading one adds to what is there."""
    if not definition.many:
        if text not in definition.allowed:
            raise _not_allowed(text, [option.value for option in definition.options])
        return text
    chosen = [part for part in text.split(";") if part]
    for part in chosen:
        if part not in definition.allowed:
            raise _not_allowed(part, [option.value for option in definition.options])
    kept = current.split(";") if text.startswith(";") and current else []
    return ";".join(dict.fromkeys([*kept, *chosen]))


def _not_allowed(text: str, allowed: list[str]) -> InvalidValue:
    return InvalidValue("INVALID_OPTION", f"{text} was not one of the allowed options: [{', '.join(allowed)}]")
