"""The API that manages an app's webhooks: settings and subscriptions.

Shapes: PublicApiSpecs/Webhooks of HubSpot's public OpenAPI collection. The same calls are at /webhooks/{v3,2026-03} and
at /app-webhooks/{2025-09,2026-09}.
"""

from __future__ import annotations

import uuid
from typing import Any

import falcon

from emulator.errors import Conflict, HubSpotError, InvalidInput, InvalidJson, ResourceNotFound
from emulator.instants import iso
from emulator.oauth.apps import App, WebhookSettings
from emulator.web.developers import READ, WRITE, DeveloperResource
from emulator.web.exchange import json_object, member, no_content, reply
from emulator.web.versions import DATED, V3, V2026_03
from emulator.webhooks import management
from emulator.webhooks.subscriptions import InvalidSubscription, Subscription, subscription
from emulator.world import Emulator

Json = dict[str, Any]


class SubscriptionNotFound(HubSpotError):
    status = 404
    category = "SUBSCRIPTION_ID_NOT_FOUND"

    def __init__(self, text: str) -> None:
        super().__init__(f"Failed to find subscriptions by id `{text}`.")


def required(body: Json, name: str, kind: type) -> Any:
    """Raises InvalidJson in the words of HubSpot's parser."""
    value = member(body, name, kind)
    if value is None:
        raise InvalidJson(f"Some required attributes are not set: [{name}]")
    if isinstance(value, bool) and kind is int:
        raise InvalidJson(f"Cannot deserialize value of type `int` for field {name}")
    return value


class ManagementResource(DeveloperResource):
    def writable(self, req: falcon.Request, app_id: str) -> App:
        """Raises InvalidInput for a project's app, besides what keeps a caller from any app."""
        app = self.developers_app(req, app_id, WRITE)
        if app.from_project:
            raise InvalidInput(f"The webhooks of app {app_id} are those of its project: change webhooks-hsmeta.json")
        return app


