"""What a private app's token is good for. Source: HubSpot's page "Private apps"."""

from __future__ import annotations

import falcon

from emulator.errors import ResourceNotFound
from emulator.limits import Meter
from emulator.oauth.scopes import ordered
from emulator.web.exchange import json_object, member, reply
from emulator.web.gate import ApiResource, call_of
from emulator.world import Emulator


class TokenInfo(ApiResource):
    """The token in the body is the credential; clients send it as their bearer token as well."""

    meter = Meter.NONE

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        token = self.emulator.grants.access_tokens.get(member(json_object(req), "tokenKey", str, ""))
        if token is None or token.expires_at is not None:
            raise ResourceNotFound("private app access token not found")
        call_of(req).hub_id, call_of(req).app_id = token.hub_id, token.app_id
        scopes = ordered(token.scopes)
        reply(resp, {"userId": token.made_by, "hubId": token.hub_id, "appId": token.app_id, "scopes": scopes})


def routes(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    return [("/oauth/v2/private-apps/get/access-token-info", TokenInfo(emulator))]
