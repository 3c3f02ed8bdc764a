"""Rate limits as a control call sets them: what HubSpot leaves to the account, and what it does not document."""

from __future__ import annotations

import falcon

from emulator.control.fields import Fields
from emulator.control.resources import ControlResource, body_of
from emulator.limits import MOST_INCREASES, TokenLimit, burst_limit, daily_limit
from emulator.web.exchange import no_content, reply
from emulator.world import Emulator


class PortalLimits(ControlResource):
    """What the account's private apps may do: add-ons bought, and calls already made today."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal = self.portal(hub_id)
        fields = Fields(body_of(req), ("api_limit_increases", "private_app_calls_today"))
        increases = fields.optional_whole("api_limit_increases", high=MOST_INCREASES)
        used = fields.optional_whole("private_app_calls_today")
        day = portal.day(self.emulator.clock.now_ms())
        with self.emulator.lock:
            if increases is not None:
                portal.api_limit_increases = increases
        if used is not None:
            self.emulator.limits.set_daily_usage(portal, day, used)
        answer = {
            "private_app_burst": burst_limit(portal),
            "private_app_calls_per_day": daily_limit(portal),
            "private_app_calls_today": self.emulator.limits.daily_usage(portal, day)[0],
        }
        reply(resp, answer)


class TokenEndpointLimit(ControlResource):
    """How many calls of the token endpoints each app may make; none by default, for HubSpot documents none."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        limit = self.emulator.limits.token_limit_at(self.emulator.clock.now_ms())
        shown = {"calls": limit.calls, "seconds": limit.seconds} if limit else None
        reply(resp, {"token_endpoint": shown})

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = Fields(body_of(req), ("calls", "seconds"))
        limit = TokenLimit(fields.whole("calls"), fields.amount("seconds", 10, low=0.001, high=86_400))
        self.emulator.limits.limit_token_calls(limit)
        reply(resp, {"token_endpoint": {"calls": limit.calls, "seconds": limit.seconds}}, 201)

    def on_delete(self, _req: falcon.Request, resp: falcon.Response) -> None:
        self.emulator.limits.limit_token_calls(None)
        no_content(resp)


def routes(emulator: Emulator) -> list[tuple[str, ControlResource]]:
    return [
        ("/_emulator/portals/{hub_id}/limits", PortalLimits(emulator)),
        ("/_emulator/limits/token-endpoint", TokenEndpointLimit(emulator)),
    ]
