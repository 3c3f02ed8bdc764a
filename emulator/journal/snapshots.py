"""Snapshots of records that an app asks for: taken at once, reported later, read in the journal."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.crm.wire import is_told, wire_value
from emulator.errors import InvalidInput, ResourceNotFound
from emulator.journal.events import Event, snapshot_event
from emulator.journal.files import RETENTION_MS
from emulator.journal.subscriptions import read_texts, text, whole
from emulator.oauth.grants import Install

Json = dict[str, Any]

MOST_PER_CALL = 100

# The oldest are forgotten beyond this many.
_MOST_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class SnapshotRequest:
    portal_id: int
    object_type_id: str
    object_id: int
    properties: tuple[str, ...]

    def answer(self, status_id: str) -> Json:
        return {
            "portalId": self.portal_id,
            "objectId": self.object_id,
            "objectTypeId": self.object_type_id,
            "snapshotStatusId": status_id,
        }


def read_requests(body: Json) -> list[SnapshotRequest]:
    """Raises InvalidInput."""
    given = body.get("snapshotRequests")
    if not isinstance(given, list) or not given:
        raise InvalidInput("snapshotRequests is required and must be a non-empty array")
    if len(given) > MOST_PER_CALL:
        raise InvalidInput(f"snapshotRequests must not have more than {MOST_PER_CALL} requests, but has {len(given)}")
    return [_request(each) for each in given]


def _request(given: Any) -> SnapshotRequest:
    if not isinstance(given, dict):
        raise InvalidInput("each of snapshotRequests must be an object")
    return SnapshotRequest(
        whole(given, "portalId"),
        text(given, "objectTypeId"),
        whole(given, "objectId"),
        read_texts(given, "properties"),
    )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One that was asked for. Without an error its result is in the journal."""

    id: str
    client_id: str
    initiated_at: int
    error: str | None = None
    message: str | None = None

    def as_json(self, now: int, linger_ms: int) -> Json:
        """Done when the file of the journal with its result is published; gone stale when that file expires.

        Raises ResourceNotFound in the moment before it has a status at all: "Polling behavior and 404 responses" in
        developers.hubspot.com/docs/api-reference/2026-03/webhooks-journal/snapshots/guide
        """
        age = now - self.initiated_at
        if age < linger_ms / 4:
            raise _unknown(self.id)
        answer: Json = {"id": self.id, "initiatedAt": self.initiated_at}
        if age < linger_ms:
            return answer | {"status": "PENDING" if age < linger_ms / 2 else "IN_PROGRESS"}
        answer["completedAt"] = self.initiated_at + linger_ms
        if age >= RETENTION_MS:
            return answer | {"status": "EXPIRED"}
        if self.error is None:
            return answer | {"status": "SUCCESS"}
        return answer | {"status": "FAILED", "errorCode": self.error, "message": self.message}


class Snapshots:
    """Read and changed under the emulator's lock."""

    def __init__(self) -> None:
        self._by_id: dict[str, Snapshot] = {}

    def clear(self) -> None:
        self._by_id.clear()

    def all(self) -> list[Snapshot]:
        return list(self._by_id.values())

    def keep(self, snapshot: Snapshot) -> None:
        self._by_id[snapshot.id] = snapshot
        while len(self._by_id) > _MOST_KEPT or self._forgettable(snapshot.initiated_at):
            del self._by_id[next(iter(self._by_id))]

    def _forgettable(self, now: int) -> bool:
        """Whether the oldest says nothing of use any more."""
        return next(iter(self._by_id.values())).initiated_at < now - 2 * RETENTION_MS

    def named(self, client_id: str, status_id: str) -> Snapshot:
        """Raises InvalidInput for what is no UUID, ResourceNotFound for one that is not this app's."""
        try:
            wanted = str(uuid.UUID(status_id))
        except ValueError:
            raise InvalidInput(f"Invalid value for statusId: {status_id[:50]}") from None
        found = self._by_id.get(wanted)
        if found is None or found.client_id != client_id:
            raise _unknown(wanted)
        return found


def _unknown(status_id: str) -> ResourceNotFound:
    return ResourceNotFound(f"No snapshot with ID {status_id} exists.")


def take(
    client_id: str, request: SnapshotRequest, crm: Crm | None, install: Install | None, now: int
) -> tuple[Snapshot, Event | None]:
    """What can be said of the record now. Runs under the account's lock.

    A record that cannot be read makes a snapshot that failed.
    """
    snapshot = Snapshot(str(uuid.uuid4()), client_id, now)
    if crm is None or install is None:
        return _failed(snapshot, "PERMISSION_DENIED", f"The app is not installed in account {request.portal_id}."), None
    table = crm.tables.get(request.object_type_id)
    if table is None:
        return _failed(snapshot, "VALIDATION_ERROR", f"Unknown object type {request.object_type_id[:50]}."), None
    if install.approved.isdisjoint(table.kind.scopes.read):
        return _failed(snapshot, "PERMISSION_DENIED", f"The app may not read {table.kind.plural}."), None
    record = table.live_record(table.resolve(request.object_id))
    if record is None:
        return _failed(snapshot, "VALIDATION_ERROR", f"{table.kind.title} {request.object_id} does not exist."), None
    values = _values(crm, table.kind, record, request.properties)
    return snapshot, snapshot_event(crm.hub_id, now, table.kind, record.id, snapshot.id, values)


def _failed(snapshot: Snapshot, error: str, message: str) -> Snapshot:
    return replace(snapshot, error=error, message=message)


def _values(crm: Crm, kind: ObjectType, record: Record, names: tuple[str, ...]) -> dict[str, str]:
    """Those asked for that the account knows, empty where there is no value; everything set if none is asked for."""
    known = [name for name in names if crm.schema(kind).get(name) is not None] if names else sorted(record.values)
    wanted = [name for name in known if is_told(crm, kind, name)]
    return {name: wire_value(crm, kind, name, crm.read(kind, record, name) or "") for name in wanted}
