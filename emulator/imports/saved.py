"""Imports in a snapshot, those under way included."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import asdict
from typing import Any

from emulator.crm.store import Crm
from emulator.errors import HubSpotError
from emulator.imports.imports import Imports
from emulator.imports.job import Job, Problem
from emulator.imports.request import DATE_FORMATS, ImportRequest, read
from emulator.imports.uploads import Upload

Json = dict[str, Any]

_PLAIN = ("import_id", "app_id", "user_id", "request_json", "file_ids", "created_at", "updated_at", "mapped")


def save_imports(imports: Imports) -> Json:
    return {
        "next_id": imports.next_id,
        "next_file_id": imports.next_file_id,
        "imports": [_job(job) for job in imports.by_id.values()],
    }


def _job(job: Job) -> Json:
    return {name: getattr(job, name) for name in _PLAIN} | {
        "name": job.request.name,
        "uploads": [[each.name, b64encode(each.content).decode()] for each in job.uploads],
        "state": job.state,
        "next_row": job.next_row,
        "counters": dict(job.counters),
        "problems": [asdict(each) for each in job.problems],
        "known": [[*key, record_id] for key, record_id in job.known.items()],
        "written": {type_id: sorted(ids) for type_id, ids in job.written.items()},
        "list_ids": job.list_ids,
    }


def load_imports(imports: Imports, crm: Crm, saved: Json | None) -> None:
    """Snapshots from before there were imports have none."""
    if saved is None:
        return
    for each in saved["imports"]:
        imports.add(_load_job(crm, each))
    imports.next_id, imports.next_file_id = saved["next_id"], saved["next_file_id"]


def _load_job(crm: Crm, saved: Json) -> Job:
    uploads = [Upload(name, b64decode(content, validate=True)) for name, content in saved["uploads"]]
    plain = {name: saved[name] for name in _PLAIN}
    job = Job(request=_request(crm, saved), uploads=uploads, **plain)
    job.state, job.next_row, job.list_ids = saved["state"], saved["next_row"], saved["list_ids"]
    job.counters = Counter(saved["counters"])
    job.problems = [Problem(**each) for each in saved["problems"]]
    job.known = {(type_id, name, value): record_id for type_id, name, value, record_id in saved["known"]}
    job.written = {type_id: set(ids) for type_id, ids in saved["written"].items()}
    return job


def _request(crm: Crm, saved: Json) -> ImportRequest:
    """What was mapped may not be there any more: then nothing of the files is left to read."""
    try:
        return read(saved["request_json"], crm)
    except HubSpotError:
        return ImportRequest(saved["name"], DATE_FORMATS[0], {}, (), makes_list=False)
