"""Exports in a snapshot."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import asdict
from typing import Any

from emulator.exports.exports import Export, Exports

Json = dict[str, Any]


def save_exports(exports: Exports) -> Json:
    return {
        "next_id": exports.next_id,
        "exports": [asdict(each) | {"content": b64encode(each.content).decode()} for each in exports.by_id.values()],
    }


def load_exports(exports: Exports, saved: Json | None) -> None:
    """Snapshots from before there were exports have none."""
    if saved is None:
        return
    for each in saved["exports"]:
        content = b64decode(each["content"], validate=True)
        exports.add(Export(**{**each, "content": content, "properties": tuple(each["properties"])}))
    exports.next_id = saved["next_id"]
