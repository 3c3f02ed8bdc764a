"""Portals, tokens and changes as a control call describes them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from emulator.control.fields import Fields, Rejected
from emulator.crm.catalog import STANDARD
from emulator.crm.owners import User
from emulator.oauth.scopes import TIERS
from emulator.portals import ACCOUNT_TYPES, Portal, new_portal
from emulator.seed.marketing import KINDS as MARKETING_KINDS
from emulator.seed.marketing import fill_marketing
from emulator.seed.others import seedable
from emulator.seed.portal import fill
from emulator.seed.workflows import fill_workflows
from emulator.world import Emulator

# As many as an Enterprise account may have.
MOST_WORKFLOWS = 1_000

_PORTAL_FIELDS = (
    "hub_id",
    "name",
    "hublet",
    "tier",
    "time_zone",
    "users",
    "seed",
    "random_seed",
    "search_lag_ms",
    "account_type",
)


def read_portal(emulator: Emulator, body: Any) -> Portal:
    """Make a portal and fill it, without adding it yet.

    Raises Rejected.
    """
    fields = Fields(body, _PORTAL_FIELDS)
    hub_id = fields.whole("hub_id", low=1)
    if hub_id in emulator.portals:
        raise Rejected(f"there is a portal {hub_id} already")
    hublet = fields.choice("hublet", emulator.options.origins, emulator.global_hublet)
    time_zone = fields.text("time_zone", "US/Eastern")
    _check_time_zone(time_zone)
    portal = new_portal(
        hub_id,
        emulator.clock,
        name=fields.text("name", f"Portal {hub_id}"),
        hublet=hublet,
        tier=fields.choice("tier", TIERS, "professional"),
        time_zone=time_zone,
        users=_users(fields, hub_id),
        ui_origin=emulator.ui_origin(hublet),
        search_lag_ms=fields.whole("search_lag_ms", emulator.options.search_lag_ms),
        account_type=fields.choice("account_type", ACCOUNT_TYPES, "STANDARD"),
    )
    counts, random_seed = _seed(fields), fields.whole("random_seed", hub_id)
    fill(portal, counts, random_seed)
    fill_marketing(portal, counts, random_seed)
    fill_workflows(emulator.workflows, portal, counts["workflows"], random_seed)
    return portal


def _check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Rejected(f"time_zone: {name} is not a time zone") from None


def _users(fields: Fields, hub_id: int) -> list[User]:
    given = fields.items("users", [])
    users = [read_user(each, f"users[{place}]") for place, each in enumerate(given)]
    if len({user.user_id for user in users}) != len(users):
        raise Rejected("users: a user_id occurs twice")
    return users or [User(hub_id, f"admin@portal-{hub_id}.example", super_admin=True)]


def read_user(given: Any, where: str = "") -> User:
    """Raises Rejected."""
    fields = Fields(given, ("user_id", "email", "super_admin", "marketplace_access"), where)
    return User(
        fields.whole("user_id", low=1),
        fields.text("email"),
        fields.boolean("super_admin", False),
        fields.boolean("marketplace_access", False),
    )


def _seed(fields: Fields) -> dict[str, int]:
    known = [*(kind.plural for kind in STANDARD if seedable(kind)), *MARKETING_KINDS]
    seed = Fields(fields.mapping("seed", {}), (*known, "workflows"), "seed")
    counts = {name: seed.whole(name, 0, high=5_000_000) for name in known}
    return counts | {"workflows": seed.whole("workflows", 0, high=MOST_WORKFLOWS)}


def add_marketing(portal: Portal, body: Any) -> dict[str, int]:
    """More of it, which happened within the last `within_s` seconds."""
    fields = Fields(body, (*MARKETING_KINDS, "within_s", "random_seed"))
    counts = {name: fields.whole(name, 0, high=1_000_000) for name in MARKETING_KINDS}
    within_ms = int(fields.amount("within_s", 1.0) * 1000)
    fill_marketing(portal, counts, fields.whole("random_seed", portal.hub_id), within_ms)
    return counts


def issue_token(emulator: Emulator, portal: Portal, body: Any) -> dict[str, Any]:
    """A token response, as if the app had been installed; or a private app's token."""
    from emulator.web.tokens import token_answer

    fields = Fields(body, ("client_id", "user_id", "scopes", "private_app"))
    if fields.boolean("private_app", False):
        made_by = fields.whole("user_id", portal.users[0].user_id)
        if portal.user(made_by) is None:
            raise Rejected(f"portal {portal.hub_id} has no user {made_by}")
        value, token = emulator.issue_private(portal, fields.texts("scopes", []), made_by)
        return {"token_type": "bearer", "access_token": value, "hub_id": portal.hub_id, "app_id": token.app_id}
    app = emulator.apps.get(fields.text("client_id"))
    if app is None:
        raise Rejected(f"no app with client_id {fields.text('client_id')}")
    user_id = fields.whole("user_id", portal.users[0].user_id)
    if portal.user(user_id) is None:
        raise Rejected(f"portal {portal.hub_id} has no user {user_id}")
    scopes = fields.texts("scopes", sorted(app.scopes))
    foreign = sorted(set(scopes) - app.scopes)
    if foreign:
        raise Rejected(f"scopes: the app has no scope {foreign[0]}")
    access, refresh = emulator.issue(app, portal, user_id, scopes)
    grant = emulator.grants.refresh_tokens[refresh]
    return token_answer(access, refresh, grant, app.access_token_ttl_s)
