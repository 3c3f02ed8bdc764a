"""Imports: start one, see how far it is, what went wrong, cancel it. /crm/v3/imports and /crm/imports/{date}."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import falcon

from emulator.errors import InvalidInput
from emulator.imports.start import start
from emulator.imports.uploads import Upload
from emulator.instants import iso
from emulator.web.exchange import flag, next_page, number, reply
from emulator.web.forms import Part, parts
from emulator.web.gate import ApiResource, Caller
from emulator.web.versions import DATED, V3

if TYPE_CHECKING:
    from emulator.world import Emulator

SCOPES = ("crm.import",)
LARGEST_PAGE = 100

Json = dict[str, Any]


class ImportResource(ApiResource):
    def importer(self, req: falcon.Request) -> Caller:
        caller = self.caller(req)
        caller.require(SCOPES)
        return caller


class ImportList(ImportResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The app's own, the latest first."""
        caller = self.importer(req)
        limit, after = number(req, "limit", 10, 1, LARGEST_PAGE), number(req, "after", 10**18, 0, 10**18)
        portal = caller.portal
        with portal.crm.lock:
            portal.imports.progress_all(self.now())
            jobs = [job for job in portal.imports.of_app(caller.token.app_id) if job.import_id < after]
            jobs.sort(key=lambda job: -job.import_id)
            answer: Json = {"results": [job.as_json() for job in jobs[:limit]]}
        if len(jobs) > limit:
            answer["paging"] = next_page(req, str(jobs[limit - 1].import_id))
        reply(resp, answer)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.importer(req)
        body, uploads = _read(parts(req))
        portal = caller.portal
        with portal.crm.lock:
            job = start(portal, body, uploads, caller.token.app_id, caller.token.user_id)
            shown = job.as_json()
        self.emulator.background.wake()
        reply(resp, shown)


def _read(given: list[Part]) -> tuple[Json, list[Upload]]:
    """The request and its files. Raises InvalidInput and InvalidJson."""
    request = next((part for part in given if part.name == "importRequest"), None)
    if request is None:
        raise InvalidInput("The form has no importRequest.")
    uploads = [Upload(part.filename, part.content) for part in given if part.name == "files" and part.filename]
    return request.json_object(), uploads


class ImportItem(ImportResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, import_id: str) -> None:
        caller = self.importer(req)
        with caller.portal.crm.lock:
            caller.portal.imports.progress_all(self.now())
            reply(resp, caller.portal.imports.find(import_id, caller.token.app_id).as_json())


class CancelImport(ImportResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response, import_id: str) -> None:
        caller = self.importer(req)
        imports = caller.portal.imports
        with caller.portal.crm.lock:
            job = imports.find(import_id, caller.token.app_id)
            imports.cancel(job)
            times = {"startedAt": iso(job.created_at), "completedAt": iso(job.updated_at)}
        reply(resp, {"status": "CANCELED", **times})


class ImportErrors(ImportResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, import_id: str) -> None:
        """Row data are left out, and messages added, only on demand."""
        caller = self.importer(req)
        limit, after = number(req, "limit", 100, 1, LARGEST_PAGE), number(req, "after", 0, 0, 10**9)
        with_row = req.get_param("includeRowData") is None or flag(req, "includeRowData")
        with caller.portal.crm.lock:
            caller.portal.imports.progress_all(self.now())
            job = caller.portal.imports.find(import_id, caller.token.app_id)
            end = min(after + limit, len(job.problems))
            results = [
                job.problem_json(each, with_row=with_row, with_message=flag(req, "includeErrorMessage"))
                for each in range(after, end)
            ]
            more = end < len(job.problems)
        answer: Json = {"results": results}
        if more:
            answer["paging"] = next_page(req, str(end))
        reply(resp, answer)


def routes(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    found: list[tuple[str, ApiResource]] = []
    for version in (V3, *DATED):
        base = version.path("imports")
        found += [
            (base, ImportList(emulator, version)),
            (f"{base}/{{import_id}}", ImportItem(emulator, version)),
            (f"{base}/{{import_id}}/cancel", CancelImport(emulator, version)),
            (f"{base}/{{import_id}}/errors", ImportErrors(emulator, version)),
        ]
    return found
