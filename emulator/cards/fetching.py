"""`hubspot.fetch`: what an app's card asks of the app's own server, through HubSpot and signed by it.

developers.hubspot.com/docs/apps/developer-platform/add-features/ui-extensions/fetching-data

HubSpot does not say: what becomes of parameters that the card gave under the names of those that are appended (here
both stay), whether a repeated request is signed anew (here it is repeated as it was), and how addresses are compared
with the permitted ones (here: same origin, and the permitted path is the beginning).
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from emulator.addresses import parts_of
from emulator.clock import wall_ms
from emulator.crm.owners import User
from emulator.oauth.apps import App, Card
from emulator.webhooks.sender import DeliveryFailed
from emulator.webhooks.signatures import sign_v3
from emulator.workflows.wire import LONGEST_ANSWER, Fetcher, Incoming, Outgoing

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MOST_AT_ONCE = 20  # of one app in one account
USUAL_TIMEOUT_MS = 15_000
LONGEST_TIMEOUT_MS = 120_000
LARGEST = LONGEST_ANSWER  # HubSpot: 1 MB either way


class NotPermitted(Exception):
    """HubSpot would not send this request at all. The message says why."""


@dataclass(frozen=True)
class Fetched:
    """What the card gets. Without a status: no answer came."""

    status: int | None
    body: bytes = b""
    error: str = ""
    attempts: int = 0
    url: str = ""  # as it was sent and signed

    def as_json(self) -> dict[str, Any]:
        text = self.body.decode("utf-8", "replace")
        return {"status": self.status, "body": text, "error": self.error, "attempts": self.attempts, "url": self.url}


class Fetching:
    """Sends cards' requests, so many at once and so long as HubSpot does."""

    def __init__(self, fetch: Fetcher) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._under_way: Counter[tuple[str, int]] = Counter()

    def send(self, app: App, hub_id: int, user: User, url: str, *, method: str, body: Any, timeout_ms: int) -> Fetched:
        """Raises NotPermitted."""
        require_permitted(app.card, url)
        content = b"" if method == "GET" or body is None else json.dumps(body).encode()
        if len(content) > LARGEST:
            raise NotPermitted("the body is larger than 1 MB")
        address = with_viewer(url, app, hub_id, user)
        with self._place(app, hub_id) as has_place:
            if not has_place:
                return Fetched(429, error=f"{MOST_AT_ONCE} requests of this app are under way in this account")
            return self._send(app, method, address, content, timeout_ms / 1000)

    def _send(self, app: App, method: str, url: str, body: bytes, timeout_s: float) -> Fetched:
        """Repeated once if no connection came about or the server failed, within the same time."""
        deadline, headers = time.monotonic() + timeout_s, _headers(app, method, url, body)
        outcome = Fetched(None)
        for attempt in (1, 2):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            try:
                answer = self._fetch(Outgoing(method, url, headers, body, left, left))
            except DeliveryFailed as failure:
                outcome = Fetched(None, error=str(failure), attempts=attempt, url=url)
                continue
            outcome = _outcome(answer, attempt, url)
            if answer.status < 500:
                break
        return outcome

    @contextmanager
    def _place(self, app: App, hub_id: int) -> Iterator[bool]:
        key = (app.client_id, hub_id)
        with self._lock:
            has_place = self._under_way[key] < MOST_AT_ONCE
            self._under_way[key] += has_place
        try:
            yield has_place
        finally:
            with self._lock:
                self._under_way[key] -= has_place


def require_permitted(card: Card | None, url: str) -> None:
    """Raises NotPermitted."""
    try:
        parts_of(url)
    except ValueError as invalid:
        raise NotPermitted(str(invalid)) from None
    if card is None or not permits(card.permitted_fetch, url):
        raise NotPermitted(f"{url} is not among the app's permittedUrls.fetch")


def permits(permitted: tuple[str, ...], url: str) -> bool:
    """Whether an address is below one that the app's configuration names; what is no address is not."""
    try:
        asked = parts_of(url)
    except ValueError:
        return False
    for each in permitted:
        allowed = urlsplit(each)
        is_origin = (asked.scheme, asked.netloc) == (allowed.scheme, allowed.netloc)
        if is_origin and asked.path.startswith(allowed.path.rstrip("/")):
            return True
    return False


def with_viewer(url: str, app: App, hub_id: int, user: User) -> str:
    """The address with who looks at the card, which is part of what is signed. What follows "#" leaves for nobody."""
    viewer = {"userId": user.user_id, "portalId": hub_id, "userEmail": user.email, "appId": app.app_id}
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(viewer))))
    return urlunsplit(parts._replace(path=parts.path or "/", query=query, fragment=""))


def _outcome(answer: Incoming, attempts: int, url: str) -> Fetched:
    if len(answer.body) >= LARGEST:
        return Fetched(None, error="the answer is larger than 1 MB", attempts=attempts, url=url)
    return Fetched(answer.status, answer.body, attempts=attempts, url=url)


def _headers(app: App, method: str, url: str, body: bytes) -> dict[str, str]:
    sent_at_ms = wall_ms()
    return {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "X-HubSpot-Request-Timestamp": str(sent_at_ms),
        "X-HubSpot-Signature-v3": sign_v3(app.client_secret, method, url, body, sent_at_ms),
    }
