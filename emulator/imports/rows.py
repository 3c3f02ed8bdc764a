"""Writing one row: a record of each kind in it, and the associations between them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from emulator.crm import writes
from emulator.crm.association_types import AssociationType
from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.errors import Conflict, HubSpotError, InvalidProperties
from emulator.imports.cells import BadCell, value_of
from emulator.imports.job import Job, Problem, Row
from emulator.imports.request import CREATE, FOREIGN, LABEL, OBJECT_ID, UPDATE, Mapping
from emulator.lists.registry import number_of

_CODES = {
    "INVALID_EMAIL": "INVALID_EMAIL",
    "INVALID_OPTION": "INVALID_ENUMERATION_OPTION",
    "INVALID_LONG": "COULD_NOT_PARSE_NUMBER",
    "INVALID_OWNER_ID": "COULD_NOT_FIND_OWNER",
    "PROPERTY_VALUE_TOO_LONG": "COLUMN_TOO_LARGE",
}

# Finds a company by its domain; the domain is no unique property.
ByDomain = Callable[[str], int | None]


class RowFailed(Exception):
    """No record comes of this part of the row."""

    def __init__(self, error_type: str, message: str, value: str | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.value = value


class RowWriter:
    def __init__(self, crm: Crm, job: Job, by_domain: ByDomain) -> None:
        self._crm = crm
        self._job = job
        self._by_domain = by_domain

    def write(self, row: Row) -> None:
        spec = self._job.request.files[row.file]
        if len(row.cells) < self._job.width(row):
            self._tell(row, "INCORRECT_NUMBER_OF_COLUMNS", f"The row has {len(row.cells)} columns")
            return
        cells = list(zip(spec.mappings, (row.cells[place] for place in self._job.columns[row.file]), strict=True))
        found: dict[str, int] = {}
        for kind in spec.kinds:
            try:
                record = self._record(
                    row, kind, [(each, text) for each, text in cells if each.kind.type_id == kind.type_id]
                )
            except RowFailed as failed:
                self._tell(row, failed.error_type, str(failed), kind, failed.value)
            else:
                if record is not None:
                    found[kind.type_id] = record.id
        self._associate(row, spec.kinds, cells, found)

    def _tell(
        self, row: Row, error_type: str, message: str, kind: ObjectType | None = None, value: str | None = None
    ) -> None:
        type_id = kind.type_id if kind else None
        at = self._crm.clock.now_ms()
        self._job.problems.append(Problem(error_type, message, row.file, row.line, at, type_id, value, row.place))

    # -- records ---------------------------------------------------------------------------------------------------

    def _record(self, row: Row, kind: ObjectType, cells: list[tuple[Mapping, str]]) -> Record | None:
        """None when the row says nothing of this kind. Raises RowFailed."""
        given = [(each, text) for each, text in cells if each.property and text.strip()]
        if not given:
            return None
        values = self._values(row, kind, given)
        before = self._existing(kind, given, values)
        operation = self._job.request.operation(kind)
        if before is not None and operation == CREATE:
            raise RowFailed("CREATE_ONLY_IMPORT", f"{kind.title} {before.id} exists already")
        if before is None and operation == UPDATE:
            raise RowFailed("UPDATE_ONLY_IMPORT", f"There is no such {kind.name}")
        record = self._written(kind, before, values)
        self._count(kind, record, before is None, len(values))
        self._remember(kind, given, record)
        return record

    def _values(self, row: Row, kind: ObjectType, given: list[tuple[Mapping, str]]) -> dict[str, str]:
        """A value that makes no sense is left out and told of; the record comes without it."""
        values: dict[str, str] = {}
        for mapping, text in given:
            if mapping.property is None or mapping.property == "hs_object_id":
                continue
            try:
                values[mapping.property] = self._value(kind, mapping.property, text)
            except BadCell as bad:
                self._tell(row, bad.error_type, str(bad), kind, text)
        return values

    def _value(self, kind: ObjectType, name: str, text: str) -> str:
        """Raises BadCell."""
        definition = self._crm.schema(kind).named(name)
        value = value_of(self._crm, kind, definition, text, self._job.request.date_format)
        if definition.values_from is None:
            try:
                self._crm.values(kind).clean({name: value}, {})
            except InvalidProperties as refused:
                [problem] = refused.fields["errors"]
                raise BadCell(_CODES.get(problem["code"], "FAILED_VALIDATION"), problem["message"]) from None
        return value

    def _existing(self, kind: ObjectType, given: list[tuple[Mapping, str]], values: dict[str, str]) -> Record | None:
        """By its id; else by e-mail, domain or another unique property, whichever is there. Raises RowFailed."""
        table = self._crm.table(kind)
        for mapping, text in given:
            if mapping.type == OBJECT_ID or mapping.property == "hs_object_id":
                record = table.live_record(table.resolve(number_of(text.strip())))
                if record is None:
                    raise RowFailed("INVALID_OBJECT_ID", f"There is no {kind.name} {text[:50]}", text)
                return record
        for name, value in values.items():
            if name in table.unique:
                found = table.holder(name, value)
            elif (kind.type_id, name) == ("0-2", "domain"):
                known = self._job.known.get((kind.type_id, name, value.strip().lower()))
                found = known if known is not None else self._by_domain(value)
            else:
                continue
            if found is not None:
                return table.live_record(found)
        return None

    def _written(self, kind: ObjectType, before: Record | None, values: dict[str, str]) -> Record:
        """Raises RowFailed."""
        try:
            if before is None:
                return writes.create(self._crm, kind, values, self._job.source)
            return writes.update(self._crm, kind, before, values, self._job.source)
        except Conflict as conflict:
            raise RowFailed("DUPLICATE_UNIQUE_PROPERTY_VALUE", conflict.message) from None
        except InvalidProperties as refused:
            raise RowFailed("FAILED_VALIDATION", refused.message) from None
        except HubSpotError as refused:
            incomplete = refused.message.startswith("Error creating")
            raise RowFailed(
                "MISSING_REQUIRED_PROPERTY" if incomplete else "FAILED_VALIDATION", refused.message
            ) from None

    def _count(self, kind: ObjectType, record: Record, new: bool, values: int) -> None:
        written = self._job.written.setdefault(kind.type_id, set())
        counters = self._job.counters
        counters["CREATED_OBJECTS" if new else "UPDATED_OBJECTS"] += 1
        counters["UNIQUE_OBJECTS_WRITTEN"] += record.id not in written
        counters["PROPERTY_VALUES_EMITTED"] += values
        written.add(record.id)

    def _remember(self, kind: ObjectType, given: list[tuple[Mapping, str]], record: Record) -> None:
        for mapping, text in given:
            if mapping.property and (kind.type_id, mapping.property) in self._job.remembered:
                self._job.known[(kind.type_id, mapping.property, text.strip().lower())] = record.id

    # -- associations ----------------------------------------------------------------------------------------------

    def _associate(
        self, row: Row, kinds: list[ObjectType], cells: list[tuple[Mapping, str]], found: dict[str, int]
    ) -> None:
        """Records of one row belong together; labels and common columns say more."""
        present = [kind for kind in kinds if kind.type_id in found]
        for first, second in combinations(present, 2):
            self._link(row, self._crm.association_types.default(first, second), found, found[second.type_id])
        for mapping, text in cells:
            if mapping.to is None or not text.strip() or mapping.kind.type_id not in found:
                continue
            if mapping.type == LABEL:
                self._label(row, mapping, text, found)
            elif mapping.type == FOREIGN:
                self._by_common_column(row, mapping, text, found)

    def _label(self, row: Row, mapping: Mapping, text: str, found: dict[str, int]) -> None:
        assert mapping.to is not None
        if mapping.to.type_id not in found:
            return
        types = self._crm.association_types.between(mapping.kind, mapping.to)
        type_ = next((each for each in types if (each.label or "").lower() == text.strip().lower()), None)
        if type_ is None:
            self._tell(row, "ASSOCIATION_LABEL_NOT_FOUND", f"There is no label {text[:100]}", mapping.kind, text)
            return
        self._link(row, type_, found, found[mapping.to.type_id])

    def _by_common_column(self, row: Row, mapping: Mapping, text: str, found: dict[str, int]) -> None:
        """The other record has the same value in the column of the same name, in whichever file."""
        assert mapping.to is not None
        names = {
            each.property
            for spec in self._job.request.files
            for each in spec.mappings
            if each.property and each.kind.type_id == mapping.to.type_id and each.column == mapping.column
        }
        for name in names:
            other = self._job.known.get((mapping.to.type_id, name, text.strip().lower()))
            other = other if other is not None else self._crm.table(mapping.to).holder(name, text)
            if other is not None:
                self._link(row, self._crm.association_types.get(mapping.association), found, other)
                return
        self._tell(row, "ASSOCIATION_RECORD_NOT_FOUND", f"No record has {text[:100]}", mapping.kind, text)

    def _link(self, row: Row, type_: AssociationType | None, found: dict[str, int], other: int) -> None:
        try:
            if type_ is None:
                raise Conflict("Records of these kinds cannot be associated")
            writes.associate(self._crm, [type_], found[type_.from_type.type_id], other, self._job.source)
        except HubSpotError as refused:
            self._tell(row, "FAILED_TO_CREATE_ASSOCIATION", refused.message)
        else:
            self._job.counters["ASSOCIATIONS_CREATED"] += 1
