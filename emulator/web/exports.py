"""Exports: start one, ask how it is getting on, fetch the file. /crm/v3/exports and /crm/exports/{date}."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import falcon

from emulator.errors import HubSpotError
from emulator.exports.exports import Export
from emulator.exports.request import read
from emulator.exports.start import start
from emulator.journal import presigned
from emulator.limits import Meter
from emulator.web.exchange import json_object, reply
from emulator.web.gate import ApiResource, Caller
from emulator.web.versions import DATED, V3

if TYPE_CHECKING:
    from emulator.world import Emulator

SCOPES = ("crm.export",)
# How long the address of a file can be used.
LIFE_S = 300


class ExportForbidden(HubSpotError):
    status = 403
    category = "MISSING_PERMISSIONS"


class ExportResource(ApiResource):
    def exporter(self, req: falcon.Request) -> Caller:
        """An app that a super admin installed. Raises MissingScopes and ExportForbidden."""
        caller = self.caller(req)
        caller.require(SCOPES)
        user_id = caller.token.user_id
        user = caller.portal.user(user_id) if user_id is not None else None
        if user_id is not None and (user is None or not user.super_admin):
            raise ExportForbidden("Exports are for apps that were installed by a super admin of the account.")
        return caller

    def find(self, caller: Caller, text: str) -> Export:
        """An export of the same app. Raises ResourceNotFound and ExportForbidden."""
        export = caller.portal.exports.find(text)
        if export.app_id != caller.token.app_id:
            raise ExportForbidden(
                f"Permission to get export file cannot be granted for exportId {export.export_id} and portalId"
                f" {caller.portal.hub_id}"
            )
        return export


class StartExport(ExportResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller, body = self.exporter(req), json_object(req)
        portal = caller.portal
        with portal.crm.lock:
            export = start(portal, read(body, portal.lists), caller.token.app_id, self.now())
        task = f"{self.version.path('exports')}/export/async/tasks/{export.export_id}/status"
        reply(resp, {"id": str(export.export_id), "links": {"status": f"{req.prefix}{task}"}}, 202)


class ExportStatus(ExportResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, task_id: str) -> None:
        """Every look at a finished export gives a new address of its file."""
        caller, now = self.exporter(req), self.now()
        with caller.portal.crm.lock:
            export = self.find(caller, task_id)
        answer = export.task_json(now)
        if export.state(now) == "DONE":
            path = f"/crm-exports/{caller.portal.hub_id}/{export.export_id}/{export.file_name}"
            answer["result"] = f"{req.prefix}{path}?{presigned.sign(self.emulator.journals.secret, path, now, LIFE_S)}"
        reply(resp, answer)


class ExportItem(ExportResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, export_id: str) -> None:
        caller = self.exporter(req)
        with caller.portal.crm.lock:
            reply(resp, self.find(caller, export_id).as_json(self.now()))


class ExportFile(ApiResource):
    """Who has the address needs no token."""

    meter = Meter.NONE

    def on_get(self, req: falcon.Request, resp: falcon.Response, hub_id: str, export_id: str, name: str) -> None:
        parameters = dict(parse_qsl(req.query_string, keep_blank_values=True))
        presigned.check(self.emulator.journals.secret, req.path, parameters, self.now())
        portal = self.emulator.portals.get(int(hub_id))
        export = portal.exports.by_id.get(int(export_id)) if portal is not None else None
        if export is None or export.state(self.now()) != "DONE":
            raise presigned.StorageRefused(404, "NoSuchKey", "The specified key does not exist.")
        resp.data = export.content
        resp.content_type = "application/zip" if name.endswith(".zip") else "text/csv;charset=utf-8"
        resp.downloadable_as = name


def routes(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    found: list[tuple[str, ApiResource]] = [
        ("/crm-exports/{hub_id}/{export_id}/{name}", ExportFile(emulator)),
    ]
    for version in (V3, *DATED):
        base = version.path("exports") + "/export"
        found += [
            (f"{base}/async", StartExport(emulator, version)),
            (f"{base}/async/tasks/{{task_id}}/status", ExportStatus(emulator, version)),
            (f"{base}/{{export_id}}", ExportItem(emulator, version)),
        ]
    return found
