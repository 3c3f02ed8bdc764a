"""Where HubSpot's webhooks arrive."""

from __future__ import annotations

import logging
import time

import psycopg
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from hubspot_api.errors import InvalidSignature, SignatureProblem
from hubspot_api.secret import Secret
from hubspot_api.signatures import verify_v3

from . import deliveries, inbox

logger = logging.getLogger(__name__)

LARGEST_BODY = 16 * 1024 * 1024
_AT_ONCE = 64 * 1024


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Verify, store, acknowledge. No Redis, no token and no HubSpot call comes before the answer.

    413: longer than 16 MiB. 401: InvalidSignature, which is also a timestamp outside -5/+1 minutes. 400:
    DeliveryInvalid. 503: the database cannot store, so that HubSpot sends it again. 204: stored and committed.
    """
    body = _read(request)
    if body is None:
        return HttpResponse("The body is longer than 16 MiB.\n", status=413, content_type="text/plain")
    try:
        _verify(request, body)
        events = deliveries.parse(body)
        inbox.store(events)
    except InvalidSignature as error:
        return HttpResponse(f"{error}\n", status=401, content_type="text/plain")
    except deliveries.DeliveryInvalid as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain")
    except (psycopg.Error, DatabaseError) as error:
        logger.error("A delivery could not be stored; HubSpot will send it again: %s", error)  # noqa: TRY400
        return HttpResponse("The delivery cannot be stored now.\n", status=503, content_type="text/plain")
    return HttpResponse(status=204)


def _read(request: HttpRequest) -> bytes | None:
    """Return the body, None if it is too long. Bit by bit: servers set aside as much as they are asked for."""
    # Without Content-Length Django sees no body, although the server knows where it ends.
    is_chunked = "CONTENT_LENGTH" not in request.META and request.META.get("wsgi.input_terminated")
    stream = request.META["wsgi.input"] if is_chunked else request
    parts: list[bytes] = []
    left = LARGEST_BODY
    while left >= 0 and (part := stream.read(_AT_ONCE)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts) if left >= 0 else None


def _verify(request: HttpRequest, body: bytes) -> None:
    """Check the signature, over the address that HubSpot was given. Raises InvalidSignature."""
    secrets = _client_secrets()
    if not secrets:
        raise InvalidSignature(SignatureProblem.MISMATCH)
    query = request.META.get("QUERY_STRING", "")
    verify_v3(
        [Secret(secret) for secret in secrets],
        signature=request.headers.get("X-HubSpot-Signature-v3"),
        timestamp=request.headers.get("X-HubSpot-Request-Timestamp"),
        method="POST",
        uri=f"{settings.PUBLIC_URL}{request.path}{'?' if query else ''}{query}",
        body=body,
        now=time.time(),
    )


def _client_secrets() -> list[str]:
    """The current secret, and while it is being rotated the one before. None configured: nothing verifies."""
    secrets = (settings.HUBSPOT_CLIENT_SECRET, settings.HUBSPOT_CLIENT_SECRET_PREVIOUS)
    return [secret for secret in secrets if secret]
