"""Where HubSpot's webhooks arrive."""

from __future__ import annotations

import logging

import psycopg
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from hubspot_api.errors import InvalidSignature

from . import deliveries, inbox, signed

logger = logging.getLogger(__name__)

LARGEST_BODY = 16 * 1024 * 1024


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Verify, store, acknowledge. No Redis, no token and no HubSpot call comes before the answer.

    413: longer than 16 MiB. 401: InvalidSignature, which is also a timestamp outside -5/+1 minutes. 400:
    DeliveryInvalid. 503: the database cannot store, so that HubSpot sends it again. 204: stored and committed.
    """
    body = signed.body_of(request, LARGEST_BODY)
    if body is None:
        return HttpResponse("The body is longer than 16 MiB.\n", status=413, content_type="text/plain")
    try:
        signed.verify(request, body)
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
