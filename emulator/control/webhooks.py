"""Control calls about webhooks: what happens in the inbox, completed events, the button that tests a subscription."""

from __future__ import annotations

import falcon

from emulator.control.conversations import apply_thread_changes, complete_event, list_threads
from emulator.control.fields import Fields, Rejected
from emulator.control.resources import ControlResource, body_of, delivery_json
from emulator.ids import id_of
from emulator.oauth.apps import App
from emulator.web.exchange import reply
from emulator.webhooks.subscriptions import Subscription
from emulator.world import Emulator


class ConversationsResource(ControlResource):
    def on_get(self, _req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        reply(resp, list_threads(self.portal(hub_id)))

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        reply(resp, apply_thread_changes(self.emulator, self.portal(hub_id), body_of(req)))


class CompletedEvents(ControlResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        reply(resp, complete_event(self.emulator, self.portal(hub_id), body_of(req)))


class SubscriptionTest(ControlResource):
    """The button "Test" beside a subscription: one made-up event, sent at once and once only."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, client_id: str, subscription_id: str) -> None:
        app, subscription = self._find(client_id, subscription_id)
        fields = Fields(body_of(req), ("hub_id",))
        hub_id = fields.whole("hub_id", tested_account(self.emulator, app), low=1)
        reply(resp, delivery_json(self.emulator.test_subscription(app, subscription, hub_id)))

    def _find(self, client_id: str, text: str) -> tuple[App, Subscription]:
        app = self.emulator.apps.get(client_id)
        found = app.subscriptions.get(id_of(text) or 0) if app else None
        if app is None or found is None:
            raise Rejected(f"there is no subscription {text} of an app {client_id}")
        if app.webhook is None:
            raise Rejected(f"app {client_id} has no webhook to send to")
        return app, found


def tested_account(emulator: Emulator, app: App) -> int:
    """HubSpot names the developer's own account. Apps here have none: one that has the app stands for it."""
    with emulator.lock:
        return next(
            (hub_id for client_id, hub_id in emulator.grants.installs if client_id == app.client_id), app.app_id
        )


def routes(emulator: Emulator) -> list[tuple[str, ControlResource]]:
    return [
        ("/_emulator/portals/{hub_id}/conversations", ConversationsResource(emulator)),
        ("/_emulator/portals/{hub_id}/events", CompletedEvents(emulator)),
        ("/_emulator/apps/{client_id}/subscriptions/{subscription_id}/test", SubscriptionTest(emulator)),
    ]
