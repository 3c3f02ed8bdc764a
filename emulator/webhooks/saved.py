"""Webhook settings and subscriptions as a snapshot holds them."""

from __future__ import annotations

from typing import Any

from emulator.oauth.apps import WebhookSettings
from emulator.webhooks.in_force import Cached, SettingsCache
from emulator.webhooks.subscriptions import Subscription, Subscriptions

Json = dict[str, Any]


def save_subscriptions(subscriptions: Subscriptions) -> list[Json]:
    return [dict(vars(each)) for each in subscriptions]


def load_subscriptions(saved: list[Json]) -> Subscriptions:
    return Subscriptions(Subscription(**each) for each in saved)


def save_settings(settings: WebhookSettings | None) -> Json | None:
    return dict(vars(settings)) if settings else None


def load_settings(saved: Json | None) -> WebhookSettings | None:
    return WebhookSettings(**saved) if saved else None


def save_cache(cache: SettingsCache) -> Json:
    return {
        client_id: {
            "until": kept.until,
            "webhook": save_settings(kept.webhook),
            "subscriptions": save_subscriptions(kept.subscriptions),
        }
        for client_id, kept in cache.items().items()
    }


def load_cache(saved: Json) -> dict[str, Cached]:
    """Raises KeyError, TypeError or ValueError when the snapshot is damaged."""
    return {
        client_id: Cached(int(kept["until"]), load_settings(kept["webhook"]), load_subscriptions(kept["subscriptions"]))
        for client_id, kept in saved.items()
    }
