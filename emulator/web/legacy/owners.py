"""/owners/v2, which HubSpot switched off in March 2025: only for clients that are tested against the past."""

from __future__ import annotations

import falcon

from emulator.errors import ResourceNotFound
from emulator.ids import id_of
from emulator.legacy.owners import owner_v2
from emulator.legacy.sunsets import OWNERS_V2
from emulator.web.exchange import flag, reply
from emulator.web.gate import ApiResource, Caller


class _OwnerResource(ApiResource):
    def permitted(self, req: falcon.Request) -> Caller:
        if self.emulator.sunsets.over(OWNERS_V2, self.now()):
            raise ResourceNotFound
        caller = self.caller(req)
        caller.require(["crm.objects.owners.read"])
        return caller


class OwnersV2(_OwnerResource):
    """A bare array of all; without pages."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.permitted(req).portal
        email, inactive = (req.get_param("email") or "").lower(), flag(req, "includeInactive")
        with portal.crm.lock:
            owners = [owner for _, owner in sorted(portal.crm.owners.items())]
        wanted = [o for o in owners if (inactive or not o.archived) and email in ("", o.user.email.lower())]
        reply(resp, [owner_v2(owner, portal.hub_id) for owner in wanted])


class OwnerV2(_OwnerResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, owner_id: str) -> None:
        portal = self.permitted(req).portal
        with portal.crm.lock:
            owner = portal.crm.owners.get(id_of(owner_id) or 0)
        if owner is None:
            raise ResourceNotFound
        reply(resp, owner_v2(owner, portal.hub_id))
