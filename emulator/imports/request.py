"""An import as a call describes it, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from emulator.crm.association_types import HUBSPOT_DEFINED, key_of
from emulator.crm.object_types import ObjectType
from emulator.crm.store import Crm
from emulator.errors import InvalidInput, InvalidJson

UPSERT, CREATE, UPDATE = "UPSERT", "CREATE", "UPDATE"
DATE_FORMATS = ("MONTH_DAY_YEAR", "DAY_MONTH_YEAR", "YEAR_MONTH_DAY")
STANDARD, OBJECT_ID, ALTERNATE_ID, LABEL, FOREIGN = (
    "STANDARD",
    "HUBSPOT_OBJECT_ID",
    "HUBSPOT_ALTERNATE_ID",
    "FLEXIBLE_ASSOCIATION_LABEL",
    "FOREIGN_KEY",
)
# As the first generation of the requests had them, under idColumnType.
_OLDER = {"EMAIL": ALTERNATE_ID, "HUBSPOT_OBJECT_ID": OBJECT_ID, "UNIQUE_PROPERTY": ALTERNATE_ID}

Json = dict[str, Any]


@dataclass(frozen=True)
class Mapping:
    """What one column of a file is."""

    column: str
    kind: ObjectType
    property: str | None
    type: str
    # Of a label or a foreign key: the kind at the other end, and the association's key.
    to: ObjectType | None = None
    association: int | None = None


@dataclass(frozen=True)
class FileSpec:
    name: str
    has_header: bool
    mappings: tuple[Mapping, ...]

    @property
    def refers(self) -> bool:
        """Whether its rows name records of other files."""
        return any(each.type == FOREIGN for each in self.mappings)

    @property
    def kinds(self) -> list[ObjectType]:
        """Those whose records the rows hold, in the order of their columns."""
        return list(dict.fromkeys(each.kind for each in self.mappings if each.type not in (LABEL, FOREIGN)))


@dataclass(frozen=True)
class ImportRequest:
    name: str
    date_format: str
    operations: dict[str, str]
    files: tuple[FileSpec, ...]
    makes_list: bool

    def operation(self, kind: ObjectType) -> str:
        return self.operations.get(kind.type_id, UPSERT)


def read(body: Json, crm: Crm) -> ImportRequest:
    """Raises InvalidInput and InvalidJson."""
    files = tuple(_file(each, crm) for each in _items(body, "files"))
    if not files:
        raise InvalidInput("An import needs at least one file.")
    return ImportRequest(
        name=_text(body, "name"),
        date_format=_choice(body, "dateFormat", DATE_FORMATS, DATE_FORMATS[0]),
        operations=_operations(body, crm),
        files=files,
        makes_list=_flag(body, "createContactListFromImport", default=False),
    )


def _operations(body: Json, crm: Crm) -> dict[str, str]:
    given = body.get("importOperations") or {}
    if not isinstance(given, dict):
        raise InvalidJson("Cannot deserialize value of type `Map` for field importOperations")
    for operation in given.values():
        if operation not in (UPSERT, CREATE, UPDATE):
            raise InvalidInput(f"Invalid import operation {str(operation)[:50]}: UPSERT, CREATE or UPDATE")
    return {crm.object_type(name).type_id: operation for name, operation in given.items()}


def _file(given: Any, crm: Crm) -> FileSpec:
    if not isinstance(given, dict):
        raise InvalidJson("Cannot deserialize value of type `File`")
    if _choice(given, "fileFormat", ("CSV", "SPREADSHEET"), "CSV") != "CSV":
        raise InvalidInput("The emulator reads imports as CSV only.")
    page = given.get("fileImportPage")
    if not isinstance(page, dict):
        raise InvalidInput("A file needs a fileImportPage.")
    mappings = tuple(_mapping(each, crm) for each in _items(page, "columnMappings"))
    spec = FileSpec(_text(given, "fileName"), _flag(page, "hasHeader", default=True), mappings)
    if not spec.kinds:
        raise InvalidInput(f"File {spec.name[:100]} maps no column to a property.")
    return spec


def _mapping(given: Any, crm: Crm) -> Mapping:
    if not isinstance(given, dict):
        raise InvalidJson("Cannot deserialize value of type `ColumnMapping`")
    kind = crm.object_type(str(given.get("columnObjectTypeId") or given.get("columnObjectType") or ""))
    column, type_ = _text(given, "columnName"), _type(given)
    to_name = given.get("toColumnObjectTypeId")
    to = crm.object_type(str(to_name)) if to_name else None
    if type_ == LABEL:
        if to is None:
            raise InvalidInput(f"Column {column[:100]} holds association labels and needs a toColumnObjectTypeId.")
        return Mapping(column, kind, None, LABEL, to)
    if to is not None:
        return Mapping(column, kind, None, FOREIGN, to, _association(given, crm, kind, to))
    return Mapping(column, kind, _property(given, crm, kind, type_), type_)


def _type(given: Json) -> str:
    older = given.get("idColumnType")
    if older is not None and older not in tuple(_OLDER):
        raise InvalidInput(f"Invalid idColumnType {str(older)[:50]}: one of {', '.join(_OLDER)}")
    type_ = given.get("columnType") or (_OLDER[older] if older else STANDARD)
    if type_ in ("ASSOCIATION_KEYS", "EVENT_TIMESTAMP"):
        raise InvalidInput(f"The emulator does not import columns of type {type_}.")
    if type_ not in (STANDARD, OBJECT_ID, ALTERNATE_ID, LABEL):
        raise InvalidInput(f"Invalid columnType {str(type_)[:50]}.")
    return str(type_)


def _property(given: Json, crm: Crm, kind: ObjectType, type_: str) -> str:
    name = "hs_object_id" if type_ == OBJECT_ID else _text(given, "propertyName")
    definition = crm.schema(kind).get(name)
    if definition is None:
        raise InvalidInput(f"Property {name[:100]} does not exist on {kind.constant}.")
    if definition.read_only and name != "hs_object_id":
        raise InvalidInput(f"Property {name} of {kind.constant} is read only and cannot be imported.")
    if type_ == ALTERNATE_ID and name not in crm.table(kind).unique and (kind.type_id, name) != ("0-2", "domain"):
        raise InvalidInput(f"Property {name} is not a unique identifier property of {kind.constant}.")
    return name


def _association(given: Json, crm: Crm, kind: ObjectType, to: ObjectType) -> int:
    """The plain type, unless the mapping names another."""
    wanted = given.get("foreignKeyType")
    if wanted is None:
        found = crm.association_types.default(kind, to)
    else:
        type_id = wanted.get("associationTypeId") if isinstance(wanted, dict) else None
        category = str(wanted.get("associationCategory") or HUBSPOT_DEFINED) if isinstance(wanted, dict) else ""
        found = crm.association_types.get(key_of(category, type_id) if isinstance(type_id, int) else None)
    ends = (found.from_type.type_id, found.to_type.type_id) if found is not None else None
    if found is None or ends not in ((kind.type_id, to.type_id), (to.type_id, kind.type_id)):
        raise InvalidInput(f"foreignKeyType does not lead from {kind.plural} to {to.plural}.")
    return found.key if ends == (kind.type_id, to.type_id) else found.inverse_key


def _items(body: Json, name: str) -> Sequence[Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, list):
        raise InvalidJson(f"Cannot deserialize value of type `java.util.ArrayList` for field {name}")
    return value or []


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"Some required fields were not set: [{name}]")
    return value


def _choice(body: Json, name: str, allowed: Sequence[str], default: str) -> str:
    value = body.get(name) or default
    if value not in allowed:
        raise InvalidInput(f"Invalid {name} {str(value)[:50]}: one of {', '.join(allowed)}")
    return str(value)


def _flag(body: Json, name: str, *, default: bool) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise InvalidJson(f"Cannot deserialize value of type `boolean` for field {name}")
    return default if value is None else value
