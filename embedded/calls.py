"""What an app card asks of us through HubSpot: `hubspot.fetch` in the card, a signed request here.

HubSpot's proxy makes the request, signs it (v3), and appends to its address who is looking at the card: `userId`,
`portalId`, `userEmail` and `appId`. Sources: HubSpot's page "Fetching data for UI extensions"; that `appId` is always
there its own example "legacy-card-converter" says. The other names are in none of HubSpot's pages that we have: so
each must be there, once, or the request is refused. Which record the card sits on is the card's own word, and so the
user's: it proves nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest

from webhooks import signed

LARGEST_BODY = 4096  # HubSpot would bring up to 1 MB; a card of ours has two values to say


class CallInvalid(Exception):
    """HubSpot signed it, but it does not say what a card of ours says. The message tells which part."""


class CallTooLong(Exception):
    """Longer than any card of ours would write."""


class OtherApp(Exception):
    """It comes from a card of another app."""


@dataclass(frozen=True)
class CardCall:
    """A user of an account, as HubSpot says, looks at a record, as the card says."""

    hub_id: int
    user_id: int
    object_type_id: str
    record_id: int
    key: bytes = field(repr=False)  # the same in each repetition of one request


def read(request: HttpRequest) -> CardCall:
    """Return what HubSpot asks. Raises InvalidSignature, CallTooLong, CallInvalid, OtherApp."""
    body = signed.body_of(request, LARGEST_BODY)
    if body is None:
        raise CallTooLong(f"The body is longer than {LARGEST_BODY} bytes.")
    signed.verify(request, body)
    query = parse_qsl(request.META.get("QUERY_STRING", ""), keep_blank_values=True)
    if _number(query, "appId") != settings.HUBSPOT_APP_ID:
        raise OtherApp("This card belongs to another app.")
    type_id, record_id = _record(body)
    key = hashlib.sha256(request.headers["X-HubSpot-Signature-v3"].encode()).digest()
    return CardCall(_number(query, "portalId"), _number(query, "userId"), type_id, record_id, key)


def _number(query: list[tuple[str, str]], name: str) -> int:
    """Two of a name would leave it to chance whom we believe: HubSpot, or whoever wrote the address in the card."""
    given = [value for key, value in query if key == name]
    if len(given) != 1 or not re.fullmatch(r"[1-9][0-9]{0,17}", given[0], re.ASCII):
        raise CallInvalid(f"{name} must be in the address once, as a whole number.")
    return int(given[0])


def _record(body: bytes) -> tuple[str, int]:
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CallInvalid("The body is not JSON.") from error
    if not isinstance(content, dict):
        raise CallInvalid("The body is not a JSON object.")
    type_id, record_id = content.get("objectTypeId"), content.get("objectId")
    if not isinstance(type_id, str) or not re.fullmatch(r"[0-9]{1,3}-[0-9]{1,18}", type_id, re.ASCII):
        raise CallInvalid("objectTypeId must be an object type id, such as 0-1.")
    if type(record_id) not in {int, str} or not re.fullmatch(r"[1-9][0-9]{0,17}", str(record_id), re.ASCII):
        raise CallInvalid("objectId must be a record's id.")
    return type_id, int(str(record_id))
