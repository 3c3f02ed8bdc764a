"""Kinds of association between two object types: HubSpot's own, and labels that an account defines.

Source: HubSpot's page "Associate records". Ids of an account's own labels differ per account. These calls are exempt
from the burst allowance, as association batches are.
"""

from __future__ import annotations

from collections.abc import Mapping

from hubspot_api.answers import Answer
from hubspot_api.associations import AssociationType, read_type
from hubspot_api.client import Client
from hubspot_api.ports import Bucket

_ALL = "/crm/associations/{version}/{from_type}/{to_type}/labels"


def list_all(client: Client, from_type: str, to_type: str) -> tuple[AssociationType, ...]:
    """Return every kind of association in one direction; `label` is None for the one without."""
    return _call(client, "GET", _ALL, from_type, to_type).fields.each("results", read_type)


def create(
    client: Client, from_type: str, to_type: str, name: str, label: str, *, inverse_label: str | None = None
) -> tuple[AssociationType, ...]:
    """Define a label, and return it in both directions, this one first: "Manager", `inverse_label` "Employee".

    `name` is for programs, and cannot change. One that reads the same from both sides needs no `inverse_label`.
    Raises Conflict when name or label are taken, ValidationFailed beyond ten labels from one object type to another.
    """
    body = {"name": name, "label": label} | ({} if inverse_label is None else {"inverseLabel": inverse_label})
    return _call(client, "POST", _ALL, from_type, to_type, json=body).fields.each("results", read_type)


def rename(
    client: Client, from_type: str, to_type: str, type_id: int, label: str, *, inverse_label: str | None = None
) -> None:
    """Give a label of the account's own another text. Raises NotFound, also for HubSpot's own."""
    body = {"associationTypeId": type_id, "label": label}
    more = {} if inverse_label is None else {"inverseLabel": inverse_label}
    _call(client, "PUT", _ALL, from_type, to_type, json=body | more)


def delete(client: Client, from_type: str, to_type: str, type_id: int) -> None:
    """Remove a label in both directions. Raises NotFound, and ValidationFailed while records are associated by it."""
    _call(client, "DELETE", _ALL + "/{type_id}", from_type, to_type, type_id=type_id)


def _call(
    client: Client,
    method: str,
    path: str,
    from_type: str,
    to_type: str,
    *,
    json: Mapping[str, object] | None = None,
    **more: int,
) -> Answer:
    path_params: dict[str, str | int] = {"from_type": from_type, "to_type": to_type, **more}
    return client.request(method, path, path_params=path_params, json=json, bucket=Bucket.ASSOCIATIONS)
