"""Custom workflow actions as apps define them, with their revisions and functions."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from emulator.errors import ResourceNotFound
from emulator.instants import iso

Json = dict[str, Any]

FUNCTION_TYPES = ("PRE_ACTION_EXECUTION", "PRE_FETCH_OPTIONS", "POST_FETCH_OPTIONS", "POST_ACTION_EXECUTION")


@dataclass(frozen=True)
class Revision:
    number: int
    created_at: int
    # What the app wrote, without the functions.
    body: Json

    @property
    def fields(self) -> dict[str, Json]:
        return {each["typeDefinition"]["name"]: each for each in self.body["inputFields"]}

    @property
    def outputs(self) -> set[str]:
        return {each["typeDefinition"]["name"] for each in self.body.get("outputFields", [])}


@dataclass
class Definition:
    id: int
    app_id: int
    revisions: list[Revision]
    # Source by type and id; the id is "" where there is none. HubSpot runs them, the emulator only keeps them.
    functions: dict[tuple[str, str], str] = field(default_factory=dict)
    archived_at: int | None = None
    requires_object: bool = True

    @property
    def latest(self) -> Revision:
        return self.revisions[-1]

    @property
    def published(self) -> bool:
        return bool(self.latest.body["published"])

    def is_for(self, *names: str) -> bool:
        """Whether it may be used with a kind of record, known by these names. No types at all means any."""
        types = {str(each).upper() for each in self.latest.body["objectTypes"]}
        return not types or not types.isdisjoint(name.upper() for name in names)

    def as_json(self, revision: Revision | None = None) -> Json:
        shown = revision or self.latest
        answer: Json = {
            "id": str(self.id),
            "revisionId": str(shown.number),
            **copy.deepcopy(shown.body),
            "functions": [identifier(*key) for key in self.functions],
        }
        if self.archived_at is not None:
            answer["archivedAt"] = self.archived_at
        return answer

    def revision_json(self, revision: Revision) -> Json:
        return {
            "id": str(self.id),
            "revisionId": str(revision.number),
            "createdAt": iso(revision.created_at),
            "definition": self.as_json(revision),
        }


def identifier(function_type: str, function_id: str) -> Json:
    return {"functionType": function_type} | ({"id": function_id} if function_id else {})


class Definitions:
    """Of all apps. Changed under the emulator's lock."""

    def __init__(self) -> None:
        self.by_id: dict[int, Definition] = {}
        self.next_id = 10_646_377

    def create(self, app_id: int, body: Json, functions: dict[tuple[str, str], str], now: int) -> Definition:
        made = Definition(self.next_id, app_id, [Revision(1, now, body)], functions)
        self.next_id += 1
        self.by_id[made.id] = made
        return made

    def update(self, definition: Definition, body: Json, now: int) -> None:
        definition.revisions.append(Revision(definition.latest.number + 1, now, body))

    def find(self, app_id: int, text: str, *, archived: bool = False) -> Definition:
        """Raises ResourceNotFound for what is not there or belongs to another app."""
        found = self.by_id.get(int(text)) if text.isdecimal() and len(text) < 18 else None
        if found is None or found.app_id != app_id or (found.archived_at is not None) != archived:
            raise ResourceNotFound(f"No custom action definition with id {text[:50]} exists for app {app_id}")
        return found

    def of_app(self, app_id: int, *, archived: bool = False) -> list[Definition]:
        return [
            each for each in self.by_id.values() if each.app_id == app_id and (each.archived_at is not None) == archived
        ]
