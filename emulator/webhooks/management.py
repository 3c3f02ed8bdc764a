"""What a developer may change about an app's webhooks: pure rules, from one App to the next.

Settings and subscriptions are the app's, not an account's: they hold wherever it is installed.
developers.hubspot.com/docs/api-reference/latest/webhooks/guide
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace

from emulator.addresses import parts_of
from emulator.crm.catalog import STANDARD_TYPES
from emulator.errors import UnknownObjectType
from emulator.oauth.apps import App, WebhookSettings
from emulator.webhooks.subscriptions import Subscription

# "must be a number greater than five"
FEWEST_CONCURRENT = 6

_CUSTOM = re.compile(r"2-\d+")
_READS_CONVERSATIONS = ("conversations.read",)
_READS_CUSTOM = ("crm.objects.custom.read",)


class InvalidSettings(ValueError):
    """The message says what is wrong with them."""


def checked_target(url: str) -> str:
    """HubSpot delivers to https only; here also to http in a private network, where receivers are developed.

    Raises InvalidSettings.
    """
    try:
        parts = parts_of(url)
    except ValueError:
        raise InvalidSettings(f"targetUrl must be a valid https URL, not {url}") from None
    host = parts.hostname or ""
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and _is_near(host))):
        raise InvalidSettings(f"targetUrl must be a valid https URL, not {url}")
    return url


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".internal"))


def checked_concurrency(most: int) -> int:
    """Raises InvalidSettings."""
    if most < FEWEST_CONCURRENT:
        raise InvalidSettings(f"maxConcurrentRequests must be a number greater than five, not {most}")
    return most


def with_settings(app: App, target_url: str, most: int, at: int) -> App:
    """Raises InvalidSettings."""
    before = app.webhook
    settings = WebhookSettings(
        checked_target(target_url),
        checked_concurrency(most),
        before.timeout_ms if before else WebhookSettings.timeout_ms,
        created_at=before.created_at if before else at,
        updated_at=at,
    )
    return replace(app, webhook=settings)


def without_settings(app: App) -> App:
    """The subscriptions stay, and pause until there are settings again."""
    return replace(app, webhook=None)


def with_subscription(app: App, added: Subscription) -> App:
    """Raises InvalidSubscription beyond the most that an app may have."""
    return replace(app, subscriptions=app.subscriptions.put(added))


def without_subscription(app: App, subscription_id: int) -> App:
    return replace(app, subscriptions=app.subscriptions.without(subscription_id))


def switched(app: App, wanted: Mapping[int, bool], at: int) -> App:
    """Those of these subscriptions that exist, turned on or off."""
    changed = [
        found.switched(active, at)
        for number, active in wanted.items()
        if (found := app.subscriptions.get(number)) is not None
    ]
    return replace(app, subscriptions=app.subscriptions.put(*changed))


def type_id_of(name: str) -> str:
    """The type id of a kind of records; a custom object is of one account, so its id is taken as it is.

    Raises UnknownObjectType.
    """
    return name if _CUSTOM.fullmatch(name) else STANDARD_TYPES.named(name).type_id


def missing_scopes(app: App, wanted: Subscription) -> tuple[str, ...]:
    """The scopes of which the app would need one to be told of this."""
    needed = _reading(wanted.subject or "")
    return () if not needed or app.scopes.intersection(needed) else needed


def _reading(subject: str) -> tuple[str, ...]:
    if subject == "conversation":
        return _READS_CONVERSATIONS
    if _CUSTOM.fullmatch(subject):
        return _READS_CUSTOM
    try:
        return STANDARD_TYPES.named(subject).scopes.read
    except UnknownObjectType:
        return ()