class Settings(ManagementResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        settings = self.developers_app(req, app_id, READ).webhook
        if settings is None:
            raise ResourceNotFound(f"There are no webhook settings for app {app_id}")
        reply(resp, _settings(settings))

    def on_put(self, req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        app = self.writable(req, app_id)
        body = json_object(req)
        target = required(body, "targetUrl", str)
        most = required(required(body, "throttling", dict), "maxConcurrentRequests", int)
        try:
            changed = self.emulator.reconfigure(
                app.client_id, lambda app: management.with_settings(app, target, most, self.now())
            )
        except management.InvalidSettings as invalid:
            raise InvalidInput(str(invalid)) from None
        assert changed.webhook is not None
        reply(resp, _settings(changed.webhook))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        app = self.writable(req, app_id)
        self.emulator.reconfigure(app.client_id, management.without_settings)
        no_content(resp)


def _settings(settings: WebhookSettings) -> Json:
    return {
        "createdAt": iso(settings.created_at),
        "targetUrl": settings.target_url,
        "throttling": {"maxConcurrentRequests": settings.max_concurrent_requests},
        "updatedAt": iso(settings.updated_at),
    }


class SubscriptionList(ManagementResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        app = self.developers_app(req, app_id, READ)
        reply(resp, {"results": [_subscription(each) for each in app.subscriptions]})

    def on_post(self, req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        app = self.writable(req, app_id)
        added = self._read(json_object(req))
        self.emulator.reconfigure(app.client_id, lambda app: _subscribed(app, added))
        resp.set_header("Location", f"{req.prefix}{req.path}/{added.id}")
        reply(resp, _subscription(added), 201)

    def _read(self, body: Json) -> Subscription:
        kind = member(body, "objectTypeId", str)
        dated = self.version.dated
        try:
            return subscription(
                required(body, "eventType", str),
                member(body, "propertyName", str),
                management.type_id_of(kind) if kind else None,
                event_type_name=member(body, "eventTypeName", str),
                active=required(body, "active", bool) if dated else member(body, "active", bool, False),
                at=self.now(),
            )
        except InvalidSubscription as invalid:
            raise InvalidInput(str(invalid)) from None


def _subscribed(app: App, added: Subscription) -> App:
    there = app.subscriptions.like(added)
    if there is not None:
        raise Conflict(f"A subscription to {added.words} already exists. Existing ID: {there.id}")
    missing = management.missing_scopes(app, added)
    if missing:
        raise InvalidInput(
            f"App {app.app_id} needs one of these scopes to subscribe to {added.words}: {', '.join(missing)}"
        )
    try:
        return management.with_subscription(app, added)
    except InvalidSubscription as full:
        raise HubSpotError(str(full), requestId=str(uuid.uuid4())) from None


class SubscriptionItem(ManagementResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, app_id: str, subscription_id: str) -> None:
        reply(resp, _subscription(_find(self.developers_app(req, app_id, READ), subscription_id)))

    def on_patch(self, req: falcon.Request, resp: falcon.Response, app_id: str, subscription_id: str) -> None:
        app = self.writable(req, app_id)
        found = _find(app, subscription_id)
        body = json_object(req)
        foreign = sorted(set(body) - {"active"})
        if foreign:
            raise InvalidInput(f"Only active can be changed, not {foreign[0]}")
        wanted = {found.id: member(body, "active", bool, found.active)}
        changed = self.emulator.reconfigure(app.client_id, lambda app: management.switched(app, wanted, self.now()))
        reply(resp, _subscription(_find(changed, subscription_id)))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, app_id: str, subscription_id: str) -> None:
        app = self.writable(req, app_id)
        found = _find(app, subscription_id)
        self.emulator.reconfigure(app.client_id, lambda app: management.without_subscription(app, found.id))
        no_content(resp)


def _find(app: App, text: str) -> Subscription:
    found = app.subscriptions.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 12 else None
    if found is None:
        raise SubscriptionNotFound(text)
    return found


class SubscriptionBatch(ManagementResource):
    """Turns subscriptions on and off; those that are not there are told apart in a 207."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        app = self.writable(req, app_id)
        started = iso(self.now())
        wanted = _wanted(json_object(req))
        changed = self.emulator.reconfigure(app.client_id, lambda app: management.switched(app, wanted, self.now()))
        found = [each for number in wanted if (each := changed.subscriptions.get(number)) is not None]
        lost = [number for number in wanted if changed.subscriptions.get(number) is None]
        answer: Json = {"status": "COMPLETE", "results": [_subscription(each) for each in found]}
        if lost:
            answer |= {"numErrors": len(lost), "errors": [_lost(number) for number in lost]}
        reply(resp, answer | {"startedAt": started, "completedAt": iso(self.now())}, 207 if lost else 200)


def _wanted(body: Json) -> dict[int, bool]:
    wanted = {}
    for each in required(body, "inputs", list):
        if not isinstance(each, dict):
            raise InvalidJson("Cannot deserialize value of type `SubscriptionBatchUpdateRequest` for field inputs")
        given = each.get("id")
        text = given if isinstance(given, str) and given.isascii() and given.isdigit() else None
        wanted[int(text[:18]) if text else required(each, "id", int)] = required(each, "active", bool)
    return wanted


def _lost(number: int) -> Json:
    return {
        "status": "error",
        "category": SubscriptionNotFound.category,
        "message": f"Failed to find subscriptions by id `{number}`.",
    }


def _subscription(kept: Subscription) -> Json:
    shown: Json = {
        "id": str(kept.id),
        "eventType": kept.event_type,
        "propertyName": kept.property_name,
        "objectTypeId": kept.object_type_id,
        "eventTypeName": kept.event_type_name,
        "active": kept.active,
        "createdAt": iso(kept.created_at),
        "updatedAt": iso(kept.updated_at),
    }
    return {name: value for name, value in shown.items() if value is not None}


def routes(emulator: Emulator) -> list[tuple[str, ManagementResource]]:
    found: list[tuple[str, ManagementResource]] = []
    for version in (V3, *DATED):
        room = "webhooks" if version in (V3, V2026_03) else "app-webhooks"
        base = f"/{room}/{version.name}/{{app_id}}"
        found += [
            (f"{base}/settings", Settings(emulator, version)),
            (f"{base}/subscriptions", SubscriptionList(emulator, version)),
            (f"{base}/subscriptions/{{subscription_id}}", SubscriptionItem(emulator, version)),
            (f"{base}/subscriptions/batch/update", SubscriptionBatch(emulator, version)),
        ]
    return found
