"""One emulator in the test's own process, with an app, an account, time that tests move, and a recorded receiver."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from emulator import Emulator, Options
from emulator.clock import Clock
from emulator.limits import Limits
from emulator.testing import EmulatorTransport
from emulator.webhooks.sender import Answer, DeliveryFailed
from emulator.workflows.wire import Incoming, Outgoing
from emulator.world import default_origins
from tests.emulator import shapes

CLIENT_ID = "c0ffee00-0000-4000-8000-000000000001"
SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
APP_ID = 39_522_895
HUB = 48_975_575
ADMIN, USER = 101, 102
REDIRECT = "http://localhost:8000/oauth/callback"
TARGET = "http://localhost:8000/webhooks/hubspot"
CRM_SCOPES = [
    *(
        f"crm.objects.{plural}.{access}"
        for plural in ("contacts", "companies", "deals")
        for access in ("read", "write")
    ),
    *(f"crm.schemas.{plural}.write" for plural in ("contacts", "companies", "deals")),
    "tickets",
    "crm.objects.owners.read",
    "crm.objects.services.read",
    "e-commerce",
]
Json = dict[str, Any]


@dataclass
class Receiver:
    """Answers deliveries with whatever the test says, and keeps them."""

    answer: int | Answer | Callable[[list[Json]], int] = 204
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def __call__(self, _url: str, headers: dict[str, str], body: bytes, _timeout_s: float) -> int | Answer:
        self.requests.append((headers, body))
        answer = self.answer(json.loads(body)) if callable(self.answer) else self.answer
        if answer == 0:
            raise DeliveryFailed("connection refused")
        return answer

    @property
    def events(self) -> list[Json]:
        return [event for _, body in self.requests for event in json.loads(body)]


@dataclass
class ActionServer:
    """Answers workflows' requests with whatever the test says, and keeps them. 0 is a connection refused."""

    answer: int | Incoming | Callable[[Outgoing], Incoming] = 200
    requests: list[Outgoing] = field(default_factory=list)

    def __call__(self, request: Outgoing) -> Incoming:
        self.requests.append(request)
        answer = self.answer(request) if callable(self.answer) else self.answer
        if answer == 0:
            raise DeliveryFailed("connection refused")
        return Incoming(answer) if isinstance(answer, int) else answer

    def took(self) -> list[Outgoing]:
        taken, self.requests = self.requests, []
        return taken


class Time:
    """Real time, in the test's hands: both the wall clock and the one that rate windows use."""

    def __init__(self) -> None:
        self.ms = 1_795_000_000_000
        self.ticks = 1_000.0

    def pass_(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)
        self.ticks += seconds


