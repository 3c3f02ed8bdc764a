"""Lists in a snapshot."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from emulator.crm.store import Crm
from emulator.lists.folders import Folder
from emulator.lists.object_list import ObjectList
from emulator.lists.registry import Lists

Json = dict[str, Any]

_PLAIN = (
    "list_id",
    "name",
    "processing_type",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "filters_updated_at",
    "filter_branch",
    "version",
    "folder_id",
    "deleted_at",
    "permissions",
    "settings",
    "properties",
    "last_added_at",
    "last_removed_at",
    "conversion",
    "converted_at",
    "edits",
)


def save_lists(lists: Lists) -> Json:
    return {
        "next_id": lists.next_id,
        "next_folder_id": lists.folders.next_id,
        "folders": [asdict(each) for each in lists.folders.by_id.values()],
        # Those of a kind that was deleted go with it.
        "lists": [_list(each) for each in lists.by_id.values() if each.kind.type_id in lists.crm.tables],
    }


def _list(each: ObjectList) -> Json:
    return {name: getattr(each, name) for name in _PLAIN} | {
        "kind": each.kind.type_id,
        "members": list(each.members.in_join_order()),
        "first_joined": list(each.first_joined.items()),
        "sizes": [[day, size, at] for day, (size, at) in each.sizes.items()],
    }


def load_lists(lists: Lists, saved: Json | None) -> None:
    """Snapshots from before there were lists have none."""
    if saved is None:
        return
    lists.next_id = saved["next_id"]
    lists.folders.next_id = saved["next_folder_id"]
    lists.folders.by_id = {each["folder_id"]: Folder(**each) for each in saved["folders"]}
    for each in saved["lists"]:
        lists.add(_load_list(lists.crm, each))
    for found in lists.by_id.values():
        lists.load_criteria(found)


def _load_list(crm: Crm, saved: Json) -> ObjectList:
    plain = {name: saved[name] for name in _PLAIN if name in saved}
    found = ObjectList(kind=crm.object_type(saved["kind"]), **plain)
    found.members.fill((record_id, at) for record_id, at in saved["members"])
    found.first_joined = dict(saved["first_joined"])
    found.sizes = {day: (size, at) for day, size, at in saved.get("sizes", [])}
    return found
