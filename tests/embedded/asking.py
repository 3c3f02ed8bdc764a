"""Ask as HubSpot does for a card: who looks is appended to the address, all of it signed. Made without our own code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.test import Client

from installations.models import Portal
from tests.pages.furniture import CONTACT_ID

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

CARD, OFFER, VIEW = "/embedded/card", "/embedded/card/view", "/embedded/view"
SIGNATURE, TIMESTAMP = "X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp"


@dataclass(frozen=True)
class Call:
    """One request of a card's, as HubSpot's proxy would send it on."""

    query: tuple[tuple[str, str], ...]
    path: str = CARD
    body: bytes = b""
    method: str = "POST"
    secret: str = field(default_factory=lambda: settings.HUBSPOT_CLIENT_SECRET)
    age_s: float = 0
    address: str = ""  # what is signed instead of where it goes
    at_ms: int = 0  # when it was signed; 0: `age_s` ago

    @property
    def target(self) -> str:
        return f"{self.path}?{urlencode(self.query)}"

    def headers(self) -> dict[str, str]:
        timestamp = str(self.at_ms or int(time.time() * 1000) - round(self.age_s * 1000))
        # Of the twelve escapes that HubSpot decodes, urlencode makes only that of "@".
        address = self.address or settings.PUBLIC_URL + self.target.replace("%40", "@")
        source = f"{self.method}{address}".encode() + self.body + timestamp.encode()
        mac = hmac.new(self.secret.encode(), source, hashlib.sha256)
        return {SIGNATURE: base64.b64encode(mac.digest()).decode(), TIMESTAMP: timestamp}

    def send(self, headers: dict[str, str] | None = None, browser: Client | None = None) -> Answer:
        client = browser or Client(enforce_csrf_checks=True)
        return client.generic(
            self.method,
            self.target,
            self.body,
            content_type="application/json",
            headers=self.headers() if headers is None else headers,
        )

    def but(self, **changed: Any) -> Call:
        return replace(self, **changed)

    def saying(self, **named: object) -> Call:
        """The same with other values in its address; None leaves one out."""
        query = dict(self.query) | {name: str(value) for name, value in named.items()}
        return replace(self, query=tuple(one for one in query.items() if named.get(one[0], "") is not None))


def call(portal: Portal | int, user_id: int, record_id: object = CONTACT_ID, *, type_id: object = "0-1") -> Call:
    hub_id = portal if isinstance(portal, int) else portal.hub_id
    viewer = {
        "userId": str(user_id),
        "portalId": str(hub_id),
        "userEmail": f"user{user_id}@example.com",
        "appId": str(settings.HUBSPOT_APP_ID),
    }
    body = json.dumps({"objectTypeId": type_id, "objectId": record_id}).encode()
    return Call(tuple(viewer.items()), body=body)


def offered(portal: Portal, user_id: int, record_id: int = CONTACT_ID) -> str:
    """Return the path and query that HubSpot's modal would open."""
    answer = call(portal, user_id, record_id).but(path=OFFER).send()
    assert answer.status_code == 200, answer.content
    parts = urlsplit(answer.json()["uri"])
    assert f"{parts.scheme}://{parts.netloc}" == settings.PUBLIC_URL
    return f"{parts.path}?{parts.query}"


def token_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["token"][0]


def opened(address: str, browser: Client | None = None) -> Answer:
    return (browser or Client()).get(address)


def reading_token(page: Answer) -> str:
    """Return the token that an opened page carries for its own requests."""
    text = page.content.decode()
    assert page.status_code == 200, text[:500]
    headers = text.partition("hx-headers='")[2].partition("'")[0]
    return str(json.loads(headers)["Authorization"]).removeprefix("Bearer ")


def reread(token: str, etag: str = "") -> Answer:
    return Client().get(VIEW, headers={"Authorization": f"Bearer {token}", "If-None-Match": etag})
