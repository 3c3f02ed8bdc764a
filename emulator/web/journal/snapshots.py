"""Snapshots of records: asking for them, and asking how far they are."""

from __future__ import annotations

from contextlib import nullcontext

import falcon

from emulator.journal.snapshots import SnapshotRequest, read_requests, take
from emulator.limits import Meter
from emulator.oauth.grants import AccessToken
from emulator.oauth.scopes import SNAPSHOTS_READ, SNAPSHOTS_WRITE
from emulator.web.exchange import json_object, reply
from emulator.web.gate import AppResource


class CrmSnapshots(AppResource):
    meter = Meter.JOURNAL_SNAPSHOTS

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        token = self.app_token(req, SNAPSHOTS_WRITE)
        requests = read_requests(json_object(req))
        reply(resp, {"snapshotResponses": [each.answer(self._take(token, each)) for each in requests]})

    def _take(self, token: AccessToken, request: SnapshotRequest) -> str:
        """Write the record into the journal; the id of the snapshot's status."""
        emulator = self.emulator
        with emulator.lock:
            portal = emulator.portals.get(request.portal_id)
            install = emulator.grants.install(token.client_id, request.portal_id)
            with portal.crm.lock if portal else nullcontext():
                snapshot, event = take(token.client_id, request, portal.crm if portal else None, install, self.now())
                if event is not None:
                    emulator.journals.write(token.client_id, request.portal_id, [event])
            emulator.journals.snapshots.keep(snapshot)
        return snapshot.id


class Status(AppResource):
    meter = Meter.JOURNAL_SNAPSHOTS

    def on_get(self, req: falcon.Request, resp: falcon.Response, status_id: str) -> None:
        token = self.app_token(req, SNAPSHOTS_READ)
        journals = self.emulator.journals
        with self.emulator.lock:
            found = journals.snapshots.named(token.client_id, status_id)
        reply(resp, found.as_json(self.now(), journals.linger_ms))
