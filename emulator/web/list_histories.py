"""What became of a list, and what is to: its sizes and edits, and when it turns static."""

from __future__ import annotations

import falcon

from emulator.errors import InvalidInput
from emulator.instants import iso, parse_instant
from emulator.lists import conversions
from emulator.web.exchange import json_object, no_content, reply
from emulator.web.gate import ApiResource
from emulator.web.list_access import ListResource


class Conversion(ListResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, list_id: str) -> None:
        lists = self.reader(req).portal.lists
        with lists.crm.lock:
            conversions.convert_due(lists)
            reply(resp, conversions.as_json(lists.find(list_id)))

    def on_put(self, req: falcon.Request, resp: falcon.Response, list_id: str) -> None:
        lists, body = self.writer(req).portal.lists, json_object(req)
        with lists.crm.lock:
            found = lists.find(list_id)
            conversions.schedule(found, body, self.now())
            reply(resp, conversions.as_json(found))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, list_id: str) -> None:
        lists = self.writer(req).portal.lists
        with lists.crm.lock:
            conversions.cancel(lists.find(list_id))
        no_content(resp)


class SizesAndEdits(ListResource):
    """One size for each day on which it changed."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, list_id: str) -> None:
        lists = self.reader(req).portal.lists
        start, end = _instant(req, "startDate"), _instant(req, "endDate")
        with lists.crm.lock:
            found = lists.find(list_id)
            sizes = [{"size": size, "timestamp": iso(at)} for size, at in found.sizes.values() if start <= at <= end]
            edits = [iso(at) for at in found.edits if start <= at <= end]
        reply(resp, {"sizeHistory": sizes, "editHistory": edits})


def _instant(req: falcon.Request, name: str) -> int:
    text = req.get_param(name) or ""
    try:
        return parse_instant(text)
    except (ValueError, OverflowError, OSError):
        raise InvalidInput(f"Invalid value for {name}: {text[:50]}") from None


PATHS: tuple[tuple[str, type[ApiResource]], ...] = (
    ("/{list_id}/schedule-conversion", Conversion),
    ("/{list_id}/size-and-edits-history/between", SizesAndEdits),
)
