"""What is written into the webhooks journal: subscriptions per account, and filters on them.

Called with the app's own token: see `journal`. Source: HubSpot's page "Webhooks journal: subscriptions".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hubspot_api.answers import Answer
from hubspot_api.client import Client
from hubspot_api.errors import ResponseInvalid
from hubspot_api.fields import Fields
from hubspot_api.ports import Bucket

OBJECT_ACTIONS = ("CREATE", "UPDATE", "DELETE", "MERGE", "RESTORE")
ASSOCIATION_ACTIONS = ("ASSOCIATION_ADDED", "ASSOCIATION_REMOVED")
LIST_ACTIONS = ("ADDED_TO_LIST", "REMOVED_FROM_LIST")

_SUBSCRIPTIONS = "/webhooks-journal/subscriptions/{version}"
_FILTERS = _SUBSCRIPTIONS + "/filters"


@dataclass(frozen=True, slots=True)
class JournalSubscription:
    """What the journal tells of one account (`hub_id`; None: of all, for installs and uninstalls).

    `kind`: OBJECT, ASSOCIATION, LIST_MEMBERSHIP, GDPR_PRIVACY_DELETION or APP_LIFECYCLE_EVENT. `object_type` is the
    type id, for associations of the side they begin with. Empty `properties`, `object_ids`, `list_ids` and
    `associated_types` stand for all.
    """

    id: int
    app_id: int
    kind: str
    hub_id: int | None
    object_type: str | None
    actions: tuple[str, ...]
    properties: tuple[str, ...]
    object_ids: tuple[int, ...]
    list_ids: tuple[int, ...]
    associated_types: tuple[str, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Condition:
    """What a record must be like for its creations and changes to be told.

    `operator`: EQ, N_EQ, LT, GT, LTE, GTE, CONTAINS, STARTS_WITH, ENDS_WITH with `value`; IN, NOT_IN with `values`;
    IS_EMPTY, IS_NOT_EMPTY with neither.
    """

    property: str
    operator: str
    value: str | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that must all hold. Of a subscription's filters, one has to let an event through."""

    id: int
    conditions: tuple[Condition, ...]


def to_objects(
    client: Client,
    hub_id: int,
    object_type: str,
    *,
    actions: Sequence[str] = OBJECT_ACTIONS,
    properties: Sequence[str] = (),
    object_ids: Sequence[int] = (),
) -> JournalSubscription:
    """Have records of a type ("0-1") told of: all, or `object_ids`. With `properties`, of changes only those.

    Like all that subscribe: replaces the subscription about the same thing, and keeps its filters. Raises BadRequest
    when the app is not in the account, MissingScopes when it may not read such records there.
    """
    about = {"objectTypeId": object_type, "properties": list(properties), "objectIds": list(object_ids)}
    return _subscribe(client, "OBJECT", {"portalId": hub_id, "actions": list(actions), **about})


def to_associations(
    client: Client,
    hub_id: int,
    from_type: str,
    *,
    to_types: Sequence[str] = (),
    actions: Sequence[str] = ASSOCIATION_ACTIONS,
    object_ids: Sequence[int] = (),
) -> JournalSubscription:
    """Have associations of records of a type told of, with all types or `to_types`, as seen from there."""
    about = {
        "objectTypeId": from_type,
        "associatedObjectTypeIds": list(to_types),
        "objectIds": list(object_ids),
    }
    return _subscribe(client, "ASSOCIATION", {"portalId": hub_id, "actions": list(actions), **about})


def to_lists(
    client: Client,
    hub_id: int,
    *,
    list_ids: Sequence[int] = (),
    actions: Sequence[str] = LIST_ACTIONS,
    object_ids: Sequence[int] = (),
) -> JournalSubscription:
    """Have it told who comes onto lists and who leaves them."""
    about = {"listIds": list(list_ids), "objectIds": list(object_ids)}
    return _subscribe(client, "LIST_MEMBERSHIP", {"portalId": hub_id, "actions": list(actions), **about})


def to_privacy_deletions(client: Client, hub_id: int, object_type: str) -> JournalSubscription:
    """Have it told which records were deleted for good, as privacy law asks."""
    about = {"portalId": hub_id, "objectTypeId": object_type, "actions": ["GDPR_DELETE"]}
    return _subscribe(client, "GDPR_PRIVACY_DELETION", about)


def to_lifecycle(client: Client, event_type: str, *, properties: Sequence[str] = ()) -> JournalSubscription:
    """Have the app's installs or uninstalls told of, in all accounts: `journal_events.APP_INSTALL`, `APP_UNINSTALL`."""
    return _subscribe(client, "APP_LIFECYCLE_EVENT", {"eventTypeId": event_type, "properties": list(properties)})


