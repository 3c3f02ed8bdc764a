"""Where an app receives its events, and which: in the control API's words, or as a project's file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from emulator.addresses import parts_of
from emulator.control import hsmeta
from emulator.control.fields import Fields, Rejected
from emulator.errors import UnknownObjectType
from emulator.oauth.apps import App, WebhookSettings, renumbered
from emulator.webhooks.management import type_id_of
from emulator.webhooks.subscriptions import InvalidSubscription, Subscription, Subscriptions, subscription


def with_webhooks(app: App, fields: Fields, before: App | None, now: int) -> App:
    """Raises Rejected."""
    if "webhooks_hsmeta" in fields:
        for other in ("webhook", "subscriptions"):
            if other in fields:
                raise Rejected(f"{other}: webhooks_hsmeta says it already")
        return hsmeta.configured(app, fields.raw("webhooks_hsmeta"), before, now)
    return replace(
        app,
        webhook=_webhook(fields.raw("webhook"), before, now) if "webhook" in fields else None,
        subscriptions=_subscriptions(fields.items("subscriptions", []), before, now),
    )


def _webhook(given: Any, before: App | None, now: int) -> WebhookSettings:
    fields = Fields(given, ("target_url", "max_concurrent_requests", "timeout_ms"), "webhook")
    url = fields.text("target_url")
    try:
        parts = parts_of(url)
    except ValueError as invalid:
        raise Rejected(f"webhook.target_url: {invalid}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Rejected(f"webhook.target_url: {url} is not an http or https address")
    return WebhookSettings(
        url,
        fields.whole("max_concurrent_requests", 10, low=1, high=1_000),
        fields.whole("timeout_ms", 5_000, low=1, high=600_000),
        created_at=before.webhook.created_at if before and before.webhook else now,
        updated_at=now,
    )


def _subscriptions(given: list[Any], before: App | None, now: int) -> Subscriptions:
    try:
        return renumbered([_subscription(each, place, now) for place, each in enumerate(given)], before)
    except InvalidSubscription as invalid:
        raise Rejected(f"subscriptions: {invalid}") from None


def _subscription(given: Any, place: int, now: int) -> Subscription:
    known = ("event_type", "property", "object_type", "event_type_name", "active")
    fields = Fields(given, known, f"subscriptions[{place}]")
    kind = fields.optional_text("object_type")
    try:
        type_id = type_id_of(kind) if kind else None
    except UnknownObjectType as unknown:
        raise Rejected(f"subscriptions[{place}]: {unknown}") from None
    return subscription(
        fields.text("event_type"),
        fields.optional_text("property"),
        type_id,
        event_type_name=fields.optional_text("event_type_name"),
        active=fields.boolean("active", True),
        at=now,
    )
