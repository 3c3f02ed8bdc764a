"""The imports of one portal."""

from __future__ import annotations

from emulator.crm.object_types import COMPANY, CONTACT
from emulator.crm.store import Crm
from emulator.errors import InvalidInput, ResourceNotFound
from emulator.imports.job import CANCELED, DONE, PROCESSING, Job
from emulator.imports.rows import RowWriter
from emulator.lists.object_list import MANUAL, ObjectList
from emulator.lists.registry import Lists, number_of

# Rows that are written before others get their turn at the portal.
_BURST = 200


class Imports:
    """Read and changed under the portal's `crm.lock` only."""

    def __init__(self, crm: Crm, lists: Lists) -> None:
        self._crm = crm
        self._lists = lists
        self.by_id: dict[int, Job] = {}
        self.next_id = 38_612_771
        self.next_file_id = 178_446_810_071
        self._domains: dict[str, int] | None = None

    def find(self, text: str, app_id: int) -> Job:
        """Other apps' imports are not there. Raises ResourceNotFound."""
        job = self.by_id.get(number_of(text))
        if job is None or job.app_id != app_id:
            raise ResourceNotFound(f"Import {text[:50]} does not exist.")
        return job

    def of_app(self, app_id: int) -> list[Job]:
        return [job for job in self.by_id.values() if job.app_id == app_id]

    def add(self, job: Job) -> None:
        self.by_id[job.import_id] = job
        self.next_id = max(self.next_id, job.import_id + 1)
        self.next_file_id = max([self.next_file_id, *(each + 1 for each in job.file_ids)])

    @property
    def busy(self) -> bool:
        """Asked without the lock, too."""
        return any(job.active for job in list(self.by_id.values()))

    def cancel(self, job: Job) -> None:
        """What was written stays. Raises InvalidInput."""
        self.progress_all(self._crm.clock.now_ms())
        if not job.active:
            raise InvalidInput(f"Import {job.import_id} cannot be canceled: it is {job.state}.")
        job.state, job.updated_at = CANCELED, self._crm.clock.now_ms()

    def progress_all(self, now: int) -> None:
        while self.progress(now):
            continue

    def progress(self, now: int) -> bool:
        """Write a burst of the rows that are due. Whether more are due already."""
        for job in self.by_id.values():
            if job.active and job.begun(now) and (job.next_row < job.due(now) or job.next_row >= len(job.rows)):
                self._advance(job, now)
                return True
        self._domains = None
        return False

    def _advance(self, job: Job, now: int) -> None:
        job.state, job.updated_at = PROCESSING, now
        writer = RowWriter(self._crm, job, self._company_of)
        end = min(job.due(now), job.next_row + _BURST)
        for row in job.rows[job.next_row : end]:
            writer.write(row)
        job.next_row = max(job.next_row, end)
        if job.next_row >= len(job.rows):
            self._finish(job)

    def _finish(self, job: Job) -> None:
        job.state = DONE
        people = job.written.get(CONTACT.type_id)
        if job.request.makes_list and people:
            at = job.updated_at
            made = ObjectList(0, CONTACT, self._free_name(job), MANUAL, at, job.user_id, at, job.user_id, at)
            self._lists.create(made, job.source)
            changes = self._lists.move(made, sorted(people), (), at)
            self._lists.announce(changes, job.source)
            job.list_ids[CONTACT.constant] = made.list_id

    def _free_name(self, job: Job) -> str:
        name = f"Contacts imported by {job.request.name}"
        taken = {each.name.lower() for each in self._lists.live()}
        return name if name.lower() not in taken else f"{name} ({job.import_id})"

    # -- companies by domain ---------------------------------------------------------------------------------------

    def _company_of(self, domain: str) -> int | None:
        if self._domains is None:
            records = self._crm.table(COMPANY).records
            self._domains = {}
            for record_id in reversed(self._crm.table(COMPANY).live):
                if found := records[record_id].values.get("domain"):
                    self._domains[found.lower()] = record_id
        found_id = self._domains.get(domain.strip().lower())
        return found_id if found_id is not None and self._crm.table(COMPANY).live_record(found_id) else None
