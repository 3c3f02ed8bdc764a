"""Requests that HubSpot signs: their bytes as they came, and whether HubSpot sent them.

Webhooks, and what app cards fetch from us. Neither has a session: the signature is all that speaks for them.
"""

from __future__ import annotations

import time

from django.conf import settings
from django.http import HttpRequest

from hubspot_api.errors import InvalidSignature, SignatureProblem
from hubspot_api.secret import Secret
from hubspot_api.signatures import verify_v3

_AT_ONCE = 64 * 1024


def body_of(request: HttpRequest, largest: int) -> bytes | None:
    """Return the body, None if it is longer than that. Bit by bit: servers set aside as much as they are asked for."""
    # Without Content-Length Django sees no body, although the server knows where it ends.
    is_chunked = "CONTENT_LENGTH" not in request.META and request.META.get("wsgi.input_terminated")
    stream = request.META["wsgi.input"] if is_chunked else request
    parts: list[bytes] = []
    left = largest
    while left >= 0 and (part := stream.read(_AT_ONCE)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts) if left >= 0 else None


def verify(request: HttpRequest, body: bytes) -> None:
    """Check the v3 signature, over the address that HubSpot was given. Raises InvalidSignature."""
    secrets = _client_secrets()
    if not secrets:
        raise InvalidSignature(SignatureProblem.MISMATCH)
    query = request.META.get("QUERY_STRING", "")
    verify_v3(
        [Secret(secret) for secret in secrets],
        signature=request.headers.get("X-HubSpot-Signature-v3"),
        timestamp=request.headers.get("X-HubSpot-Request-Timestamp"),
        method=request.method or "",
        uri=f"{settings.PUBLIC_URL}{request.path}{'?' if query else ''}{query}",
        body=body,
        now=time.time(),
    )


def _client_secrets() -> list[str]:
    """The current secret, and while it is being rotated the one before. None configured: nothing verifies."""
    secrets = (settings.HUBSPOT_CLIENT_SECRET, settings.HUBSPOT_CLIENT_SECRET_PREVIOUS)
    return [secret for secret in secrets if secret]
