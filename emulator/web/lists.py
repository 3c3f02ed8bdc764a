"""Lists: create, read, search, rename, filter anew, delete, restore. /crm/v3/lists and /crm/lists/{date}."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import falcon

from emulator.errors import InvalidInput
from emulator.lists.errors import InvalidCursor, InvalidProcessingType, ListNotFound
from emulator.lists.object_list import PROCESSING_TYPES, ObjectList
from emulator.lists.registry import Lists, number_of
from emulator.web import list_folders, list_histories, list_memberships
from emulator.web.exchange import (
    checked_number,
    flag,
    has_body,
    json_body,
    json_object,
    member,
    names,
    no_content,
    reply,
    text_id,
)
from emulator.web.gate import ApiResource, Caller
from emulator.web.list_access import WRITE, ListResource
from emulator.web.records import author
from emulator.web.versions import DATED, V3, V2026_09

if TYPE_CHECKING:
    from emulator.world import Emulator

# A search shows no more lists than this, however it is paged.
WALL = 10_000
LARGEST_PAGE = 500
MOST_LEGACY_IDS = 10_000

Json = dict[str, Any]


class ListCollection(ListResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Several by id; unknown and deleted ones are left out."""
        lists = self.reader(req).portal.lists
        with lists.crm.lock:
            found = [lists.by_id.get(number_of(text)) for text in names(req, "listIds")]
            shown = [each.as_json(filters=flag(req, "includeFilters")) for each in found if each and each.live]
        reply(resp, {"lists": shown})

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.caller(req)
        caller.require(WRITE)
        lists, body = caller.portal.lists, json_object(req)
        with lists.crm.lock:
            made = lists.create(_new_list(body, caller, self.now()), author(caller))
            shown = made.as_json(filters=True)
        reply(resp, {"list": shown})


def _new_list(body: Json, caller: Caller, at: int) -> ObjectList:
    made = ObjectList(
        list_id=0,
        kind=caller.portal.crm.object_type(member(body, "objectTypeId", str, "")),
        name=member(body, "name", str, ""),
        processing_type=member(body, "processingType", str, ""),
        created_at=at,
        created_by=caller.token.user_id,
        updated_at=at,
        updated_by=caller.token.user_id,
        filters_updated_at=at,
        filter_branch=member(body, "filterBranch", dict),
        folder_id=checked_number(body.get("listFolderId") or 0, "listFolderId", 0, 10**15),
        properties={str(name): str(value) for name, value in member(body, "customProperties", dict, {}).items()},
    )
    made.permissions |= member(body, "listPermissions", dict, {})
    made.settings |= member(body, "membershipSettings", dict, {})
    return made


class ListItem(ListResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, list_id: str) -> None:
        """A deleted list can be read by its id, and in no other way."""
        lists = self.reader(req).portal.lists
        with lists.crm.lock:
            shown = lists.find(list_id, deleted=True).as_json(filters=flag(req, "includeFilters"))
        reply(resp, {"list": shown})

    def on_delete(self, req: falcon.Request, resp: falcon.Response, list_id: str) -> None:
        caller = self.writer(req)
        lists = caller.portal.lists
        with lists.crm.lock:
            lists.delete(lists.find(list_id), caller.token.user_id, author(caller))
        no_content(resp)


class ListByName(ListResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str, list_name: str) -> None:
        lists = self.reader(req).portal.lists
        with lists.crm.lock:
            shown = lists.named(self.object_type(req, kind_name), list_name).as_json(
                filters=flag(req, "includeFilters")
            )
        reply(resp, {"list": shown})


class RestoreList(ListResource):
    def on_put(self, req: falcon.Request, resp: falcon.Response, list_id: str) -> None:
        caller = self.writer(req)
        lists = caller.portal.lists
        with lists.crm.lock:
            lists.restore(lists.find(list_id, deleted=True), caller.token.user_id, author(caller))
        no_content(resp)


class RenameList(ListResource):
    def on_put(self, req: falcon.Request, resp: falcon.Response, list_id: str) -> None:
        caller = self.writer(req)
        lists, name = caller.portal.lists, req.get_param("listName") or ""
        with lists.crm.lock:
            found = lists.find(list_id)
            if name.strip():
                lists.rename(found, name, caller.token.user_id)
            shown = found.as_json(filters=flag(req, "includeFilters"))
        reply(resp, {"updatedList": shown})


class RefilterList(ListResource):
    def on_put(self, req: falcon.Request, resp: falcon.Response, list_id: str) -> None:
        caller = self.writer(req)
        lists, branch = caller.portal.lists, member(json_object(req), "filterBranch", dict)
        if branch is None:
            raise InvalidInput("A filter branch is required.")
        with lists.crm.lock:
            found = lists.find(list_id)
            lists.refilter(found, branch, caller.token.user_id, author(caller))
            shown = found.as_json(filters=True)
        reply(resp, {"updatedList": shown})


# -- search ------------------------------------------------------------------------------------------------------------

_SORTS: dict[str, Callable[[ObjectList], Any]] = {
    "HS_LIST_ID": lambda each: each.list_id,
    "HS_LIST_NAME": lambda each: each.name.lower(),
    "HS_NAME": lambda each: each.name.lower(),
    "HS_CREATED_AT": lambda each: each.created_at,
    "HS_UPDATED_AT": lambda each: each.updated_at,
    "HS_LIST_SIZE": lambda each: len(each.members),
}


