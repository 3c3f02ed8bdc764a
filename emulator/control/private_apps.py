"""What an administrator does with the private apps of an account: rotate their tokens, delete them."""

from __future__ import annotations

import falcon

from emulator.control.fields import Rejected
from emulator.control.resources import ControlResource
from emulator.ids import id_of
from emulator.oauth.grants import AccessToken
from emulator.portals import Portal
from emulator.web.exchange import no_content, reply
from emulator.world import Emulator


class PrivateApp(ControlResource):
    """DELETE: the app goes, and its token with it."""

    def on_delete(self, _req: falcon.Request, resp: falcon.Response, hub_id: str, app_id: str) -> None:
        _end(self.emulator, self.portal(hub_id), app_id)
        no_content(resp)


class Rotation(ControlResource):
    """POST: "rotate and expire now". The app has a new token, and the old one dies."""

    def on_post(self, _req: falcon.Request, resp: falcon.Response, hub_id: str, app_id: str) -> None:
        portal = self.portal(hub_id)
        token = _end(self.emulator, portal, app_id)
        value = self.emulator.rotate_private(portal, token)
        reply(resp, {"access_token": value, "hub_id": portal.hub_id, "app_id": token.app_id})


def _end(emulator: Emulator, portal: Portal, app_id: str) -> AccessToken:
    token = emulator.end_private_tokens(portal.hub_id, id_of(app_id) or 0)
    if token is None:
        raise Rejected(f"portal {portal.hub_id} has no private app {app_id}")
    return token


def routes(emulator: Emulator) -> list[tuple[str, ControlResource]]:
    app = "/_emulator/portals/{hub_id}/private_apps/{app_id}"
    return [(app, PrivateApp(emulator)), (f"{app}/rotate", Rotation(emulator))]
