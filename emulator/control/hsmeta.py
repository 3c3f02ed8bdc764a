"""`webhooks-hsmeta.json`, the webhooks of an app that is a project, as `hs project upload` takes it.

developers.hubspot.com/docs/apps/developer-platform/add-features/configure-webhooks
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from emulator.control.fields import Fields, Rejected
from emulator.crm.catalog import STANDARD_TYPES
from emulator.errors import UnknownObjectType
from emulator.oauth.apps import App, renumbered
from emulator.webhooks import management
from emulator.webhooks.subscriptions import InvalidSubscription, Subscription, subscription

_FILE = "webhooks_hsmeta"
_ARRAYS = ("crmObjects", "legacyCrmObjects", "hubEvents")


def configured(app: App, given: Any, before: App | None, now: int) -> App:
    """The app with the settings and subscriptions of the file.

    Raises Rejected for what HubSpot would not build.
    """
    file = Fields(given, ("uid", "type", "config"), _FILE)
    file.text("uid")
    file.choice("type", ("webhooks",))
    config = Fields(file.mapping("config"), ("settings", "subscriptions"), f"{_FILE}.config")
    app = _with_settings(replace(app, webhook=before.webhook if before else None), config, now)
    found = _subscriptions(config.mapping("subscriptions", {}), now)
    try:
        subscriptions = renumbered(found, before)
    except InvalidSubscription as invalid:
        raise Rejected(f"{_FILE}: {invalid}") from None
    _check_scopes(app, found)
    _check_kept(found, before)
    return replace(app, subscriptions=subscriptions, from_project=True)


def _with_settings(app: App, config: Fields, now: int) -> App:
    where = config.name("settings")
    settings = Fields(config.mapping("settings"), ("targetUrl", "maxConcurrentRequests"), where)
    try:
        return management.with_settings(
            app, settings.text("targetUrl"), settings.whole("maxConcurrentRequests", high=2**31 - 1), now
        )
    except management.InvalidSettings as invalid:
        raise Rejected(f"{where}: {invalid}") from None


def _subscriptions(given: dict[str, Any], now: int) -> list[Subscription]:
    where = f"{_FILE}.config.subscriptions"
    arrays = Fields(given, _ARRAYS, where)
    return [
        _read(name, each, f"{where}.{name}[{place}]", now)
        for name in _ARRAYS
        for place, each in enumerate(arrays.items(name, []))
    ]


def _read(array: str, given: Any, where: str, now: int) -> Subscription:
    known = ("subscriptionType", "propertyName", "active", *(["objectType"] if array == "crmObjects" else []))
    fields = Fields(given, known, where)
    event_type = fields.text("subscriptionType")
    belongs = _array_of(event_type)
    if belongs != array:
        raise Rejected(f"{where}: {event_type} belongs in {belongs}" if belongs else f"{where}: not {event_type}")
    try:
        return subscription(
            event_type,
            fields.optional_text("propertyName"),
            _type_id(fields) if array == "crmObjects" else None,
            active=fields.boolean("active", False),
            at=now,
        )
    except InvalidSubscription as invalid:
        raise Rejected(f"{where}: {invalid}") from None


def _array_of(event_type: str) -> str | None:
    """Which of the three a type belongs in; `event.completed` has none."""
    if event_type == "contact.privacyDeletion" or event_type.startswith("conversation."):
        return "hubEvents"
    if event_type.startswith("object."):
        return "crmObjects"
    return None if event_type == "event.completed" else "legacyCrmObjects"


def _type_id(fields: Fields) -> str:
    """The kind by its canonical name in the singular: neither a type id, nor a plural, nor an account's own object."""
    name = fields.text("objectType")
    where = fields.name("objectType")
    if name[:2] in ("0-", "2-"):
        raise Rejected(f"{where}: {name} is a type id; give the name of the kind")
    try:
        kind = STANDARD_TYPES.named(name)
    except UnknownObjectType as unknown:
        raise Rejected(f"{where}: {unknown}") from None
    if kind.name != name:
        raise Rejected(f"{where}: {name} is not the name of the kind, {kind.name} is")
    return kind.type_id


def _check_scopes(app: App, found: list[Subscription]) -> None:
    for each in found:
        missing = management.missing_scopes(app, each)
        if missing:
            raise Rejected(f"{_FILE}: {each.words} needs one of the scopes {', '.join(missing)}")


def _check_kept(found: list[Subscription], before: App | None) -> None:
    """A build that leaves out what was deployed is refused: it must stay, switched off."""
    if before is None or not before.from_project:
        return
    kept = {each.key for each in found}
    for each in before.subscriptions:
        if each.key not in kept:
            raise Rejected(f'{_FILE}: {each.words} was deployed and cannot be removed; keep it with "active": false')
