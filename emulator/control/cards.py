"""What a card asks of its app: one request, as HubSpot sends it on."""

from __future__ import annotations

from typing import Any

import falcon

from emulator.cards.fetching import LONGEST_TIMEOUT_MS, METHODS, USUAL_TIMEOUT_MS, NotPermitted
from emulator.control.fields import Fields, Rejected
from emulator.control.resources import ControlResource, body_of
from emulator.oauth.apps import App
from emulator.web.exchange import reply
from emulator.world import Emulator


class FetchResource(ControlResource):
    """`hubspot.fetch` as a card of an installed app would call it, while one of the account's users looks at it."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal = self.portal(hub_id)
        fields = Fields(body_of(req), ("client_id", "user_id", "url", "method", "body", "timeout_ms"))
        user = portal.user(fields.whole("user_id"))
        if user is None:
            raise Rejected(f"user_id: account {hub_id} has no such user")
        fetched = self._send(
            self._app(portal.hub_id, fields.optional_text("client_id")),
            portal.hub_id,
            user,
            fields.text("url"),
            method=fields.choice("method", METHODS, "GET"),
            body=fields.raw("body", None),
            timeout_ms=fields.whole("timeout_ms", USUAL_TIMEOUT_MS, low=1, high=LONGEST_TIMEOUT_MS),
        )
        reply(resp, fetched)

    def _send(self, app: App, *about: Any, **how: Any) -> dict[str, Any]:
        try:
            return self.emulator.cards.send(app, *about, **how).as_json()
        except NotPermitted as refused:
            raise Rejected(str(refused)) from None

    def _app(self, hub_id: int, client_id: str | None) -> App:
        apps = self.emulator.apps_with_card(hub_id)
        found = [app for app in apps if client_id in (None, app.client_id)]
        if len(found) != 1:
            raise Rejected(f"account {hub_id} has {len(found)} such apps with a card: name one by client_id")
        return found[0]


def routes(emulator: Emulator) -> list[tuple[str, ControlResource]]:
    return [("/_emulator/portals/{hub_id}/fetch", FetchResource(emulator))]
