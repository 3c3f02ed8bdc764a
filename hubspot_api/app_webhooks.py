"""An app's webhooks: where HubSpot sends them, and which. For legacy public apps; a project has its file instead.

They are the app's, the same for all accounts. The client takes the developer API key: see `DeveloperKey`. Settings and
subscriptions take up to five minutes to take effect. Source: HubSpot's page "Webhooks API guide" and the specifications
of versions 2025-09 to 2026-09.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx2

from hubspot_api.answers import Answer, error_details
from hubspot_api.client import Client
from hubspot_api.errors import NotFound
from hubspot_api.fields import Fields
from hubspot_api.ports import Bucket
from hubspot_api.said import ErrorDetail

MOST = 1000  # subscriptions of one app, paused ones too: "Announcing new limits for developer accounts"
FEWEST_CONCURRENT = 6  # "must be a number greater than five"
SIZE = 100  # subscriptions switched at once; HubSpot names no limit


@dataclass(frozen=True, slots=True)
class Settings:
    """Where webhooks go, and how many requests at most are under way at once."""

    target_url: str
    max_concurrent_requests: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription. `property_name` is set for propertyChange, `object_type_id` for `object.*`.

    `event_name` is set for event.completed.
    """

    id: int
    event_type: str
    property_name: str | None
    object_type_id: str | None
    active: bool
    event_name: str | None = None


@dataclass(frozen=True, slots=True)
class Switched:
    """What came of turning subscriptions on and off: those that HubSpot has, and what it says of the others."""

    results: tuple[Subscription, ...]
    errors: tuple[ErrorDetail, ...]


class DeveloperKey(httpx2.BaseTransport):
    """Sends a client's token as `hapikey`, which is how HubSpot knows a developer rather than an account.

    Two of the four specifications know no other way; the key stays out of errors, records and the call log, as
    every query does.
    """

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Move the key from the header to the query, and pass the request on."""
        key = request.headers.pop("Authorization").removeprefix("Bearer ")
        request.url = request.url.copy_merge_params({"hapikey": key})
        return self._inner.handle_request(request)


def get_settings(client: Client, app_id: int) -> Settings | None:
    """Return where webhooks go. None: nowhere yet, and all subscriptions rest; or there is no such app of ours."""
    try:
        return _settings(_request(client, "GET", "settings", app_id).fields)
    except NotFound:
        return None


def set_settings(client: Client, app_id: int, target_url: str, max_concurrent_requests: int = 10) -> Settings:
    """Say where webhooks go. HubSpot takes https only, and more than five requests at once."""
    body = {"targetUrl": target_url, "throttling": {"maxConcurrentRequests": max_concurrent_requests}}
    return _settings(_request(client, "PUT", "settings", app_id, body).fields)


def delete_settings(client: Client, app_id: int) -> None:
    """Have no webhooks sent. Subscriptions stay, and rest until there are settings again."""
    _request(client, "DELETE", "settings", app_id)


def list_all(client: Client, app_id: int) -> tuple[Subscription, ...]:
    """Return all subscriptions, active or paused. HubSpot has no pages here."""
    return _request(client, "GET", "subscriptions", app_id).fields.each("results", _subscription)


def get(client: Client, app_id: int, subscription_id: int) -> Subscription:
    """Return one subscription. Raises NotFound."""
    return _subscription(_request(client, "GET", "subscriptions/{id}", app_id, subscription_id=subscription_id).fields)


def subscribe(
    client: Client,
    app_id: int,
    event_type: str,
    property_name: str | None = None,
    *,
    object_type_id: str | None = None,
    event_name: str | None = None,
    active: bool = True,
) -> Subscription:
    """Add a subscription. Not repeated when the answer is lost.

    Raises Conflict (with the existing id) when there is one, TooManySubscriptions beyond `MOST`, BadRequest for a type
    that does not exist or without the scope it takes.
    """
    about = {"propertyName": property_name, "objectTypeId": object_type_id, "eventTypeName": event_name}
    body = {"eventType": event_type, "active": active, **{name: value for name, value in about.items() if value}}
    return _subscription(_request(client, "POST", "subscriptions", app_id, body).fields)


def delete(client: Client, app_id: int, subscription_id: int) -> None:
    """Remove a subscription. Raises NotFound."""
    _request(client, "DELETE", "subscriptions/{id}", app_id, subscription_id=subscription_id)


def switch(client: Client, app_id: int, wanted: Mapping[int, bool]) -> Switched:
    """Turn subscriptions on (True) and off, by id. Those that are gone are named in `errors`."""
    inputs = [{"id": number, "active": active} for number, active in wanted.items()]
    results: list[Subscription] = []
    errors: list[ErrorDetail] = []
    for start in range(0, len(inputs), SIZE):
        body = {"inputs": inputs[start : start + SIZE]}
        answer = _request(client, "POST", "subscriptions/batch/update", app_id, body, idempotent=True)
        results += answer.fields.each("results", _subscription)
        errors += error_details(answer.fields.values.get("errors") or [])
    return Switched(tuple(results), tuple(errors))


def _request(
    client: Client,
    method: str,
    what: str,
    app_id: int,
    body: object = None,
    *,
    subscription_id: int = 0,
    idempotent: bool | None = None,
) -> Answer:
    """Versions differ in the first word of the path, for no reason that HubSpot gives."""
    room = "webhooks" if client.version == "2026-03" else "app-webhooks"
    path = f"/{room}/{{version}}/{{app_id}}/{what}"
    path_params = {"app_id": app_id, "id": subscription_id}
    return client.request(method, path, path_params=path_params, json=body, bucket=Bucket.EXEMPT, idempotent=idempotent)


def _settings(fields: Fields) -> Settings:
    most = fields.child("throttling").integer("maxConcurrentRequests")
    return Settings(fields.text("targetUrl"), most, fields.moment("updatedAt"))


def _subscription(fields: Fields) -> Subscription:
    return Subscription(
        id=fields.id(),
        event_type=fields.text("eventType"),
        property_name=fields.optional_text("propertyName"),
        object_type_id=fields.optional_text("objectTypeId"),
        active=fields.flag("active"),
        event_name=fields.optional_text("eventTypeName"),
    )
