"""Apps and faults as a control call describes them."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult

from emulator.addresses import parts_of
from emulator.control.app_cards import read_card
from emulator.control.app_webhooks import with_webhooks
from emulator.control.fields import Fields, Rejected
from emulator.control.listings import read_allowed_portals, read_listing
from emulator.faults import ACTIONS, Fault
from emulator.oauth.apps import App, new_developer_key

if TYPE_CHECKING:
    from emulator.world import Emulator

_SCOPE = re.compile(r"[A-Za-z0-9._\-]+")

_APP_FIELDS = (
    "client_id",
    "client_secret",
    "app_id",
    "name",
    "redirect_uris",
    "required_scopes",
    "conditional_scopes",
    "optional_scopes",
    "webhook",
    "subscriptions",
    "webhooks_hsmeta",
    "access_token_ttl_s",
    "code_ttl_s",
    "rotate_refresh_tokens",
    "refresh_grace_s",
    "developer_api_key",
    "settings_cache_s",
    "listing",
    "install_cap",
    "verified_domain",
    "private_distribution",
    "allowed_portals",
    "user_level",
    "tokens_outlive_uninstall",
    "card",
)


def read_app(body: Any, before: App | None, now: int) -> App:
    """Raises Rejected."""
    fields = Fields(body, _APP_FIELDS)
    client_id = fields.text("client_id")
    app = App(
        client_id=client_id,
        client_secret=fields.text("client_secret"),
        app_id=fields.whole("app_id", low=1),
        name=fields.text("name", client_id),
        redirect_uris=tuple(_redirect(uri) for uri in fields.texts("redirect_uris")),
        required_scopes=_scopes(fields, "required_scopes", ["oauth"]),
        conditional_scopes=_scopes(fields, "conditional_scopes", []),
        optional_scopes=_scopes(fields, "optional_scopes", []),
        access_token_ttl_s=fields.whole("access_token_ttl_s", 1_800, low=1),
        code_ttl_s=fields.whole("code_ttl_s", 600, low=1),
        rotate_refresh_tokens=fields.boolean("rotate_refresh_tokens", False),
        refresh_grace_s=fields.whole("refresh_grace_s", 0),
        settings_cache_s=fields.whole("settings_cache_s", 0, high=300),
        developer_api_key=fields.text("developer_api_key", before.developer_api_key if before else new_developer_key()),
        listing=read_listing(fields),
        install_cap=fields.optional_whole("install_cap"),
        verified_domain=fields.optional_text("verified_domain"),
        private_distribution=fields.boolean("private_distribution", False),
        allowed_portals=read_allowed_portals(fields),
        user_level=fields.boolean("user_level", False),
        tokens_outlive_uninstall=fields.boolean("tokens_outlive_uninstall", False),
        card=read_card(fields),
    )
    return with_webhooks(app, fields, before, now)


def _redirect(uri: str) -> str:
    """HubSpot takes https on a domain, and plain http on localhost only."""
    parts = _parts(uri)
    host = parts.hostname or ""
    if parts.scheme == "http" and host == "localhost":
        return uri
    if parts.scheme != "https" or not host:
        raise Rejected(f"redirect_uris: {uri} must be https, or http on localhost")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return uri
    raise Rejected(f"redirect_uris: {uri} must name a domain, not an address")


def _parts(uri: str) -> SplitResult:
    try:
        return parts_of(uri)
    except ValueError as invalid:
        raise Rejected(f"redirect_uris: {invalid}") from None


def _scopes(fields: Fields, name: str, default: list[str]) -> tuple[str, ...]:
    scopes = fields.texts(name, default)
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            raise Rejected(f"{name}: {scope!r} is not a scope")
    return scopes


def configure(emulator: Emulator, body: Any) -> App:
    """Raises Rejected."""
    client_id = body.get("client_id") if isinstance(body, dict) else None
    app = read_app(body, emulator.apps.get(str(client_id)), emulator.clock.now_ms())
    taken = next((each for each in list(emulator.apps.values()) if each.app_id == app.app_id), app)
    if taken.client_id != app.client_id:
        raise Rejected(f"app_id {app.app_id} belongs to another app")
    emulator.add_app(app)
    return app


_NUMBERS = ("ms", "min_ms", "max_ms", "window_ms", "retry_after_s", "bytes", "pause_ms", "status")
_PARAMS = {
    "status": ("status", "body", "headers", "retry_after", "policy"),
    "latency": ("ms", "min_ms", "max_ms"),
    "reset": ("after",),
    "truncate": (),
    "html": ("status", "headers", "retry_after"),
    "drip": ("bytes", "pause_ms"),
    "echo": ("status", "headers", "retry_after"),
    "wrong_hublet": ("hublet",),
    "migrating": ("retry_after_s",),
    "drop": (),
    "duplicate": (),
    "reorder": ("window_ms",),
    "delay": ("ms",),
}


def read_fault(body: Any, fault_id: int, now_ms: int) -> Fault:
    """Raises Rejected."""
    fields = Fields(body, ("match", "action", "params", "probability", "count", "seed", "after_s", "for_s"))
    match = Fields(fields.mapping("match", {}), ("method", "path", "hub_id", "event_type"), "match")
    action = fields.choice("action", sorted(ACTIONS))
    method = match.optional_text("method")
    starts_at = now_ms + int(fields.amount("after_s", 0) * 1000)
    return Fault(
        fault_id,
        action,
        method=method.upper() if method else None,
        path=match.optional_text("path"),
        hub_id=match.optional_whole("hub_id"),
        event_type=match.optional_text("event_type"),
        params=_params(action, fields.mapping("params", {})),
        probability=fields.amount("probability", 1.0, high=1.0),
        count=fields.optional_whole("count", low=1),
        seed=fields.whole("seed", 0),
        starts_at=starts_at if "after_s" in fields else None,
        ends_at=starts_at + int(fields.amount("for_s") * 1000) if "for_s" in fields else None,
    )


def _params(action: str, given: dict[str, Any]) -> dict[str, Any]:
    fields = Fields(given, _PARAMS[action], "params")
    for name in _NUMBERS:
        if name in fields:
            fields.amount(name, low=1 if name in ("bytes", "window_ms") else 0, high=86_400_000)
    if "status" in fields:
        fields.whole("status", low=100, high=599)
    if "policy" in fields:
        fields.choice("policy", ("TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY"))
    if "headers" in fields:
        fields.mapping("headers")
    return given
