"""What every API call passes: who calls, on which region's host, how often; then headers and the ledger."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import falcon

from emulator.clock import wall_ms
from emulator.crm.object_types import ObjectType
from emulator.errors import HubSpotError, MissingScopes, TokenExpired, Unauthenticated, UriTooLong, WrongHublet
from emulator.ledger import Request
from emulator.limits import Charge, Meter, Refused
from emulator.oauth.grants import AccessToken
from emulator.portals import Portal
from emulator.web import broken
from emulator.web.origin import refuse_strangers
from emulator.web.versions import V3, Version
from emulator.world import Emulator

# Not documented; answers of 414 were seen at a little more.
LONGEST_URI = 16_200

_TOKEN_LIKE = re.compile(r"[A-Za-z0-9_\-]{40,}={0,2}")


@dataclass(slots=True)
class Call:
    """One call, as far as it is understood."""

    arrived_at_ms: int
    correlation_id: str
    # Whether it is for HubSpot's API, rather than the emulator's own pages and controls.
    api: bool
    hub_id: int | None = None
    app_id: int | None = None
    charge: Charge | None = None
    mangle: broken.Mangle | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who may do what: the token of a call, and the account it is for."""

    token: AccessToken
    portal: Portal

    def require(self, scopes: Sequence[str]) -> None:
        """Any one of these suffices.

        Raises MissingScopes.
        """
        if not self.token.scopes.intersection(scopes):
            raise MissingScopes(scopes)


class ApiResource:
    """A part of HubSpot's API. `meter` says how its calls count; NONE means that no token is needed."""

    meter = Meter.BURST

    def __init__(self, emulator: Emulator, version: Version = V3) -> None:
        self.emulator = emulator
        self.version = version

    def caller(self, req: falcon.Request) -> Caller:
        caller: Caller = req.context.caller
        return caller

    def object_type(self, req: falcon.Request, name: str) -> ObjectType:
        """The kind of records that a path names, in the caller's account.

        Raises UnknownObjectType.
        """
        return self.caller(req).portal.crm.object_type(name)

    def now(self) -> int:
        return self.emulator.clock.now_ms()


class AppResource(ApiResource):
    """For tokens that an app gets in its own name, by client credentials. `meter` counts per app."""

    def app_token(self, req: falcon.Request, scopes: Sequence[str]) -> AccessToken:
        """The app's token. Any one of the scopes suffices; tokens of accounts never do.

        Raises MissingScopes.
        """
        token: AccessToken = req.context.app_token
        if token.hub_id is not None or not token.scopes.intersection(scopes):
            raise MissingScopes(scopes[:1])
        return token


def call_of(req: falcon.Request) -> Call:
    call: Call = req.context.call
    return call


def _is_api(path: str) -> bool:
    if path == "/" or path.startswith(("/_emulator", "/_ui", "/marketplace/", "/app-install/")):
        return False
    # Record pages have HubSpot's own addresses: /contacts/<hub id>/…; the old contacts API is /contacts/v1/….
    return not (path.startswith("/contacts/") and path[10:11].isdigit())


class Gate:
    """Falcon middleware of one region's host."""

    def __init__(self, emulator: Emulator, hublet: str) -> None:
        self._emulator = emulator
        self._hublet = hublet
        self._random = random.Random()

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        req.context.hublet = self._hublet
        req.context.call = Call(wall_ms(), self._correlation_id(), _is_api(req.path))
        if not req.context.call.api:
            refuse_strangers(req, self._emulator.options.origins.values())
        if len(req.path) + len(req.query_string) > LONGEST_URI:
            raise UriTooLong

    def _correlation_id(self) -> str:
        bits = f"{self._random.getrandbits(128):032x}"
        return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}"

    def process_resource(
        self, req: falcon.Request, resp: falcon.Response, resource: object, _params: dict[str, Any]
    ) -> None:
        if not isinstance(resource, ApiResource):
            return
        call = call_of(req)
        with_token = resource.meter is not Meter.NONE
        token = self._token(req) if with_token else None
        if token is not None:
            call.hub_id, call.app_id = token.hub_id, token.app_id
        if self._emulator.faults.any_for_answers:
            call.mangle = self._strike(req, resp, call)
            if resp.complete:
                return
        if with_token:
            self._admit(req, call, resource, token)

    def _strike(self, req: falcon.Request, resp: falcon.Response, call: Call) -> broken.Mangle | None:
        faults = self._emulator.faults.for_answer(req.method, req.path, call.hub_id)
        return broken.strike(faults, req, resp, call.hub_id, self._other_hublet())

    def _other_hublet(self) -> str:
        return next((name for name in self._emulator.options.origins if name != self._hublet), self._hublet)

    def _token(self, req: falcon.Request) -> AccessToken | None:
        return self._emulator.grants.access_tokens.get(bearer(req))

    def _admit(self, req: falcon.Request, call: Call, resource: ApiResource, token: AccessToken | None) -> None:
        now = self._emulator.clock.now_ms()
        if token is None:
            raise self._unknown(bearer(req), now)
        if token.expires_at is not None and token.expires_at <= now:
            raise TokenExpired(token.expires_at, now)
        if isinstance(resource, AppResource):
            self._admit_app(req, call, resource, token)
            return
        portal = self._portal(token)
        req.context.caller = Caller(token, portal)
        try:
            call.charge = self._emulator.limits.charge(token, portal, resource.meter, now)
        except Refused as refused:
            call.charge = refused.charge
            raise refused.answer from None

    def _admit_app(self, req: falcon.Request, call: Call, resource: AppResource, token: AccessToken) -> None:
        """Apps live in no region: every host answers them."""
        req.context.app_token = token
        try:
            call.charge = self._emulator.limits.charge_app(token.app_id, resource.meter)
        except Refused as refused:
            call.charge = refused.charge
            raise refused.answer from None

    def _unknown(self, value: str, now: int) -> HubSpotError:
        """A token that looks like one but says nothing counts as expired since the epoch."""
        return TokenExpired(0, now) if _TOKEN_LIKE.fullmatch(value) else Unauthenticated()

    def _portal(self, token: AccessToken) -> Portal:
        """The global host follows the region that the token was minted in; a region's own host serves only its own."""
        portal = self._emulator.portals.get(token.hub_id) if token.hub_id is not None else None
        if portal is None:
            raise Unauthenticated
        self._emulator.moves.check(portal.hub_id)
        routed_to = token.hublet if self._hublet == self._emulator.global_hublet else self._hublet
        if routed_to != portal.hublet:
            raise WrongHublet(portal.hub_id, portal.hublet)
        return portal

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, _resource: object, _req_succeeded: bool
    ) -> None:
        call = call_of(req)
        resp.set_header("X-HubSpot-Correlation-Id", call.correlation_id)
        if not call.api:
            return
        charge = call.charge or _NOTHING
        if call.charge is not None:
            for name, value in call.charge.headers():
                resp.set_header(name, value)
        status = resp.status_code
        if call.mangle is not None:
            status = 0 if call.mangle is broken.hang_up else status
            call.mangle(resp)
        self._emulator.requests.add(
            lambda seq: Request(
                seq,
                call.arrived_at_ms,
                call.hub_id,
                call.app_id,
                req.method,
                req.path,
                status,
                charge.burst_in_window,
                charge.search_in_window,
                charge.exempt,
            )
        )


_NOTHING = Charge(exempt=True)


def bearer(req: falcon.Request) -> str:
    scheme, _, value = (req.auth or "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""
