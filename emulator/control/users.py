"""Users who join an account or leave it, as its administrator sees to it."""

from __future__ import annotations

import falcon

from emulator.control.fields import Rejected
from emulator.control.portals import read_user
from emulator.control.resources import ControlResource, body_of
from emulator.errors import HubSpotError
from emulator.settings.users import add_user, find_user, remove_user
from emulator.web.exchange import no_content, reply
from emulator.world import Emulator


class Users(ControlResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal = self.portal(hub_id)
        user = read_user(body_of(req))
        with portal.crm.lock:
            try:
                owner = add_user(portal, user)
            except HubSpotError as refused:
                raise Rejected(str(refused)) from None
        reply(resp, {"user_id": user.user_id, "owner_id": owner.owner_id}, 201)


class UserItem(ControlResource):
    """DELETE: the user leaves, and their owner is archived."""

    def on_delete(self, _req: falcon.Request, resp: falcon.Response, hub_id: str, user_id: str) -> None:
        portal = self.portal(hub_id)
        with portal.crm.lock:
            user = find_user(portal, user_id, by_email=False)
            if user is None:
                raise Rejected(f"portal {portal.hub_id} has no user {user_id}")
            try:
                remove_user(portal, user)
            except HubSpotError as refused:
                raise Rejected(str(refused)) from None
        no_content(resp)


def routes(emulator: Emulator) -> list[tuple[str, ControlResource]]:
    users = "/_emulator/portals/{hub_id}/users"
    return [(users, Users(emulator)), (f"{users}/{{user_id}}", UserItem(emulator))]
