"""POST …/objects/{type}/search"""

from __future__ import annotations

from typing import Any

import falcon

from emulator.crm.search.engine import search
from emulator.crm.search.request import parse
from emulator.crm.store import View
from emulator.limits import Meter
from emulator.web.exchange import json_object, reply
from emulator.web.gate import ApiResource


class Search(ApiResource):
    meter = Meter.SEARCH

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.object_type(req, kind_name)
        caller = self.caller(req)
        caller.require(kind.scopes.read)
        body = json_object(req)
        crm = caller.portal.crm
        with crm.lock:
            request = parse(body, kind, crm.schema(kind))
            found = search(crm, kind, request)
            view = View(crm, kind, request.properties)
            results = [view.show(record) for record in found.records]
        answer: dict[str, Any] = {"total": found.total, "results": results}
        if found.following is not None:
            answer["paging"] = {"next": {"after": str(found.following)}}
        reply(resp, answer)
