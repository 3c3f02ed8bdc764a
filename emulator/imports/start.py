"""Beginning an import."""

from __future__ import annotations

from collections import Counter
from typing import Any

from emulator.errors import InvalidInput
from emulator.imports.job import MOST_ROWS, Job
from emulator.imports.request import read
from emulator.imports.uploads import Upload
from emulator.portals import Portal


def start(portal: Portal, body: dict[str, Any], uploads: list[Upload], app_id: int, user_id: int | None) -> Job:
    """Raises InvalidInput and InvalidJson."""
    imports, request, now = portal.imports, read(body, portal.crm), portal.crm.clock.now_ms()
    for spec in request.files:
        if not any(upload.name == spec.name for upload in uploads):
            raise InvalidInput(f"File {spec.name[:100]} is not among the files of the form.")
    file_ids = [imports.next_file_id + place for place in range(len(request.files))]
    job = Job(imports.next_id, app_id, user_id, request, body, uploads, file_ids, now, now)
    if len(job.rows) > MOST_ROWS:
        raise InvalidInput(f"A file may have at most {MOST_ROWS} rows.")
    mappings = [each for spec in request.files for each in spec.mappings]
    job.counters = Counter(TOTAL_ROWS=len(job.rows), MAPPED_COLUMNS=len(mappings))
    job.mapped = list(dict.fromkeys(kind.type_id for spec in request.files for kind in spec.kinds))
    imports.add(job)
    return job
