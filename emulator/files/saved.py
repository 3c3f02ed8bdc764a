"""Files in a snapshot."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import asdict
from typing import Any

from emulator.files.files import File, Files

Json = dict[str, Any]


def save_files(files: Files) -> Json:
    rows = [asdict(each) | {"content": b64encode(each.content).decode()} for each in files.by_id.values()]
    return {"next_id": files.next_id, "folders": files.folders, "files": rows}


def load_files(files: Files, saved: Json | None) -> None:
    """Snapshots from before there were files have none."""
    if saved is None:
        return
    files.next_id = saved["next_id"]
    files.folders = dict(saved["folders"])
    for each in saved["files"]:
        file = File(**{**each, "content": b64decode(each["content"], validate=True)})
        files.by_id[file.file_id] = file
