"""One list: what it is called, how its members come about, who they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from emulator.crm.object_types import ObjectType
from emulator.instants import DAY_MS, iso
from emulator.lists.filters.branches import Criteria
from emulator.lists.members import Members

MANUAL, SNAPSHOT, DYNAMIC = "MANUAL", "SNAPSHOT", "DYNAMIC"
PROCESSING_TYPES = (MANUAL, SNAPSHOT, DYNAMIC)

Json = dict[str, Any]

ALWAYS_SHOWN = (
    "hs_list_size",
    "hs_last_record_added_at",
    "hs_last_record_removed_at",
    "hs_folder_name",
    "hs_list_reference_count",
)


def _no_permissions() -> Json:
    return {"teamsWithEditAccess": [], "usersWithEditAccess": []}


def _no_settings() -> Json:
    return {"membershipTeamId": None, "includeUnassigned": None}


@dataclass
class ObjectList:
    list_id: int
    kind: ObjectType
    name: str
    processing_type: str
    created_at: int
    # None: a private app, or HubSpot itself.
    created_by: int | None = None
    updated_at: int = 0
    updated_by: int | None = None
    filters_updated_at: int = 0
    filter_branch: Json | None = None
    version: int = 1
    folder_id: int = 0
    # None: not deleted.
    deleted_at: int | None = None
    permissions: Json = field(default_factory=_no_permissions)
    settings: Json = field(default_factory=_no_settings)
    properties: dict[str, str] = field(default_factory=dict)
    last_added_at: int | None = None
    last_removed_at: int | None = None
    members: Members = field(default_factory=Members)
    # When those first joined that have left since.
    first_joined: dict[int, int] = field(default_factory=dict)
    criteria: Criteria = field(default_factory=Criteria)
    # When it is to become static, as it was asked for, and when it did.
    conversion: Json | None = None
    converted_at: int | None = None
    # The latest size of each day on which it changed: by the number of the day, the size and when.
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)
    edits: list[int] = field(default_factory=list)

    @property
    def live(self) -> bool:
        return self.deleted_at is None

    @property
    def dynamic(self) -> bool:
        return self.processing_type == DYNAMIC

    def touch(self, at: int, user_id: int | None) -> None:
        self.updated_at, self.updated_by = at, user_id
        self.edits.append(at)

    def put(self, record_id: int, at: int) -> bool:
        if not self.members.add(record_id, at):
            return False
        self.last_added_at = at
        self._note_size(at)
        return True

    def take(self, record_id: int, at: int) -> bool:
        if record_id not in self.members:
            return False
        self.first_joined.setdefault(record_id, self.members.joined_at(record_id))
        self.members.discard(record_id)
        self.last_removed_at = at
        self._note_size(at)
        return True

    def _note_size(self, at: int) -> None:
        self.sizes[at // DAY_MS] = (len(self.members), at)

    @property
    def latest_change_at(self) -> int:
        """Of its members."""
        return max(self.last_added_at or 0, self.last_removed_at or 0, self.created_at)

    def first_joined_at(self, record_id: int) -> int:
        return self.first_joined.get(record_id, self.members.joined_at(record_id))

    def as_json(self, *, filters: bool = False) -> Json:
        """As a list is read by its id or name."""
        shown = self._head()
        if filters and self.filter_branch is not None:
            shown["filterBranch"] = self.filter_branch
        shown["size"] = len(self.members)
        shown["listPermissions"] = self.permissions
        shown["membershipSettings"] = self.settings
        return shown

    def _head(self) -> Json:
        shown: Json = {
            "listId": str(self.list_id),
            "listVersion": self.version,
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.updated_at),
            "filtersUpdatedAt": iso(self.filters_updated_at),
        }
        if self.deleted_at is not None:
            shown["deletedAt"] = iso(self.deleted_at)
        shown["processingStatus"] = "COMPLETE"
        for name, user_id in (("createdById", self.created_by), ("updatedById", self.updated_by)):
            if user_id is not None:
                shown[name] = str(user_id)
        return shown | {
            "processingType": self.processing_type,
            "objectTypeId": self.kind.type_id,
            "name": self.name,
        }

    def as_found(self, asked: Iterable[str], folder_name: str | None, references: int) -> Json:
        """As a search shows it. Properties without a value are left out; times are milliseconds there."""
        known = self.properties | {
            "hs_list_size": str(len(self.members)),
            "hs_list_reference_count": str(references),
            "hs_last_record_added_at": str(self.last_added_at or ""),
            "hs_last_record_removed_at": str(self.last_removed_at or ""),
            "hs_folder_name": folder_name or "",
        }
        wanted = dict.fromkeys((*ALWAYS_SHOWN, *asked))
        return self._head() | {"additionalProperties": {name: known[name] for name in wanted if known.get(name)}}
