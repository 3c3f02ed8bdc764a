"""/crm-pipelines/v1, until HubSpot switches it off."""

from __future__ import annotations

import falcon

from emulator.errors import ResourceNotFound
from emulator.legacy.pipelines import pipeline_v1
from emulator.legacy.sunsets import PIPELINES_V1
from emulator.web.exchange import reply
from emulator.web.gate import ApiResource


class PipelinesV1(ApiResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        if self.emulator.sunsets.over(PIPELINES_V1, self.now()):
            raise ResourceNotFound
        kind = self.object_type(req, kind_name)
        caller = self.caller(req)
        caller.require(kind.scopes.schema_read)
        crm = caller.portal.crm
        with crm.lock:
            found = crm.pipelines.all(kind.type_id)
            shown = [pipeline_v1(kind, pipeline, first=place == 0) for place, pipeline in enumerate(found)]
        reply(resp, {"results": shown})
