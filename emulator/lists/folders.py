"""The folders that lists are kept in. The root has the number 0 and no name of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emulator.errors import InvalidInput
from emulator.instants import iso
from emulator.lists.errors import FolderNotFound
from emulator.lists.object_list import ObjectList

ROOT = 0


@dataclass
class Folder:
    folder_id: int
    name: str
    parent_id: int
    created_at: int
    updated_at: int
    user_id: int | None = None


@dataclass
class Folders:
    by_id: dict[int, Folder] = field(default_factory=dict)
    next_id: int = 1

    def find(self, folder_id: int) -> Folder | None:
        """None is the root. Raises FolderNotFound."""
        if folder_id == ROOT:
            return None
        if folder_id not in self.by_id:
            raise FolderNotFound(folder_id)
        return self.by_id[folder_id]

    def name(self, folder_id: int) -> str | None:
        folder = self.by_id.get(folder_id)
        return folder.name if folder else None

    def create(self, name: str, parent_id: int, at: int, user_id: int | None) -> Folder:
        self.find(parent_id)
        self._check_name(name, parent_id)
        folder = Folder(self.next_id, name, parent_id, at, at, user_id)
        self.by_id[folder.folder_id] = folder
        self.next_id += 1
        return folder

    def _check_name(self, name: str, parent_id: int) -> None:
        if not name.strip():
            raise InvalidInput("The name of a folder cannot be blank.")
        if any(each.parent_id == parent_id and each.name.lower() == name.lower() for each in self.by_id.values()):
            raise InvalidInput(f"Folder with name '{name}' already exists in the parent folder.")

    def rename(self, folder_id: int, name: str, at: int) -> Folder:
        folder = self._named(folder_id)
        if folder.name.lower() != name.lower():
            self._check_name(name, folder.parent_id)
        folder.name, folder.updated_at = name, at
        return folder

    def move(self, folder_id: int, parent_id: int, at: int) -> Folder:
        folder = self._named(folder_id)
        above = self.find(parent_id)
        while above is not None:
            if above is folder:
                raise InvalidInput("A folder cannot be moved into itself.")
            above = self.find(above.parent_id)
        if parent_id != folder.parent_id:
            self._check_name(folder.name, parent_id)
        folder.parent_id, folder.updated_at = parent_id, at
        return folder

    def delete(self, folder_id: int, lists: list[ObjectList]) -> None:
        """Only an empty folder can be deleted."""
        folder = self._named(folder_id)
        if any(each.parent_id == folder_id for each in self.by_id.values()) or _inside(lists, folder_id):
            raise InvalidInput(f"Folder {folder_id} is not empty.")
        del self.by_id[folder.folder_id]

    def _named(self, folder_id: int) -> Folder:
        """Raises InvalidInput for the root, which stays as it is."""
        folder = self.find(folder_id)
        if folder is None:
            raise InvalidInput("The root folder cannot be changed.")
        return folder

    def as_json(self, folder_id: int, lists: list[ObjectList]) -> dict[str, Any]:
        """The folder with the lists in it, and all folders below it without theirs."""
        shown = self._node(folder_id)
        shown["childLists"] = sorted(each.list_id for each in _inside(lists, folder_id))
        return shown

    def _node(self, folder_id: int) -> dict[str, Any]:
        folder = self.find(folder_id)
        below = [each.folder_id for each in self.by_id.values() if each.parent_id == folder_id]
        node: dict[str, Any] = {
            "id": str(folder_id),
            "parentFolderId": str(folder.parent_id if folder else ROOT),
            "name": folder.name if folder else "",
            "childNodes": [self._node(each) for each in sorted(below)],
            "childLists": [],
        }
        if folder is not None:
            node |= {"createdAt": iso(folder.created_at), "updatedAt": iso(folder.updated_at)}
            node["updatedContentsAt"] = iso(folder.updated_at)
            if folder.user_id is not None:
                node["userId"] = folder.user_id
        return node


def _inside(lists: list[ObjectList], folder_id: int) -> list[ObjectList]:
    return [each for each in lists if each.live and each.folder_id == folder_id]
