"""/marketing/v3/campaigns and /marketing/campaigns/{date}"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import falcon

from emulator.errors import ResourceNotFound
from emulator.instants import iso
from emulator.marketing.things import Campaign
from emulator.marketing.timeline import Place
from emulator.portals import Portal
from emulator.web.exchange import names, number, reply
from emulator.web.gate import ApiResource
from emulator.web.marketing.cursors import paged, read_place


class _CampaignResource(ApiResource):
    def portal(self, req: falcon.Request) -> Portal:
        caller = self.caller(req)
        caller.require(["marketing.campaigns.read"])
        return caller.portal


def _shown(campaign: Campaign, asked: list[str]) -> dict[str, Any]:
    """Without properties unless they are asked for."""
    return {
        "id": campaign.id,
        "createdAt": iso(campaign.created_at),
        "updatedAt": iso(campaign.updated_at),
        "properties": {name: campaign.properties[name] for name in asked if name in campaign.properties},
        "businessUnits": [],
    }


def _place(campaign: Campaign) -> Place:
    return campaign.created_at, campaign.id


class Campaigns(_CampaignResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.portal(req)
        after, most = read_place(req, "after"), number(req, "limit", 50, 1, 100)
        part, asked = (req.get_param("name") or "").lower(), names(req, "properties")
        with portal.crm.lock:
            everything = sorted(portal.marketing.campaigns.values(), key=_place)
        wanted = [each for each in everything if part in each.properties["hs_name"].lower()]
        start = bisect_right(wanted, after, key=_place) if after is not None else 0
        page, more = wanted[start : start + most], len(wanted) > start + most
        rows = [_shown(each, asked) for each in page]
        reply(resp, paged(req, rows, _place(page[-1]) if more else None, total=len(wanted)))


class CampaignItem(_CampaignResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, campaign_id: str) -> None:
        portal = self.portal(req)
        with portal.crm.lock:
            campaign = portal.marketing.campaigns.get(campaign_id)
        if campaign is None:
            raise ResourceNotFound(f"Campaign {campaign_id[:40]} does not exist")
        reply(resp, {**_shown(campaign, names(req, "properties")), "assets": {}})
