"""One import: what it is to do, how far it is, and what went wrong."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from emulator.crm.object_types import COMPANY
from emulator.crm.records import Source
from emulator.imports.request import FOREIGN, FileSpec, ImportRequest
from emulator.imports.uploads import Upload
from emulator.instants import iso

MOST_ROWS = 1_048_576

STARTED, PROCESSING, DONE, FAILED, CANCELED = "STARTED", "PROCESSING", "DONE", "FAILED", "CANCELED"

# An import begins after a moment, and then writes so many rows in a second.
BEGINS_AFTER_MS = 500
ROWS_PER_SECOND = 2_000

Json = dict[str, Any]


class Row(NamedTuple):
    # Its place among all rows of the import.
    place: int
    file: int
    line: int
    cells: list[str]


@dataclass(frozen=True)
class Problem:
    error_type: str
    message: str
    file: int
    line: int
    at: int
    type_id: str | None = None
    value: str | None = None
    # The place of the row; None: the whole file.
    row: int | None = None


@dataclass
class Job:
    """Read and changed under the portal's `crm.lock` only."""

    import_id: int
    app_id: int
    user_id: int | None
    request: ImportRequest
    # As it was sent.
    request_json: Json
    uploads: list[Upload]
    file_ids: list[int]
    created_at: int
    updated_at: int
    state: str = STARTED
    next_row: int = 0
    counters: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    # Records that came with a value, for columns of other files that name them: (type id, property, value) to id.
    known: dict[tuple[str, str, str], int] = field(default_factory=dict)
    mapped: list[str] = field(default_factory=list)
    # Records written, by type id.
    written: dict[str, set[int]] = field(default_factory=dict)
    list_ids: dict[str, int] = field(default_factory=dict)
    rows: list[Row] = field(init=False)
    # Where each mapped column stands, per file.
    columns: list[list[int]] = field(init=False)
    # The properties whose values are worth knowing.
    remembered: set[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        """Files whose columns name records of others come last."""
        self.rows, self.columns = [], [[] for _ in self.request.files]
        for place, spec in sorted(enumerate(self.request.files), key=lambda each: each[1].refers):
            self._read(place, spec)
        mappings = [each for spec in self.request.files for each in spec.mappings]
        common = {each.column for each in mappings if each.type == FOREIGN}
        self.remembered = {(COMPANY.type_id, "domain")}
        self.remembered |= {
            (each.kind.type_id, each.property) for each in mappings if each.property and each.column in common
        }

    @property
    def active(self) -> bool:
        return self.state in (STARTED, PROCESSING)

    @property
    def source(self) -> Source:
        return Source("IMPORT", str(self.import_id), self.user_id, self.request.name)

    def upload(self, spec: FileSpec) -> Upload | None:
        return next((each for each in self.uploads if each.name == spec.name), None)

    def _read(self, place: int, spec: FileSpec) -> None:
        """A file that cannot be used fails the import; what is wrong with it has the line number 0."""
        upload = self.upload(spec)
        columns = self.columns[place]
        try:
            text = upload.content.decode("utf-8-sig") if upload else ""
            numbered = enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1)
            lines = [(number, cells) for number, cells in numbered if any(cells)]
        except (UnicodeDecodeError, csv.Error) as broken:
            self.fail("INVALID_FILE_TYPE", f"{spec.name} cannot be read: {broken}", place)
            return
        _, header = lines.pop(0) if spec.has_header and lines else (0, [])
        names = [name.strip() for name in header]
        for order, mapping in enumerate(spec.mappings):
            if spec.has_header and mapping.column.strip() not in names:
                self.fail("INVALID_COLUMN_CONFIGURATION", f"{spec.name} has no column {mapping.column}", place)
                return
            columns.append(names.index(mapping.column.strip()) if spec.has_header else order)
        for number, cells in lines:
            self.rows.append(Row(len(self.rows), place, number, cells))

    def fail(self, error_type: str, message: str, file: int) -> None:
        self.state = FAILED
        if not self.problems:
            self.problems.append(Problem(error_type, message, file, 0, self.created_at))

    def width(self, row: Row) -> int:
        """How many cells the row must have."""
        return max(self.columns[row.file], default=-1) + 1

    def begun(self, now: int) -> bool:
        return now >= self.created_at + BEGINS_AFTER_MS

    def due(self, now: int) -> int:
        """How many rows are to be written by now."""
        elapsed = now - self.created_at - BEGINS_AFTER_MS
        return min(len(self.rows), 1 + elapsed * ROWS_PER_SECOND // 1_000) if elapsed >= 0 else 0

    def as_json(self) -> Json:
        counters: Json = {name: count for name, count in self.counters.items() if count}
        if self.problems:
            counters["ERRORS"] = len(self.problems)
        return {
            "id": str(self.import_id),
            "state": self.state,
            "importName": self.request.name,
            "importSource": "API",
            "importRequestJson": self.request_json,
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.updated_at),
            "optOutImport": False,
            "mappedObjectTypeIds": self.mapped,
            "metadata": {
                "counters": counters,
                "fileIds": list(map(str, self.file_ids)),
                "objectLists": [
                    {"listId": str(list_id), "objectType": name} for name, list_id in self.list_ids.items()
                ],
            },
        }

    def problem_json(self, number: int, *, with_row: bool, with_message: bool) -> Json:
        problem = self.problems[number]
        row = self.rows[problem.row] if problem.row is not None and problem.row < len(self.rows) else None
        answer: Json = {
            "id": str(self.import_id * 1_000_000 + number),
            "createdAt": problem.at,
            "errorType": problem.error_type,
            "sourceData": {
                "fileId": self.file_ids[problem.file] if problem.file < len(self.file_ids) else 0,
                "lineNumber": problem.line,
                "rowData": row.cells if row is not None and with_row else [],
                "additionalRowData": [],
                "containsEncryptedProperties": False,
            },
        }
        given = {
            "errorMessage": problem.message if with_message else None,
            "objectTypeId": problem.type_id,
            "invalidValue": problem.value,
            "invalidValueToDisplay": problem.value,
        }
        return answer | {name: value for name, value in given.items() if value is not None}
