"""Groups that properties are shown in. Source: HubSpot's page "Properties"."""

from __future__ import annotations

from dataclasses import dataclass

from hubspot_api.client import Client
from hubspot_api.fields import Fields

_ALL = "/crm/properties/{version}/{object_type}/groups"
_ONE = _ALL + "/{name}"


@dataclass(frozen=True, slots=True)
class PropertyGroup:
    """A group. `order` is its place among the groups, from 0; -1 comes after those that have one."""

    name: str
    label: str
    order: int
    archived: bool


def list_all(client: Client, object_type: str) -> tuple[PropertyGroup, ...]:
    """Return the groups of an object type's properties."""
    answer = client.request("GET", _ALL, path_params={"object_type": object_type})
    return answer.fields.each("results", _group)


def get(client: Client, object_type: str, name: str) -> PropertyGroup:
    """Return one group. Raises NotFound."""
    return _group(client.request("GET", _ONE, path_params={"object_type": object_type, "name": name}).fields)


def create(client: Client, object_type: str, name: str, label: str, *, order: int = -1) -> PropertyGroup:
    """Make a group. Raises Conflict when there is one of that name."""
    body = {"name": name, "label": label, "displayOrder": order}
    return _group(client.request("POST", _ALL, path_params={"object_type": object_type}, json=body).fields)


def update(
    client: Client, object_type: str, name: str, *, label: str | None = None, order: int | None = None
) -> PropertyGroup:
    """Change how a group is called and where it is shown; None leaves it as it is. Raises NotFound."""
    changes = {"label": label, "displayOrder": order}
    body = {key: value for key, value in changes.items() if value is not None}
    path_params = {"object_type": object_type, "name": name}
    return _group(client.request("PATCH", _ONE, path_params=path_params, json=body, idempotent=True).fields)


def archive(client: Client, object_type: str, name: str) -> None:
    """Remove a group. Raises ValidationFailed while properties are in it."""
    client.request("DELETE", _ONE, path_params={"object_type": object_type, "name": name})


def _group(fields: Fields) -> PropertyGroup:
    order = fields.optional_integer("displayOrder")
    return PropertyGroup(
        name=fields.text("name"),
        label=fields.text("label"),
        order=-1 if order is None else order,
        archived=fields.flag("archived", default=False),
    )
