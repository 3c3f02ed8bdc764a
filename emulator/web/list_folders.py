"""The folders that lists are kept in."""

from __future__ import annotations

import falcon

from emulator.lists.errors import FolderNotFound
from emulator.lists.registry import Lists
from emulator.web.exchange import json_object, member, no_content, reply, text_id
from emulator.web.gate import ApiResource
from emulator.web.list_access import ListResource


def _folder_id(text: str) -> int:
    """Raises FolderNotFound for what is not a number."""
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise FolderNotFound(text)
    return int(text)


def _reply(resp: falcon.Response, lists: Lists, folder_id: int) -> None:
    reply(resp, {"folder": lists.folders.as_json(folder_id, list(lists.live()))})


class FolderCollection(ListResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        lists = self.reader(req).portal.lists
        folder_id = _folder_id(req.get_param("folderId") or "0")
        with lists.crm.lock:
            _reply(resp, lists, folder_id)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.writer(req)
        lists, body = caller.portal.lists, json_object(req)
        parent_id = _folder_id(text_id(body.get("parentFolderId") or 0))
        with lists.crm.lock:
            made = lists.folders.create(member(body, "name", str, ""), parent_id, self.now(), caller.token.user_id)
            _reply(resp, lists, made.folder_id)


class FolderItem(ListResource):
    def on_delete(self, req: falcon.Request, resp: falcon.Response, folder_id: str) -> None:
        lists = self.writer(req).portal.lists
        with lists.crm.lock:
            lists.folders.delete(_folder_id(folder_id), list(lists.live()))
        no_content(resp)


class RenameFolder(ListResource):
    def on_put(self, req: falcon.Request, resp: falcon.Response, folder_id: str) -> None:
        lists, name = self.writer(req).portal.lists, req.get_param("newFolderName") or ""
        with lists.crm.lock:
            _reply(resp, lists, lists.folders.rename(_folder_id(folder_id), name, self.now()).folder_id)


class MoveFolder(ListResource):
    def on_put(self, req: falcon.Request, resp: falcon.Response, folder_id: str, parent_id: str) -> None:
        lists = self.writer(req).portal.lists
        with lists.crm.lock:
            moved = lists.folders.move(_folder_id(folder_id), _folder_id(parent_id), self.now())
            _reply(resp, lists, moved.folder_id)


class MoveList(ListResource):
    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.writer(req)
        lists, body = caller.portal.lists, json_object(req)
        folder_id = _folder_id(text_id(body.get("newFolderId") or 0))
        with lists.crm.lock:
            found = lists.find(text_id(body.get("listId") or ""))
            lists.folders.find(folder_id)
            found.folder_id = folder_id
            found.touch(self.now(), caller.token.user_id)
        no_content(resp)


PATHS: tuple[tuple[str, type[ApiResource]], ...] = (
    ("/folders", FolderCollection),
    ("/folders/move-list", MoveList),
    ("/folders/{folder_id}", FolderItem),
    ("/folders/{folder_id}/rename", RenameFolder),
    ("/folders/{folder_id}/move/{parent_id}", MoveFolder),
)
