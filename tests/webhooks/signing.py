"""Deliveries as HubSpot signs them, made without our own code: HMAC over method, address, body and timestamp."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

from django.conf import settings

PATH = "/webhooks/hubspot"
SIGNATURE, TIMESTAMP = "X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp"


def body_of(*events: object) -> bytes:
    return json.dumps(events).encode()


def signed(
    body: bytes, *, age_s: float = 0, secret: str | None = None, address: str | None = None, method: str = "POST"
) -> dict[str, str]:
    """Return the two headers of a delivery that was signed so many seconds ago."""
    timestamp = str(int(time.time() * 1000) - round(age_s * 1000))
    source = f"{method}{address or settings.PUBLIC_URL + PATH}".encode() + body + timestamp.encode()
    mac = hmac.new((secret or settings.HUBSPOT_CLIENT_SECRET).encode(), source, hashlib.sha256)
    return {SIGNATURE: base64.b64encode(mac.digest()).decode(), TIMESTAMP: timestamp}
