"""Folders that lists are kept in. Source: HubSpot's page "Lists", folders."""

from __future__ import annotations

from dataclasses import dataclass

from hubspot_api.client import Client
from hubspot_api.fields import Fields

ROOT = 0  # the folder that all others are in

_ALL = "/crm/lists/{version}/folders"
_ONE = _ALL + "/{folder_id}"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with all those below it. `list_ids` are told only of the folder that was asked for."""

    id: int
    name: str
    parent_id: int
    folders: tuple[Folder, ...]
    list_ids: tuple[int, ...]


def get(client: Client, folder_id: int = ROOT) -> Folder:
    """Return a folder, all folders below it, and the lists right in it. Raises NotFound."""
    return _asked(client.request("GET", _ALL, params={"folderId": folder_id}).fields)


def create(client: Client, name: str, *, parent_id: int = ROOT) -> Folder:
    """Make a folder. Raises NotFound (no such parent), BadRequest when the name is taken in there."""
    body = {"name": name, "parentFolderId": str(parent_id)}
    return _asked(client.request("POST", _ALL, json=body).fields)


def rename(client: Client, folder_id: int, name: str) -> Folder:
    """Give a folder another name. Raises NotFound, BadRequest when it is taken."""
    params = {"newFolderName": name}
    return _asked(client.request("PUT", _ONE + "/rename", path_params={"folder_id": folder_id}, params=params).fields)


def move(client: Client, folder_id: int, parent_id: int) -> Folder:
    """Put a folder into another, with all that is in it. Raises NotFound, BadRequest for one below itself."""
    path_params: dict[str, str | int] = {"folder_id": folder_id, "parent_id": parent_id}
    return _asked(client.request("PUT", _ONE + "/move/{parent_id}", path_params=path_params).fields)


def move_list(client: Client, list_id: int, folder_id: int) -> None:
    """Put a list into a folder. Raises NotFound."""
    client.request("PUT", _ALL + "/move-list", json={"listId": str(list_id), "newFolderId": str(folder_id)})


def delete(client: Client, folder_id: int) -> None:
    """Delete a folder. Raises NotFound, BadRequest while something is in it."""
    client.request("DELETE", _ONE, path_params={"folder_id": folder_id})


def _asked(fields: Fields) -> Folder:
    return _folder(fields.child("folder"))


def _folder(fields: Fields) -> Folder:
    return Folder(
        id=fields.id(),
        name=fields.optional_text("name") or "",
        parent_id=fields.id("parentFolderId"),
        folders=fields.each("childNodes", _folder),
        list_ids=fields.ids("childLists"),
    )
