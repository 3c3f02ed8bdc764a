"""Portals, tokens and changes as a control call describes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from emulator.control.fields import Fields, Rejected
from emulator.crm import merges, writes
from emulator.crm.association_types import BY_ID, AssociationType
from emulator.crm.object_types import STANDARD, ObjectType, object_type
from emulator.crm.owners import User
from emulator.crm.records import Record, Source, by_user
from emulator.crm.store import Crm
from emulator.errors import HubSpotError, ResourceNotFound
from emulator.oauth.scopes import TIERS
from emulator.portals import Portal, new_portal
from emulator.seed.portal import fill
from emulator.world import Emulator

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
    )
    fill(portal, _seed(fields), fields.whole("random_seed", hub_id))
    return portal


def _check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Rejected(f"time_zone: {name} is not a time zone") from None


def _users(fields: Fields, hub_id: int) -> list[User]:
    given = fields.items("users", [])
    users = [_user(each, place) for place, each in enumerate(given)]
    if len({user.user_id for user in users}) != len(users):
        raise Rejected("users: a user_id occurs twice")
    return users or [User(hub_id, f"admin@portal-{hub_id}.example", super_admin=True)]


def _user(given: Any, place: int) -> User:
    fields = Fields(given, ("user_id", "email", "super_admin", "marketplace_access"), f"users[{place}]")
    return User(
        fields.whole("user_id", low=1),
        fields.text("email"),
        fields.boolean("super_admin", False),
        fields.boolean("marketplace_access", False),
    )


def _seed(fields: Fields) -> dict[str, int]:
    plurals = [kind.plural for kind in STANDARD]
    seed = Fields(fields.mapping("seed", {}), plurals, "seed")
    return {plural: seed.whole(plural, 0, high=5_000_000) for plural in plurals}


def issue_token(emulator: Emulator, portal: Portal, body: Any) -> dict[str, Any]:
    """A token response, as if the app had been installed; or a private app's token."""
    from emulator.web.tokens import token_answer

    fields = Fields(body, ("client_id", "user_id", "scopes", "private_app"))
    if fields.boolean("private_app", False):
        value, token = emulator.issue_private(portal, fields.texts("scopes", []))
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


def apply_changes(portal: Portal, body: Any) -> dict[str, Any]:
    """What a user of the account does in HubSpot, one after the other; a change that fails stops none of the others."""
    fields = Fields(body, ("user_id", "changes"))
    user_id = fields.whole("user_id", portal.users[0].user_id)
    if portal.user(user_id) is None:
        raise Rejected(f"portal {portal.hub_id} has no user {user_id}")
    source = by_user(user_id)
    results = []
    for index, given in enumerate(fields.items("changes")):
        with portal.crm.lock:
            results.append(_apply(portal.crm, index, given, source))
    return {"results": results}


def _apply(crm: Crm, index: int, given: Any, source: Source) -> dict[str, Any]:
    """`occurred_at` is the occurredAt of the events, in milliseconds; null when nothing changed."""
    error: str | None = None
    record_id: str | None = None
    crm.announced_at = None
    try:
        record_id = _change(crm, given, index, source)
    except (HubSpotError, Rejected) as refused:
        error = str(refused)
    return {"index": index, "id": record_id, "occurred_at": crm.announced_at, "error": error}


def _change(crm: Crm, given: Any, index: int, source: Source) -> str:
    """Returns the id of the record that the change leaves: a merge leaves a new one."""
    fields = Fields(given, ("op", "object_type", "id", "properties", "into", "to"), f"changes[{index}]")
    operation = _OPERATIONS.get(fields.text("op"))
    if operation is None:
        raise Rejected(f"{fields.name('op')} must be one of {', '.join(_OPERATIONS)}")
    kind = object_type(fields.text("object_type"))
    return str(operation(crm, kind, fields, source))


def _target(crm: Crm, kind: ObjectType, fields: Fields, *, archived: bool = False) -> Record:
    text = str(fields.raw("id"))
    try:
        return writes.find(crm, kind, text, archived=archived)
    except ResourceNotFound:
        state = "archived" if archived else "live"
        raise Rejected(f"there is no {state} {kind.name} {text}") from None


def _create(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    return writes.create(crm, kind, fields.mapping("properties"), source).id


def _update(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    record = _target(crm, kind, fields)
    return writes.update(crm, kind, record, fields.mapping("properties"), source).id


def _archive(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    record = _target(crm, kind, fields)
    writes.archive(crm, kind, record, source)
    return record.id


def _restore(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    record = _target(crm, kind, fields, archived=True)
    writes.restore(crm, kind, record, source)
    return record.id


def _merge(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    """`into` is the primary record, whose values win."""
    other = _target(crm, kind, fields)
    primary = writes.find(crm, kind, str(fields.raw("into")))
    return merges.merge(crm, kind, primary, other, source).id


def _privacy_delete(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    table = crm.table(kind)
    number = table.resolve(writes.record_id(str(fields.raw("id"))))
    record = table.records.get(number)
    if record is None:
        raise Rejected(f"there is no {kind.name} {fields.raw('id')}")
    writes.privacy_delete(crm, kind, record, source)
    return number


def _partner(crm: Crm, fields: Fields) -> tuple[ObjectType, int, int | None]:
    to = Fields(fields.mapping("to"), ("object_type", "id", "type_id"), fields.name("to"))
    kind = object_type(to.text("object_type"))
    return kind, crm.table(kind).resolve(writes.record_id(str(to.raw("id")))), to.optional_whole("type_id")


def _associate(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    """Without a type: the plain one, and for a first company also the primary one, as HubSpot's pages do."""
    record = _target(crm, kind, fields)
    to_type, to_id, type_id = _partner(crm, fields)
    if type_id is None:
        writes.associate_as_user(crm, kind, record.id, to_type, to_id, source)
    else:
        writes.associate(crm, [_type(kind, to_type, type_id)], record.id, to_id, source)
    return record.id


def _disassociate(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    record = _target(crm, kind, fields)
    to_type, to_id, type_id = _partner(crm, fields)
    if type_id is None:
        writes.disassociate(crm, kind, record.id, to_type, to_id, source)
    else:
        writes.remove_types(crm, [_type(kind, to_type, type_id)], record.id, to_id, source)
    return record.id


def _type(from_type: ObjectType, to_type: ObjectType, type_id: int) -> AssociationType:
    found = BY_ID.get(type_id)
    if found is None or found.from_type is not from_type or found.to_type is not to_type:
        raise Rejected(f"{type_id} is not an association type from {from_type.name} to {to_type.name}")
    return found


_OPERATIONS: dict[str, Callable[[Crm, ObjectType, Fields, Source], int]] = {
    "create": _create,
    "update": _update,
    "archive": _archive,
    "restore": _restore,
    "merge": _merge,
    "associate": _associate,
    "disassociate": _disassociate,
    "privacy_delete": _privacy_delete,
}
