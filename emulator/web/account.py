"""The account itself: its details, owners, pipelines, and leaving it."""

from __future__ import annotations

from typing import Any

import falcon

from emulator.crm.owners import Owner
from emulator.errors import ResourceNotFound
from emulator.ids import id_of
from emulator.instants import iso
from emulator.oauth.apps import App
from emulator.portals import Portal
from emulator.web.exchange import flag, next_page, no_content, number, reply
from emulator.web.gate import ApiResource

_ZONE_ALIASES = {"America/New_York": "US/Eastern", "America/Los_Angeles": "US/Pacific", "America/Chicago": "US/Central"}


class AccountDetails(ApiResource):
    """Any valid token may read these."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        reply(resp, details(self.caller(req).portal, self.now()))


def details(portal: Portal, now: int) -> dict[str, Any]:
    offset = portal.utc_offset_ms(now)
    sign, minutes = ("-" if offset < 0 else "+"), abs(offset) // 60_000
    suffix = "" if portal.hublet == "na1" else f"-{portal.hublet}"
    return {
        "portalId": portal.hub_id,
        "portalName": portal.name,
        "accountType": portal.account_type,
        "timeZone": _ZONE_ALIASES.get(portal.time_zone, portal.time_zone),
        "companyCurrency": portal.currency,
        "additionalCurrencies": [],
        "utcOffset": f"{sign}{minutes // 60:02d}:{minutes % 60:02d}",
        "utcOffsetMilliseconds": offset,
        "uiDomain": f"app{suffix}.hubspot.com",
        "dataHostingLocation": portal.hublet,
    }


class PrivateAppUsage(ApiResource):
    """What the account's private apps used of their common daily allowance; OAuth apps have no such call."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal, now = self.caller(req).portal, self.now()
        used, limit = self.emulator.limits.daily_usage(portal, portal.day(now))
        row = {
            "name": "private-apps-api-calls-daily",
            "usageLimit": limit,
            "currentUsage": used,
            "collectedAt": iso(now),
            "fetchStatus": "SUCCESS",
            "resetsAt": iso(portal.next_midnight_ms(now)),
        }
        reply(resp, {"results": [row]})


class OwnerList(ApiResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.caller(req)
        caller.require(["crm.objects.owners.read"])
        limit = number(req, "limit", 100, 1, 500)
        after = number(req, "after", 0, 0, 10**18)
        email, archived = (req.get_param("email") or "").lower(), flag(req, "archived")
        portal = caller.portal
        with portal.crm.lock:
            found = [
                owner
                for _, owner in sorted(portal.crm.owners.items())
                if owner.owner_id >= after and owner.archived == archived and email in ("", owner.user.email.lower())
            ]
            answer: dict[str, Any] = {"results": [_with_teams(portal, owner) for owner in found[:limit]]}
        if len(found) > limit:
            answer["paging"] = next_page(req, str(found[limit].owner_id))
        reply(resp, answer)


class OwnerItem(ApiResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, owner_id: str) -> None:
        caller = self.caller(req)
        caller.require(["crm.objects.owners.read"])
        by_user = (req.get_param("idProperty") or "id") == "userId"
        with caller.portal.crm.lock:
            owner = _owner(caller.portal, owner_id, by_user=by_user)
            if owner is None or owner.archived != flag(req, "archived"):
                raise ResourceNotFound
            reply(resp, _with_teams(caller.portal, owner))


def _with_teams(portal: Portal, owner: Owner) -> dict[str, Any]:
    return owner.as_json(portal.teams.shown_with_owner(owner.user.user_id))


def _owner(portal: Portal, text: str, *, by_user: bool) -> Owner | None:
    number = id_of(text) or 0
    if by_user:
        return next((each for each in portal.crm.owners.values() if each.user.user_id == number), None)
    return portal.crm.owners.get(number)


class ExternalInstall(ApiResource):
    """DELETE uninstalls the app whose token it is from the account whose token it is."""

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.caller(req)
        caller.require(["oauth"])
        app: App | None = self.emulator.apps.get(caller.token.client_id)
        if app is None:
            raise ResourceNotFound
        self.emulator.uninstall(app, caller.portal.hub_id)
        no_content(resp)
