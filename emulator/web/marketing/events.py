"""/events/v3/events and /events/event-occurrences/{date}: what contacts did on the account's pages."""

from __future__ import annotations

from typing import Any

import falcon

from emulator.crm.object_types import CONTACT
from emulator.errors import InvalidInput
from emulator.instants import iso
from emulator.marketing.things import WebEvent
from emulator.web.exchange import names, number, reply
from emulator.web.gate import ApiResource
from emulator.web.marketing.cursors import moment, paged, read_place

EVENT_TYPES = ("e_visited_page",)
_SORTS = ("occurredAt", "-occurredAt")


class Events(ApiResource):
    """The latest first, unless `sort=occurredAt`. Any valid token may read them."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.caller(req).portal
        contact_id, type_, ids = self._contact(req), req.get_param("eventType"), set(names(req, "id"))
        low, high = moment(req, "occurredAfter", 0) or 0, moment(req, "occurredBefore")
        behind, most = read_place(req, "after"), number(req, "limit", 100, 1, 1_000)
        sort = req.get_param("sort") or "-occurredAt"
        if sort not in _SORTS:
            raise InvalidInput(f"sort must be one of {', '.join(_SORTS)}")
        with portal.crm.lock:
            timeline = portal.marketing.visits(contact_id)
            read = timeline.earliest if sort == "occurredAt" else timeline.latest
            found, following = read(
                low=low,
                high=high,
                behind=behind,
                wanted=lambda event: type_ in (None, "", event.type) and (not ids or event.id in ids),
                most=most,
            )
        reply(resp, paged(req, [_shown(event) for event in found], following))

    def _contact(self, req: falcon.Request) -> int | None:
        """The contact that is asked for; -1 for a record that nothing is known of: other kinds do not visit pages."""
        name, text = req.get_param("objectType"), req.get_param("objectId")
        if text and not name:
            raise InvalidInput("objectType is required with objectId")
        kind = self.object_type(req, name) if name else CONTACT
        if text:
            return number(req, "objectId", 0, 0, 10**17) if kind is CONTACT else -1
        return None if kind is CONTACT else -1


def _shown(event: WebEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "eventType": event.type,
        "occurredAt": iso(event.at),
        "objectType": CONTACT.constant,
        "objectId": str(event.contact_id),
        "properties": event.properties,
    }


class EventTypes(ApiResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """A valid token is all it takes."""
        self.caller(req)
        reply(resp, {"eventTypes": list(EVENT_TYPES)})