class Hub:
    """What most tests need, in few words."""

    def __init__(self, **options: Any) -> None:
        self.time = Time()
        self.receiver = Receiver()
        self.actions = ActionServer()
        self.emulator = Emulator(
            Options(default_origins(), **options),
            clock=Clock(lambda: self.time.ms),
            sender=self.receiver,
            fetcher=self.actions,
            limits=Limits(lambda: self.time.ticks),
        )
        self.http = httpx2.Client(
            transport=EmulatorTransport(self.emulator),
            base_url="http://localhost:8765",
            event_hooks={"response": [shapes.check]},
        )
        self.token = ""
        self._subscriptions: list[Json] = []

    # -- control ---------------------------------------------------------------------------------------------------

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"/_emulator/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def app(self, **changes: Any) -> Json:
        app = {
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "app_id": APP_ID,
            "name": "Test app",
            "redirect_uris": [REDIRECT],
            "required_scopes": ["oauth"],
            "conditional_scopes": CRM_SCOPES,
            "webhook": {"target_url": TARGET},
        }
        answer: Json = self.control("POST", "apps", app | changes)
        return answer

    def subscribe(self, *subscriptions: str | Json) -> None:
        """`contact.creation`, or `contact.propertyChange:email`."""
        given = [each if isinstance(each, dict) else subscription(each) for each in subscriptions]
        self.app(subscriptions=given)

    def portal(self, hub_id: int = HUB, **changes: Any) -> Json:
        portal = {
            "hub_id": hub_id,
            "name": "Test account",
            "users": [
                {"user_id": ADMIN, "email": "ada.admin@test.example", "super_admin": True},
                {"user_id": USER, "email": "uma.user@test.example", "super_admin": False},
            ],
        }
        answer: Json = self.control("POST", "portals", portal | changes)
        return answer

    def install(self, hub_id: int = HUB, scopes: list[str] | None = None, user_id: int = ADMIN) -> Json:
        body = {"client_id": CLIENT_ID, "user_id": user_id, "scopes": scopes or ["oauth", *CRM_SCOPES]}
        answer: Json = self.control("POST", f"portals/{hub_id}/tokens", body)
        self.token = answer["access_token"]
        return answer

    def change(self, *changes: Json, hub_id: int = HUB, user_id: int = ADMIN) -> list[Json]:
        body = {"user_id": user_id, "changes": list(changes)}
        results: list[Json] = self.control("POST", f"portals/{hub_id}/changes", body)["results"]
        return results

    def advance(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance_s": seconds})

    def events(self) -> list[Json]:
        """Deliver what is due and take what came."""
        self.emulator.deliver()
        events = self.receiver.events
        self.receiver.requests.clear()
        return events

    # -- API -------------------------------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        # A tenth of a second per call stays under every limit but the search's, which has its own method.
        self.time.ticks += 0.1
        return self.http.request(method, path, json=body, headers=headers, **more)

    def get(self, path: str, **params: Any) -> httpx2.Response:
        return self.call("GET", path, params=params or None)

    def post(self, path: str, body: Any) -> httpx2.Response:
        return self.call("POST", path, body)

    def search(self, kind: str, body: Json, version: str = "v3") -> httpx2.Response:
        self.time.ticks += 1
        path = f"/crm/objects/{version}/{kind}/search" if version[0] == "2" else f"/crm/{version}/objects/{kind}/search"
        return self.post(path, body)

    def create(self, kind: str = "contacts", **properties: Any) -> str:
        answer = self.post(f"/crm/v3/objects/{kind}", {"properties": properties})
        assert answer.status_code == 201, answer.text
        record_id: str = answer.json()["id"]
        return record_id

    def form(self, path: str, **fields: str) -> httpx2.Response:
        return self.http.post(path, data=fields)

    def exchange(self, code: str, version: str = "2026-03", **changes: str) -> httpx2.Response:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
        }
        return self.form(f"/oauth/{version}/token", **(fields | changes))

    def refresh(self, token: str, version: str = "2026-03", **changes: str) -> httpx2.Response:
        fields = {
            "grant_type": "refresh_token",
            "refresh_token": token,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
        }
        return self.form(f"/oauth/{version}/token", **(fields | changes))

    def introspect(self, token: str, version: str = "2026-03", **changes: str) -> Json:
        fields = {"client_id": CLIENT_ID, "client_secret": SECRET, "token": token}
        answer = self.form(f"/oauth/{version}/token/introspect", **(fields | changes))
        assert answer.status_code == 200
        body: Json = answer.json()
        return body

    def consent(
        self, hub_id: int = HUB, user_id: int = ADMIN, decision: str = "grant", **query: str
    ) -> httpx2.Response:
        fields = {"hub_id": str(hub_id), "user_id": str(user_id), "decision": decision}
        return self.http.post("/oauth/authorize", params=authorize_query(**query), data=fields)

    def granted_code(self, **how: Any) -> str:
        answer = self.consent(**how)
        assert answer.status_code == 302, answer.text
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def authorize_query(**changes: str) -> dict[str, str]:
    query = {
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "scope": "oauth crm.objects.contacts.read",
        "state": "st4te",
    }
    return query | changes


def subscription(text: str) -> Json:
    event_type, _, name = text.partition(":")
    return {"event_type": event_type, "property": name} if name else {"event_type": event_type}


def created(**properties: str) -> Json:
    """A change for `Hub.change`: a new contact."""
    return {"op": "create", "object_type": "contact", "properties": {"email": fresh_email()} | properties}


def kinds(events: list[Json]) -> Counter[str]:
    return Counter(event["subscriptionType"] for event in events)


_numbers = itertools.count(1)


def fresh_email() -> str:
    return f"person{next(_numbers)}@test.example"
