"""Records as they are now, written into the webhooks journal on request.

Called with the app's own token: see `journal`. Source: HubSpot's page "Webhooks journal: snapshots".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hubspot_api.client import Client
from hubspot_api.fields import Fields
from hubspot_api.ports import Bucket

MOST_REQUESTS = 100  # of one call

_SNAPSHOTS = "/webhooks-journal/snapshots/{version}/crm"
_STATUS = "/webhooks-journal/journal/{version}/status/{snapshot_id}"


@dataclass(frozen=True, slots=True)
class SnapshotRequest:
    """A record of an account, its type by id ("0-1"). No `properties`: all that have a value."""

    hub_id: int
    object_type: str
    object_id: int
    properties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One that was asked for. `id` comes back as the journal event's `snapshot_id`."""

    id: str
    hub_id: int
    object_type: str
    object_id: int


@dataclass(frozen=True, slots=True)
class SnapshotStatus:
    """How far one is. `state`: PENDING, IN_PROGRESS, SUCCESS, FAILED or EXPIRED.

    `error` of a failed one: TIMEOUT, VALIDATION_ERROR, INTERNAL_ERROR or PERMISSION_DENIED; `message` says more.
    """

    id: str
    state: str
    error: str | None
    message: str | None = field(repr=False)

    @property
    def done(self) -> bool:
        """Whether its event is in the journal, or never will be."""
        return self.state not in ("PENDING", "IN_PROGRESS")


def take(client: Client, requests: Sequence[SnapshotRequest]) -> tuple[Snapshot, ...]:
    """Ask for snapshots, any number of them: each hundred is a call.

    Repeated when an answer is lost, so that a record may come twice. One that cannot be read has a status FAILED.
    """
    taken: list[Snapshot] = []
    for start in range(0, len(requests), MOST_REQUESTS):
        body = {"snapshotRequests": [_wire(each) for each in requests[start : start + MOST_REQUESTS]]}
        answer = client.request("POST", _SNAPSHOTS, json=body, bucket=Bucket.JOURNAL_SNAPSHOTS, idempotent=True)
        taken += answer.fields.each("snapshotResponses", _snapshot)
    return tuple(taken)


def status(client: Client, snapshot_id: str) -> SnapshotStatus:
    """Return how far a snapshot is. Raises NotFound, also in the first moment after it was asked for."""
    fields = client.request(
        "GET", _STATUS, path_params={"snapshot_id": snapshot_id}, bucket=Bucket.JOURNAL_SNAPSHOTS
    ).fields
    return SnapshotStatus(
        fields.text("id"), fields.text("status"), fields.optional_text("errorCode"), fields.optional_text("message")
    )


def _wire(request: SnapshotRequest) -> dict[str, object]:
    return {
        "portalId": request.hub_id,
        "objectTypeId": request.object_type,
        "objectId": request.object_id,
        "properties": list(request.properties),
    }


def _snapshot(fields: Fields) -> Snapshot:
    return Snapshot(
        fields.text("snapshotStatusId"), fields.id("portalId"), fields.text("objectTypeId"), fields.id("objectId")
    )