def list_all(client: Client) -> tuple[JournalSubscription, ...]:
    """Return all subscriptions of the app."""
    return _ask(client, "GET", _SUBSCRIPTIONS).fields.each("results", _subscription)


def get(client: Client, subscription_id: int) -> JournalSubscription:
    """Return one subscription. Raises NotFound."""
    return _subscription(_ask(client, "GET", _SUBSCRIPTIONS + "/{id}", {"id": subscription_id}).fields)


def delete(client: Client, subscription_id: int) -> None:
    """End one subscription. Raises NotFound."""
    _ask(client, "DELETE", _SUBSCRIPTIONS + "/{id}", {"id": subscription_id})


def delete_of_account(client: Client, hub_id: int) -> None:
    """End all subscriptions to one account; that there are none is no failure."""
    _ask(client, "DELETE", _SUBSCRIPTIONS + "/portals/{hub_id}", {"hub_id": hub_id})


def add_filter(client: Client, subscription_id: int, conditions: Sequence[Condition]) -> int:
    """Let through only creations and changes of such records, and what other filters let through; return its id.

    Filters cannot be changed. Not repeated when the answer is lost. Raises NotFound, BadRequest.
    """
    body = {"subscriptionId": subscription_id, "filter": {"conditions": [_wire(each) for each in conditions]}}
    return _ask(client, "POST", _FILTERS, body=body).fields.id("filterId")


def filters(client: Client, subscription_id: int) -> tuple[Filter, ...]:
    """Return a subscription's filters. Raises NotFound."""
    answer = _ask(client, "GET", _FILTERS + "/subscription/{id}", {"id": subscription_id})
    if not isinstance(answer.json, list):  # a bare array, unlike other lists
        raise ResponseInvalid("$ should be a list", answer.call)
    return tuple(_filter(Fields.of(each, answer.call, f"$[{index}]")) for index, each in enumerate(answer.json))


def get_filter(client: Client, filter_id: int) -> Filter:
    """Return one filter. Raises NotFound."""
    return _filter(_ask(client, "GET", _FILTERS + "/{id}", {"id": filter_id}).fields)


def delete_filter(client: Client, filter_id: int) -> None:
    """Remove a filter. Raises NotFound."""
    _ask(client, "DELETE", _FILTERS + "/{id}", {"id": filter_id})


def _subscribe(client: Client, kind: str, about: Mapping[str, object]) -> JournalSubscription:
    body = {"subscriptionType": kind, **about}
    return _subscription(_ask(client, "POST", _SUBSCRIPTIONS, body=body, idempotent=True).fields)


def _ask(
    client: Client,
    method: str,
    path: str,
    values: Mapping[str, int] | None = None,
    *,
    body: object = None,
    idempotent: bool | None = None,
) -> Answer:
    return client.request(
        method, path, path_params=values, json=body, bucket=Bucket.JOURNAL_SUBSCRIPTIONS, idempotent=idempotent
    )


def _subscription(fields: Fields) -> JournalSubscription:
    return JournalSubscription(
        id=fields.id(),
        app_id=fields.id("appId"),
        kind=fields.text("subscriptionType"),
        hub_id=fields.optional_integer("portalId"),
        object_type=fields.optional_text("objectTypeId"),
        actions=fields.texts("actions"),
        properties=_texts(fields, "properties"),
        object_ids=_ids(fields, "objectIds"),
        list_ids=_ids(fields, "listIds"),
        associated_types=_texts(fields, "associatedObjectTypeIds"),
        created_at=fields.moment("createdAt"),
        updated_at=fields.moment("updatedAt"),
    )


def _texts(fields: Fields, name: str) -> tuple[str, ...]:
    return fields.texts(name) if fields.values.get(name) is not None else ()


def _ids(fields: Fields, name: str) -> tuple[int, ...]:
    listed = fields.values.get(name)
    if listed is None:
        return ()
    if not isinstance(listed, list):
        raise ResponseInvalid(f"{fields.path}.{name} should be a list of ids", fields.call)
    return tuple(Fields({"id": each}, f"{fields.path}.{name}", fields.call).id() for each in listed)


def _wire(condition: Condition) -> dict[str, Any]:
    named = {"property": condition.property, "operator": condition.operator, "filterType": "CRM_OBJECT_PROPERTY"}
    given = {"value": condition.value, "values": list(condition.values) or None}
    return {**named, **{name: value for name, value in given.items() if value is not None}}


def _filter(fields: Fields) -> Filter:
    return Filter(fields.id(), fields.child("filter").each("conditions", _condition))


def _condition(fields: Fields) -> Condition:
    return Condition(
        fields.text("property"), fields.text("operator"), fields.optional_text("value"), _texts(fields, "values")
    )
