"""Many CRM records in few calls: any number of inputs, sent in hundreds.

Partial success is a success: HubSpot reports it with status 207 or 200 alike, and both end in a `BatchResult`. When a
later hundred fails altogether, the exception's `partial` holds what came of those before it.

Every input of a write carries its position in the call as trace id, which `Record.trace_id` and
`ErrorDetail.trace_ids` give back. Without one, HubSpot refuses a hundred creates for the sake of one.

Source: HubSpot's page "Using object APIs", batch endpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hubspot_api.answers import Answer, error_details
from hubspot_api.associations import AssociatedWith, wire_associations
from hubspot_api.client import Client
from hubspot_api.errors import HubSpotError, NotFound
from hubspot_api.records import BatchResult, Record, read_record
from hubspot_api.said import ErrorDetail

SIZE = 100  # inputs HubSpot takes at once

_BATCH = "/crm/objects/{version}/{object_type}/batch/"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record to be created."""

    properties: Mapping[str, str]
    associations: tuple[AssociatedWith, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """Properties to be set on a record; "" clears one."""

    record_id: int
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Upsert:
    """Properties to be set on the record whose unique property has `key`, which is created if there is none."""

    key: str
    properties: Mapping[str, str]


def read(
    client: Client,
    object_type: str,
    ids: Iterable[int],
    *,
    properties: Sequence[str] = (),
    archived: bool = False,
) -> BatchResult:
    """Read records by id, live or archived ones. Ids given twice are read once.

    `missing_ids` are those that did not come back: archived, merged away, deleted, or never there.
    """
    wanted = tuple(dict.fromkeys(ids))

    def body(part: Sequence[int]) -> dict[str, object]:
        return {"inputs": [{"id": str(one)} for one in part], "properties": list(properties)}

    result = _in_hundreds(wanted, _reader(client, object_type, body, archived=archived))
    return _with_missing(result, wanted)


def read_by(
    client: Client, object_type: str, id_property: str, keys: Iterable[str], *, properties: Sequence[str] = ()
) -> BatchResult:
    """Read live records by a unique property, such as "email". What was not found is named in `errors`."""
    wanted = tuple(dict.fromkeys(keys))

    def body(part: Sequence[str]) -> dict[str, object]:
        inputs = [{"id": one} for one in part]
        return {"inputs": inputs, "idProperty": id_property, "properties": list(properties)}

    return _in_hundreds(wanted, _reader(client, object_type, body, archived=False))


def create(client: Client, object_type: str, records: Sequence[NewRecord]) -> BatchResult:
    """Create records, each on its own: those that HubSpot refuses are in `errors`, the others exist.

    Not repeated when an answer is lost.
    """
    inputs = [
        {"properties": dict(record.properties), "associations": wire_associations(record.associations)}
        for record in records
    ]
    return _write(client, object_type, "create", inputs, idempotent=False)


def update(client: Client, object_type: str, changes: Sequence[Change]) -> BatchResult:
    """Set properties of records by id. Unlike a single update, this does not find records merged away.

    Raises ValueError for an id given twice: HubSpot refuses that, and could not say which change wins.
    """
    wanted = tuple(change.record_id for change in changes)
    if len(set(wanted)) != len(wanted):
        raise ValueError("the same record is changed twice in one batch")
    inputs = [{"id": str(change.record_id), "properties": dict(change.properties)} for change in changes]
    return _with_missing(_write(client, object_type, "update", inputs, idempotent=True), wanted)


def upsert(client: Client, object_type: str, id_property: str, upserts: Sequence[Upsert]) -> BatchResult:
    """Update records found by a unique property, create the others: see `Record.new`.

    With "email" a hundred fails as a whole; another unique property allows partial success. Repeated when an answer
    is lost, so `new` may be False for a record that this very call created.
    """
    inputs = [{"id": one.key, "idProperty": id_property, "properties": dict(one.properties)} for one in upserts]
    return _write(client, object_type, "upsert", inputs, idempotent=True)


def archive(client: Client, object_type: str, ids: Iterable[int]) -> None:
    """Put records into the recycle bin. HubSpot reports on none of them, not even on ids that it does not know."""
    wanted = tuple(dict.fromkeys(ids))

    def send(part: Sequence[int]) -> BatchResult:
        inputs = [{"id": str(one)} for one in part]
        _post(client, object_type, "archive", {"inputs": inputs}, idempotent=True)
        return BatchResult(answered=len(part))

    _in_hundreds(wanted, send)


def _in_hundreds(inputs: Sequence[T], send: Callable[[Sequence[T]], BatchResult]) -> BatchResult:
    results: list[Record] = []
    errors: list[ErrorDetail] = []
    for start in range(0, len(inputs), SIZE):
        part = inputs[start : start + SIZE]
        try:
            came = send(part)
        except HubSpotError as error:
            error.partial = BatchResult(tuple(results), tuple(errors), answered=start)
            raise
        results += came.results
        errors += came.errors
    return BatchResult(tuple(results), tuple(errors), answered=len(inputs))


def _write(
    client: Client, object_type: str, verb: str, inputs: Sequence[Mapping[str, object]], *, idempotent: bool
) -> BatchResult:
    traced = [{**given, "objectWriteTraceId": str(position)} for position, given in enumerate(inputs)]

    def send(part: Sequence[Mapping[str, object]]) -> BatchResult:
        return _result(_post(client, object_type, verb, {"inputs": part}, idempotent=idempotent))

    return _in_hundreds(traced, send)


def _reader(
    client: Client, object_type: str, body: Callable[[Sequence[T]], Mapping[str, object]], *, archived: bool
) -> Callable[[Sequence[T]], BatchResult]:
    def send(part: Sequence[T]) -> BatchResult:
        try:
            return _result(_post(client, object_type, "read", body(part), idempotent=True, archived=archived))
        except NotFound as error:
            # None of them found has been seen to come as 404; so does an object type that does not exist.
            if error.category != "OBJECT_NOT_FOUND" and not error.said.details:
                raise
            return BatchResult(errors=error.said.details or (_as_detail(error),))

    return send


def _as_detail(error: HubSpotError) -> ErrorDetail:
    said = error.said
    return ErrorDetail("", said.category, said.sub_category, said.message, said.context)


def _post(
    client: Client, object_type: str, verb: str, body: Mapping[str, Any], *, idempotent: bool, archived: bool = False
) -> Answer:
    return client.request(
        "POST",
        _BATCH + verb,
        path_params={"object_type": object_type},
        params={"archived": True} if archived else None,
        json=body,
        idempotent=idempotent,
    )


def _result(answer: Answer) -> BatchResult:
    return BatchResult(
        results=answer.fields.each("results", read_record), errors=error_details(answer.fields.values.get("errors"))
    )


def _with_missing(result: BatchResult, wanted: Sequence[int]) -> BatchResult:
    found = {record.id for record in result.results}
    missing = tuple(one for one in wanted if one not in found)
    return BatchResult(result.results, result.errors, missing, result.answered)
