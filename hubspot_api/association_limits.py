"""How many records one record may be associated with: limits that an account sets, and how much of HubSpot's is used.

Source: HubSpot's pages "Associate records" (limits per kind of association) and "Limits tracking".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hubspot_api.answers import Answer, error_details
from hubspot_api.associations import AssociationType, read_type
from hubspot_api.client import Client
from hubspot_api.fields import Fields
from hubspot_api.parts import Outcome, in_parts, parts_of
from hubspot_api.ports import Bucket
from hubspot_api.said import ErrorDetail

SIZE = 100  # inputs HubSpot takes at once

_SET = "/crm/associations/{version}/definitions/configurations/"
_PAIR = _SET + "{from_type}/{to_type}"
_USED = "/crm/limits/{version}/associations/"


@dataclass(frozen=True, slots=True)
class AssociationLimit:
    """At most `most` records may be associated with one by `type`; None: as many as HubSpot allows."""

    type: AssociationType
    most: int | None


@dataclass(frozen=True, slots=True)
class LabelUse:
    """How many of the `most` labels from one object type ("0-1") to another an account has defined."""

    from_type_id: str
    to_type_id: str
    labels: tuple[str, ...]
    most: int


@dataclass(frozen=True, slots=True)
class RecordUse:
    """How many records have `most` associations towards one object type, or nearly; HubSpot names ten of each."""

    most: int
    at_limit: int
    near_limit: int
    at_limit_ids: tuple[int, ...]
    near_limit_ids: tuple[int, ...]


def list_all(client: Client) -> tuple[AssociationLimit, ...]:
    """Return every limit that the account has set."""
    answer = client.request("GET", _SET + "all", bucket=Bucket.ASSOCIATIONS)
    return answer.fields.each("results", _limit)


def between(client: Client, from_type: str, to_type: str) -> tuple[AssociationLimit, ...]:
    """Return the limits that the account has set in one direction."""
    path_params = {"from_type": from_type, "to_type": to_type}
    answer = client.request("GET", _PAIR, path_params=path_params, bucket=Bucket.ASSOCIATIONS)
    return answer.fields.each("results", _limit)


def create(
    client: Client, from_type: str, to_type: str, limits: Mapping[AssociationType, int]
) -> Outcome[AssociationLimit]:
    """Set limits where there are none. Kinds that HubSpot does not know, and wrong numbers, are in `errors`.

    Not repeated when an answer is lost.
    """
    return _set(client, from_type, to_type, "create", limits)


def update(
    client: Client, from_type: str, to_type: str, limits: Mapping[AssociationType, int]
) -> Outcome[AssociationLimit]:
    """Change limits that there are. Kinds that HubSpot does not know, and wrong numbers, are in `errors`."""
    return _set(client, from_type, to_type, "update", limits)


def remove(client: Client, from_type: str, to_type: str, types: Sequence[AssociationType]) -> tuple[ErrorDetail, ...]:
    """Take the account's limits away. Return what HubSpot refused."""
    errors: list[ErrorDetail] = []
    for part in parts_of(types, SIZE):
        answer = _post(client, from_type, to_type, "purge", [_spec(one) for one in part])
        errors += error_details(answer.fields.values.get("errors")) if answer.json is not None else ()
    return tuple(errors)


def label_use(
    client: Client, *, from_type_id: str | None = None, to_type_id: str | None = None
) -> tuple[LabelUse, ...]:
    """Return how many labels are defined, per pair of object types that has any."""
    params = {"fromObjectTypeId": from_type_id, "toObjectTypeId": to_type_id}
    return client.request("GET", _USED + "labels", params=params).fields.each("results", _label_use)


def record_use(client: Client, from_type: str, to_type: str) -> RecordUse:
    """Return which records are at, or near, HubSpot's limit of associations towards an object type."""
    path_params = {"from_type": from_type, "to_type": to_type}
    fields = client.request("GET", _USED + "records/{from_type}/{to_type}", path_params=path_params).fields
    return RecordUse(
        most=fields.integer("limit"),
        at_limit=fields.integer("totalRecordsAtLimit"),
        near_limit=fields.integer("totalRecordsNearLimit"),
        at_limit_ids=fields.each("atLimitFromRecordSamples", _record_id),
        near_limit_ids=fields.each("nearLimitFromRecordSamples", _record_id),
    )


def _set(
    client: Client, from_type: str, to_type: str, verb: str, limits: Mapping[AssociationType, int]
) -> Outcome[AssociationLimit]:
    def send(part: Sequence[tuple[AssociationType, int]]) -> Answer:
        inputs = [_spec(kind) | {"maxToObjectIds": most} for kind, most in part]
        return _post(client, from_type, to_type, verb, inputs)

    return in_parts(tuple(limits.items()), SIZE, send, _limit)


def _spec(kind: AssociationType) -> dict[str, object]:
    return {"category": kind.category, "typeId": kind.type_id}


def _post(client: Client, from_type: str, to_type: str, verb: str, inputs: Sequence[object]) -> Answer:
    return client.request(
        "POST",
        _PAIR + "/batch/" + verb,
        path_params={"from_type": from_type, "to_type": to_type},
        json={"inputs": inputs},
        bucket=Bucket.ASSOCIATIONS,
        idempotent=verb != "create",  # a limit that is there is changed, not made again
    )


def _limit(fields: Fields) -> AssociationLimit:
    return AssociationLimit(read_type(fields), fields.optional_integer("userEnforcedMaxToObjectIds"))


def _label_use(fields: Fields) -> LabelUse:
    return LabelUse(
        from_type_id=fields.child("fromObjectType").text("objectTypeId"),
        to_type_id=fields.child("toObjectType").text("objectTypeId"),
        labels=fields.texts("allLabels"),
        most=fields.integer("limit"),
    )


def _record_id(fields: Fields) -> int:
    return fields.id("objectId")
