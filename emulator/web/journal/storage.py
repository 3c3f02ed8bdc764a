"""The files of the journal. No token opens them: the address does, for a while."""

from __future__ import annotations

from urllib.parse import parse_qsl

import falcon

from emulator.errors import ResourceNotFound
from emulator.journal import presigned
from emulator.journal.files import JournalFile
from emulator.limits import Meter
from emulator.web.gate import ApiResource, call_of

FOLDER = "/webhooks-journal-files"


def path_of(app_id: int, offset: str, portal_id: int | None) -> str:
    folder = f"{FOLDER}/{app_id}" if portal_id is None else f"{FOLDER}/{app_id}/portals/{portal_id}"
    return f"{folder}/{offset}.json"


class StoredFile(ApiResource):
    meter = Meter.NONE

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, app_id: str, name: str, portal_id: str | None = None
    ) -> None:
        if req.auth is not None:
            raise presigned.StorageRefused(
                400,
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string"
                " parameter or the Authorization header should be specified",
            )
        parameters = dict(parse_qsl(req.query_string, keep_blank_values=True))
        presigned.check(self.emulator.journals.secret, req.path, parameters, self.now())
        call_of(req).app_id = int(app_id)
        file = self._file(int(app_id), name.removesuffix(".json"))
        resp.data = file.content(int(portal_id) if portal_id is not None else None)
        resp.content_type = "application/json"

    def _file(self, app_id: int, offset: str) -> JournalFile:
        """Raises StorageRefused once it has expired; the path is one that was signed."""
        try:
            for client_id, app in list(self.emulator.apps.items()):
                if app.app_id == app_id:
                    return self.emulator.journals.of(client_id).find(self.now(), offset)
        except ResourceNotFound:
            pass
        raise presigned.StorageRefused(404, "NoSuchKey", "The specified key does not exist.")
