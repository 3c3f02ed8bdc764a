"""/engagements/v1/engagements"""

from __future__ import annotations

import base64
import binascii
from itertools import islice
from typing import Any

import falcon

from emulator.crm import writes
from emulator.crm.store import Crm
from emulator.errors import InvalidInput, ResourceNotFound
from emulator.legacy import engagements, recent
from emulator.legacy.engagements import Engagement, EngagementView
from emulator.web.exchange import reply
from emulator.web.gate import ApiResource, Caller
from emulator.web.legacy.parameters import count, instant, position

SCOPES = (
    "crm.objects.companies.read",
    "crm.objects.contacts.read",
    "crm.objects.deals.read",
    "tickets",
    "e-commerce",
)


class _EngagementResource(ApiResource):
    def permitted(self, req: falcon.Request) -> Caller:
        caller = self.caller(req)
        caller.require(SCOPES)
        return caller

    def shown(self, caller: Caller, found: list[Engagement]) -> list[dict[str, Any]]:
        view = EngagementView(caller.portal.crm, read_emails="sales-email-read" in caller.token.scopes)
        return [view.show(record, kind) for record, kind in found]


class PagedEngagements(_EngagementResource):
    """All, by id."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.permitted(req)
        # Airbyte asks for `count`, as the recent list calls it; it is not heard here.
        first, most = position(req), count(req, "limit", 100, 250)
        with caller.portal.crm.lock:
            found, following = engagements.by_id(caller.portal.crm, first, most)
            shown = self.shown(caller, found)
        offset = following if following is not None else (found[-1][0].id + 1 if found else first)
        reply(resp, {"results": shown, "hasMore": following is not None, "offset": offset})


class RecentEngagements(_EngagementResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.permitted(req)
        crm = caller.portal.crm
        since = max(instant(req, "since"), self.now() - recent.REACH_MS)
        offset, most = position(req), count(req, "count", 20, 100)
        with crm.lock:
            page = recent.page(engagements.newest_first(crm, since), offset, most, engagements.at_most(crm, since))
            shown = self.shown(caller, page.items)
        reply(resp, {"results": shown, "hasMore": page.more, "offset": page.offset, "total": page.total})


class EngagementsModifiedAfter(_EngagementResource):
    """Forward from a time in milliseconds, or from an earlier answer's cursor; without the limits of "recent"."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.permitted(req)
        at, number = _cursor(req.get_param("after") or "0")
        most = count(req, "limit", 100, 250)
        with caller.portal.crm.lock:
            found = list(islice(engagements.changed_after(caller.portal.crm, at, number), most + 1))
            page = found[:most]
            shown = self.shown(caller, page)
        if page:
            at, number = page[-1][0].updated_at, page[-1][0].id
        reply(resp, {"results": shown, "hasMore": len(found) > most, "after": _opaque(at, number)})


def _cursor(text: str) -> tuple[int, int]:
    """A bare number is a time, what changed at it included."""
    try:
        if text.isdigit():
            return int(text) - 1, 0
        at, number = base64.urlsafe_b64decode(text.encode()).decode().split(":")
        return int(at), int(number)
    except (ValueError, binascii.Error):
        raise InvalidInput("after is neither a timestamp nor a cursor of an earlier answer") from None


def _opaque(at: int, number: int) -> str:
    return base64.urlsafe_b64encode(f"{at}:{number}".encode()).decode()


class OneEngagement(_EngagementResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, engagement_id: str) -> None:
        caller = self.permitted(req)
        with caller.portal.crm.lock:
            found = _found(caller.portal.crm, engagement_id)
            (shown,) = self.shown(caller, [found])
        reply(resp, shown)


def _found(crm: Crm, text: str) -> Engagement:
    found = engagements.find(crm, writes.record_id(text))
    if found is None:
        raise ResourceNotFound("resource not found")
    return found
