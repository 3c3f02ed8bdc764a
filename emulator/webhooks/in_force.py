"""HubSpot keeps an app's webhook settings in a cache: a change of theirs may take up to five minutes to be followed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from emulator.clock import Clock
from emulator.oauth.apps import App, WebhookSettings
from emulator.webhooks.subscriptions import Subscriptions


@dataclass(frozen=True)
class Cached:
    """What deliveries still go by, and until when."""

    until: int
    webhook: WebhookSettings | None
    subscriptions: Subscriptions


class SettingsCache:
    """Empty unless an app asks for it with `settings_cache_s`. Changed under the emulator's own lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, Cached] = {}

    def keep(self, app: App) -> None:
        """The app is about to change. A second change does not prolong what is kept."""
        now = self._clock.now_ms()
        kept = self._kept.get(app.client_id)
        if app.settings_cache_s and (kept is None or kept.until <= now):
            self._kept[app.client_id] = Cached(now + app.settings_cache_s * 1000, app.webhook, app.subscriptions)

    def in_force(self, app: App) -> App:
        """The app as deliveries see it."""
        if not self._kept:
            return app
        kept = self._kept.get(app.client_id)
        if kept is None or kept.until <= self._clock.now_ms():
            return app
        return replace(app, webhook=kept.webhook, subscriptions=kept.subscriptions)

    def forget(self, client_id: str) -> None:
        self._kept.pop(client_id, None)

    def clear(self) -> None:
        self._kept.clear()

    def items(self) -> dict[str, Cached]:
        return dict(self._kept)

    def put(self, client_id: str, cached: Cached) -> None:
        self._kept[client_id] = cached
