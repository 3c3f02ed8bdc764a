"""/crm-objects/v1: tickets and the log of their changes."""

from __future__ import annotations

import falcon

from emulator.crm import writes
from emulator.crm.object_types import TICKET
from emulator.errors import InvalidInput
from emulator.legacy.tickets import TicketChange, TicketView, change_log
from emulator.web.exchange import flag, names, reply
from emulator.web.gate import ApiResource, Caller
from emulator.web.legacy.parameters import history, instant, position

_PAGE = 100
_CHANGE_TYPES = ("CREATED", "CHANGED", "DELETED")


class _TicketResource(ApiResource):
    def permitted(self, req: falcon.Request) -> Caller:
        caller = self.caller(req)
        caller.require(TICKET.scopes.read)
        return caller


class PagedTickets(_TicketResource):
    """Always a hundred."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm = self.permitted(req).portal.crm
        with crm.lock:
            view = TicketView(crm)
            records, following = crm.table(TICKET).page(position(req), _PAGE)
            shown = [view.show(record, names(req, "properties"), history(req)) for record in records]
        offset = following if following is not None else (records[-1].id + 1 if records else 0)
        reply(resp, {"objects": shown, "hasMore": following is not None, "offset": offset})


class Ticket(_TicketResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, ticket_id: str) -> None:
        crm = self.permitted(req).portal.crm
        with crm.lock:
            record = writes.find(crm, TICKET, ticket_id, archived=flag(req, "includeDeletes"))
            reply(resp, TicketView(crm).show(record, names(req, "properties"), history(req)))


class TicketChanges(_TicketResource):
    """A bare array, the earliest change first. The time, kind and id of the last one lead to what came after it."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm = self.permitted(req).portal.crm
        change_type = req.get_param("changeType") or ""
        if change_type not in ("", *_CHANGE_TYPES):
            raise InvalidInput(f"changeType must be one of {', '.join(_CHANGE_TYPES)}")
        after = TicketChange(instant(req, "timestamp"), change_type, position(req, "objectId"))
        with crm.lock:
            found = change_log(crm, after, self.now())
        reply(resp, [change.as_json() for change in found])
