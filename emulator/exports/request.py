"""An export as a call describes it, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record
from emulator.crm.search import engine
from emulator.crm.search.request import SearchRequest, parse
from emulator.crm.store import Crm
from emulator.errors import InvalidInput, InvalidJson
from emulator.lists.object_list import ObjectList
from emulator.lists.registry import Lists

VIEW, LIST = "VIEW", "LIST"
MOST_ASSOCIATED = 4

Json = dict[str, Any]


@dataclass(frozen=True)
class ExportRequest:
    name: str
    type: str
    kind: ObjectType
    properties: tuple[str, ...]
    associated: tuple[ObjectType, ...]
    # Internal names in the header, internal values in the rows.
    names: bool
    values: bool
    labels: bool
    display: bool
    unlimited: bool
    members_of: ObjectList | None
    search: SearchRequest | None

    def records(self, crm: Crm) -> list[Record]:
        """All of them: the wall of a search does not stand here."""
        table = crm.table(self.kind)
        if self.members_of is not None:
            return [table.records[record_id] for record_id in self.members_of.members if record_id in table.records]
        if self.search is not None:
            return list(engine.search(crm, self.kind, self.search).records)
        return [table.records[record_id] for record_id in table.live]


def read(body: Json, lists: Lists) -> ExportRequest:
    """Raises InvalidInput and InvalidJson."""
    type_ = _choice(body, "exportType", (VIEW, LIST))
    if _choice(body, "format", ("CSV", "XLS", "XLSX")) != "CSV":
        raise InvalidInput("The emulator writes exports as CSV only.")
    _text(body, "language")
    kind = lists.crm.object_type(_text(body, "objectType"))
    options = _texts(body, "exportInternalValuesOptions")
    if unknown := sorted(set(options) - {"NAMES", "VALUES"}):
        raise InvalidInput(f"Invalid exportInternalValuesOptions {unknown[0][:50]}: NAMES or VALUES")
    return ExportRequest(
        name=_text(body, "exportName"),
        type=type_,
        kind=kind,
        properties=_properties(body, lists.crm, kind),
        associated=_associated(body, lists.crm),
        names="NAMES" in options,
        values="VALUES" in options,
        labels=_flag(body, "includeLabeledAssociations"),
        display=_flag(body, "includePrimaryDisplayPropertyForAssociatedObjects"),
        unlimited=_flag(body, "overrideAssociatedObjectsPerDefinitionPerRowLimit"),
        members_of=_list(body, lists, kind) if type_ == LIST else None,
        search=_search(body, lists.crm, kind) if type_ == VIEW else None,
    )


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str | int):
        raise InvalidJson(f"Cannot deserialize value of type `java.lang.String` for field {name}")
    if not value or isinstance(value, bool):
        raise InvalidInput(f"Some required fields were not set: [{name}]")
    return str(value)


def _choice(body: Json, name: str, allowed: tuple[str, ...]) -> str:
    value = _text(body, name)
    if value not in allowed:
        raise InvalidInput(f"Invalid {name} {value[:50]}: one of {', '.join(allowed)}")
    return value


def _texts(body: Json, name: str) -> list[str]:
    """A single text will do: older clients send one."""
    value = body.get(name)
    if value is None:
        return []
    given = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in given):
        raise InvalidJson(f"Cannot deserialize value of type `java.lang.String` for field {name}")
    return given


def _flag(body: Json, name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise InvalidJson(f"Cannot deserialize value of type `boolean` for field {name}")
    return bool(value)


def _properties(body: Json, crm: Crm, kind: ObjectType) -> tuple[str, ...]:
    names = _texts(body, "objectProperties")
    if not names:
        raise InvalidInput("Some required fields were not set: [objectProperties]")
    for name in names:
        if crm.schema(kind).get(name) is None:
            raise InvalidInput(f"Property {name[:100]} does not exist on {kind.constant}")
    return tuple(dict.fromkeys(names))


def _associated(body: Json, crm: Crm) -> tuple[ObjectType, ...]:
    names = _texts(body, "associatedObjectType")
    if len(names) > MOST_ASSOCIATED:
        raise InvalidInput(f"No more than {MOST_ASSOCIATED} associated object types can be exported.")
    return tuple(crm.object_type(name) for name in dict.fromkeys(names))


def _list(body: Json, lists: Lists, kind: ObjectType) -> ObjectList:
    found = lists.find(_text(body, "listId"))
    if found.kind.type_id != kind.type_id:
        raise InvalidInput(f"List {found.list_id} does not hold {kind.plural}.")
    return found


def _search(body: Json, crm: Crm, kind: ObjectType) -> SearchRequest | None:
    given = body.get("publicCrmSearchRequest")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise InvalidJson("Cannot deserialize value of type `PublicCrmSearchRequest`")
    request = parse(_as_documented(given), kind, crm.schema(kind))
    return replace(request, limit=10**9, after=0)


def _as_documented(given: Mapping[str, Any]) -> Json:
    """The documentation's own example says `property` and `order` where a search has propertyName and direction."""
    wanted = {name: given[name] for name in ("filterGroups", "filters", "query", "sorts") if given.get(name)}
    if isinstance(wanted.get("filters"), list):
        wanted["filters"] = [_renamed(each) for each in wanted["filters"]]
    if isinstance(wanted.get("sorts"), list):
        wanted["sorts"] = [_renamed(each) for each in wanted["sorts"]]
    return wanted


def _renamed(given: Any) -> Any:
    if not isinstance(given, dict):
        return given
    renamed = dict(given)
    if "property" in renamed:
        renamed.setdefault("propertyName", renamed["property"])
    if str(renamed.get("order", "")).upper().startswith("DESC"):
        renamed.setdefault("direction", "DESCENDING")
    return renamed
