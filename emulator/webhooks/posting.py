"""One POST of events: encoded, signed, sent, and written down."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from emulator.clock import wall_ms
from emulator.ledger import Delivery, Ledger
from emulator.oauth.apps import App, WebhookSettings
from emulator.webhooks.events import Event
from emulator.webhooks.sender import KEPT, Answer, DeliveryFailed, Sender
from emulator.webhooks.signatures import sign_v1, sign_v3

# As seen on real deliveries.
USER_AGENT = (
    "HubSpot Connect 2.0 (http://dev.hubspot.com/) (namespace: webhooks-nio-http-client)"
    " - WebhooksExecutorDaemon-executor"
)


class Posting:
    def __init__(self, send: Sender, ledger: Ledger[Delivery]) -> None:
        self._send = send
        self._ledger = ledger

    def post(self, app: App, hub_id: int, events: Sequence[Event]) -> Delivery:
        """Send these events once, now. The row that is returned tells a refusal, or that no answer came."""
        settings = app.webhook
        assert settings is not None
        row = _row(app, hub_id, events)
        headers = _headers(app.client_secret, settings, row.body, row.sent_at_ms)
        started = time.monotonic()
        answer: Answer | None = None
        error: str | None = None
        try:
            said = self._send(row.url, headers, row.body, settings.timeout_ms / 1000)
            answer = said if isinstance(said, Answer) else Answer(said)
        except DeliveryFailed as failure:
            error = str(failure)
        finally:
            row = self._write(
                row._replace(
                    status=answer.status if answer else None,
                    error=error,
                    duration_ms=int((time.monotonic() - started) * 1000),
                    headers=headers,
                    answer=answer.body[:KEPT] if answer else b"",
                )
            )
        return row

    def note(self, app: App, hub_id: int, events: Sequence[Event], error: str) -> None:
        """Write down that these events could not be sent now."""
        self._write(_row(app, hub_id, events)._replace(error=error))

    def _write(self, row: Delivery) -> Delivery:
        return self._ledger.add(lambda seq: row._replace(seq=seq))


def _row(app: App, hub_id: int, events: Sequence[Event]) -> Delivery:
    """What is known before anything is sent."""
    return Delivery(
        seq=0,
        sent_at_ms=wall_ms(),
        hub_id=hub_id,
        app_id=app.app_id,
        attempt=max(event["attemptNumber"] for event in events),
        status=None,
        error=None,
        duration_ms=0,
        body=_encode(events),
        url=app.webhook.target_url if app.webhook else "",
    )


def _encode(events: Sequence[Event]) -> bytes:
    """Compact, and in UTF-8 but for lone surrogates, which only an escape can carry."""
    try:
        return json.dumps(events, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(events, separators=(",", ":")).encode()


def _headers(secret: str, settings: WebhookSettings, body: bytes, sent_at_ms: int) -> dict[str, str]:
    """Deliveries carry the first and the third signature, made anew for every attempt."""
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "X-HubSpot-Request-Timestamp": str(sent_at_ms),
        "X-HubSpot-Signature": sign_v1(secret, body),
        "X-HubSpot-Signature-Version": "v1",
        "X-HubSpot-Signature-v3": sign_v3(secret, "POST", settings.target_url, body, sent_at_ms),
        "X-HubSpot-Timeout-Millis": str(settings.timeout_ms),
    }
