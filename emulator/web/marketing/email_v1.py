"""/email/public/v1 and /marketing-emails/v1"""

from __future__ import annotations

from typing import Any

import falcon

from emulator.errors import ResourceNotFound
from emulator.marketing.email_shapes import (
    APP_ID,
    email_campaign,
    email_campaign_in_full,
    email_event,
    email_v1,
    subscription_change,
    subscription_definition,
)
from emulator.marketing.things import EmailEvent
from emulator.portals import Portal
from emulator.web.exchange import flag, number, reply
from emulator.web.gate import ApiResource
from emulator.web.legacy.parameters import count, instant, position
from emulator.web.marketing.cursors import read_place, write_place

Json = dict[str, Any]
_FOREVER = 10**15


class _EmailResource(ApiResource):
    def portal(self, req: falcon.Request) -> Portal:
        caller = self.caller(req)
        caller.require(["content"])
        return caller.portal


class CampaignsById(_EmailResource):
    """E-mail campaigns: one for each marketing e-mail that was sent."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.portal(req)
        with portal.crm.lock:
            rows = [email_campaign(email) for email in portal.marketing.sent_emails()]
        reply(resp, _campaign_page(req, rows))


class RecentCampaigns(_EmailResource):
    """By their latest event, newest first."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.portal(req)
        with portal.crm.lock:
            rows = [
                {**email_campaign(email), "lastUpdatedTime": portal.marketing.latest_activity(email)}
                for email in portal.marketing.sent_emails()
            ]
        rows.sort(key=lambda row: row["lastUpdatedTime"], reverse=True)
        reply(resp, _campaign_page(req, rows))


def _campaign_page(req: falcon.Request, rows: list[Json]) -> Json:
    """The offset counts."""
    start, most = position(req), count(req, "limit", 10, 1_000)
    page = rows[start : start + most]
    end = start + len(page)
    return {"campaigns": page, "hasMore": end < len(rows), "offset": str(end)}


class Campaign(_EmailResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, campaign_id: str) -> None:
        portal = self.portal(req)
        with portal.crm.lock:
            sent = {str(email.email_campaign_id): email for email in portal.marketing.sent_emails()}
            if campaign_id not in sent:
                raise ResourceNotFound(f"No campaign with id {campaign_id[:20]}")
            reply(resp, email_campaign_in_full(sent[campaign_id], portal.marketing))


class Events(_EmailResource):
    """What happened to e-mails, the latest first."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.portal(req)
        low, high = instant(req, "startTimestamp"), instant(req, "endTimestamp", _FOREVER)
        behind, most = read_place(req, "offset"), count(req, "limit", 10, 1_000)
        wanted = _EventFilter(req)
        with portal.crm.lock:
            found, following = portal.marketing.email_events.latest(
                low=low, high=high, behind=behind, wanted=wanted, most=most
            )
        offset = write_place((found[-1].at, found[-1].id)) if found else (req.get_param("offset") or "")
        shown = [email_event(event, portal.hub_id) for event in found]
        reply(resp, {"events": shown, "hasMore": following is not None, "offset": offset})


class _EventFilter:
    def __init__(self, req: falcon.Request) -> None:
        self._type = req.get_param("eventType")
        self._recipient = (req.get_param("recipient") or "").lower()
        self._campaign = number(req, "campaignId", 0, 0, _FOREVER)
        self._app = number(req, "appId", APP_ID, 0, _FOREVER)
        self._unfiltered = flag(req, "excludeFilteredEvents")

    def __call__(self, event: EmailEvent) -> bool:
        return (
            self._app == APP_ID
            and (not self._type or event.type == self._type)
            and (not self._recipient or event.recipient.lower() == self._recipient)
            and (not self._campaign or event.email_campaign_id == self._campaign)
            and not (self._unfiltered and event.details.get("filteredEvent"))
        )


class Subscriptions(_EmailResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.portal(req)
        with portal.crm.lock:
            found = list(portal.marketing.subscriptions.values())
        rows = [subscription_definition(each, portal.hub_id, order) for order, each in enumerate(found)]
        reply(resp, {"subscriptionDefinitions": rows})


class SubscriptionTimeline(_EmailResource):
    """Changes of what people want to get, the latest first."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.portal(req)
        low, high = instant(req, "startTimestamp"), instant(req, "endTimestamp", _FOREVER)
        behind, most = read_place(req, "offset"), count(req, "limit", 10, 1_000)
        recipient, change_type = (req.get_param("recipient") or "").lower(), req.get_param("changeType")
        with portal.crm.lock:
            found, following = portal.marketing.subscription_changes.latest(
                low=low,
                high=high,
                behind=behind,
                wanted=lambda change: not recipient or change.recipient.lower() == recipient,
                most=most,
            )
        if change_type not in (None, "", "SUBSCRIPTION_STATUS"):
            found, following = [], None
        offset = write_place((found[-1].at, found[-1].id)) if found else (req.get_param("offset") or "")
        shown = [subscription_change(change, portal.hub_id) for change in found]
        reply(resp, {"timeline": shown, "hasMore": following is not None, "offset": offset})


class EmailsWithStatistics(_EmailResource):
    """Of /marketing-emails/v1: pages by position."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.portal(req)
        start, most = position(req), count(req, "limit", 10, 300)
        with portal.crm.lock:
            emails = sorted(portal.marketing.emails.values(), key=lambda email: email.id)
            rows = [email_v1(email, portal.marketing, portal.hub_id) for email in emails[start : start + most]]
        reply(resp, {"objects": rows, "total": len(emails), "totalCount": len(emails), "limit": most, "offset": start})