class ListSearch(ListResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        lists, body = self.reader(req).portal.lists, json_object(req)
        # Airbyte asks for a thousand, and goes by `hasMore`.
        count = min(LARGEST_PAGE, checked_number(_given(body, "count", 20), "count", 1, WALL))
        offset = checked_number(_given(body, "offset", 0), "offset", 0, WALL)
        with lists.crm.lock:
            found = _sorted(_matching(lists, body), member(body, "sort", str, ""))
            total, reachable = len(found), found[:WALL]
            page = reachable[offset : offset + count]
            shown = [_found(lists, each, body) for each in page]
        end = offset + len(page)
        reply(resp, {"lists": shown, "hasMore": end < len(reachable), "offset": end, "total": total})


def _given(body: Json, name: str, default: int) -> Any:
    return default if body.get(name) is None else body[name]


def _matching(lists: Lists, body: Json) -> list[ObjectList]:
    words = member(body, "query", str, "").lower().split()
    ids = {text_id(each) for each in member(body, "listIds", list, [])}
    types = _processing_types(body)
    kind_name = member(body, "objectTypeId", str, "")
    kind = lists.crm.object_type(kind_name) if kind_name else None
    return [
        each
        for each in lists.live()
        if (not ids or str(each.list_id) in ids)
        and (not types or each.processing_type in types)
        and (kind is None or kind.type_id == each.kind.type_id)
        and all(word in each.name.lower() for word in words)
    ]


def _processing_types(body: Json) -> set[str]:
    types = {str(each) for each in member(body, "processingTypes", list, [])}
    for unknown in sorted(types.difference(PROCESSING_TYPES)):
        raise InvalidProcessingType(f"Invalid processing type {unknown[:50]}.")
    return types


def _sorted(found: list[ObjectList], sort: str) -> list[ObjectList]:
    if not sort:
        return found
    key = _SORTS.get(sort.removeprefix("-").upper())
    if key is None:
        raise InvalidInput(f"Invalid sort {sort[:50]}: one of {', '.join(_SORTS)}, with a minus for descending order.")
    return sorted(found, key=key, reverse=sort.startswith("-"))


def _found(lists: Lists, found: ObjectList, body: Json) -> Json:
    asked = [str(name) for name in member(body, "additionalProperties", list, [])]
    return found.as_found(asked, lists.folders.name(found.folder_id), lists.references(found))


class AllLists(ListResource):
    """Since 2026-09: by id, with a cursor that knows what was asked, and without a wall."""

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        lists = self.reader(req).portal.lists
        body = json_object(req) if has_body(req) else {}
        count = checked_number(_given(body, "count", 20), "count", 1, LARGEST_PAGE)
        asked = {"objectTypeId": body.get("objectTypeId"), "processingTypes": sorted(_processing_types(body))}
        after = _read_cursor(member(body, "after", str, ""), asked)
        narrowed = {name: body.get(name) for name in ("objectTypeId", "processingTypes")}
        with lists.crm.lock:
            found = [each for each in _matching(lists, narrowed) if each.list_id > after]
            shown = [_found(lists, each, body) for each in found[:count]]
        answer: Json = {"results": shown}
        if len(found) > count:
            answer["paging"] = {"next": {"after": _cursor(found[count - 1].list_id, asked)}}
        reply(resp, answer)


def _cursor(list_id: int, asked: Json) -> str:
    text = json.dumps({"listId": str(list_id), **asked}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(text: str, asked: Json) -> int:
    """Raises InvalidCursor, also when other lists are asked for than on the page before."""
    if not text:
        return 0
    try:
        held = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        list_id = int(held.pop("listId"))
    except (ValueError, AttributeError, KeyError, TypeError):
        raise InvalidCursor from None
    if held != asked:
        raise InvalidCursor
    return list_id


# -- ids of the first generation ---------------------------------------------------------------------------------------


class LegacyIds(ListResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        lists, legacy_id = self.reader(req).portal.lists, req.get_param("legacyListId") or ""
        with lists.crm.lock:
            found = lists.from_legacy(legacy_id)
        if found is None:
            raise ListNotFound(legacy_id)
        reply(resp, {"legacyListId": legacy_id, "listId": str(found.list_id)})

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        lists, body = self.reader(req).portal.lists, json_body(req)
        if not isinstance(body, list) or len(body) > MOST_LEGACY_IDS:
            raise InvalidInput(f"A list of at most {MOST_LEGACY_IDS} legacy list ids is required.")
        ids = [text_id(each) for each in body]
        with lists.crm.lock:
            found = {each: lists.from_legacy(each) for each in ids}
        mapped = [{"legacyListId": old, "listId": str(new.list_id)} for old, new in found.items() if new]
        missing = [old for old, new in found.items() if new is None]
        reply(resp, {"legacyListIdsToIdsMapping": mapped, "missingLegacyListIds": missing})


def routes(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    found: list[tuple[str, ApiResource]] = []
    for version in (V3, *DATED):
        base = version.path("lists")
        kinds: list[tuple[str, type[ApiResource]]] = [
            ("", ListCollection),
            ("/search", ListSearch),
            ("/idmapping", LegacyIds),
            ("/object-type-id/{kind_name}/name/{list_name}", ListByName),
            ("/{list_id}", ListItem),
            ("/{list_id}/restore", RestoreList),
            ("/{list_id}/update-list-name", RenameList),
            ("/{list_id}/update-list-filters", RefilterList),
            *list_memberships.PATHS,
            *list_folders.PATHS,
            *list_histories.PATHS,
        ]
        if version is V2026_09:
            kinds.append(("/all", AllLists))
        found += [(f"{base}{path}", resource(emulator, version)) for path, resource in kinds]
    return found
