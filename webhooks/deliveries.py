"""What HubSpot POSTs: an array of events. Parsed and checked here, without touching anything else.

"Webhooks API guide": up to 100 events a request, in any order, possibly repeated; `eventId` is not unique.
"""

from __future__ import annotations

import json
import math
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

_LARGEST = 2**63 - 1
_LONGEST_TYPE = 200
_LAST_MOMENT = 253_402_300_799_999  # the end of the year 9999: later ones Python cannot read back

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder(order="sorted").encode


class DeliveryInvalid(Exception):
    """Not a JSON array, or without a single element that names a portal."""


class ReceivedEvent(NamedTuple):
    """One element of a delivery, as the inbox stores it. Times are epoch milliseconds."""

    key: str  # hexadecimal: six bytes of time, then SHA-256 of the event without attemptNumber
    hub_id: int | None  # None: not usable
    app_id: int | None
    occurred_at: int | None  # None: not usable, or beyond the calendar
    event_type: str
    object_id: int | None
    attempt: int
    payload: str  # JSON, canonical, without attemptNumber; one line


def parse(body: bytes) -> list[ReceivedEvent]:
    """Read a delivery. Raises DeliveryInvalid."""
    try:
        elements = _elements(body)
        events = [_read(element) for element in elements] if isinstance(elements, list) else None
    except (ValueError, RecursionError) as error:  # also a number too long or too large, and broken UTF-8
        raise DeliveryInvalid("The body is not JSON.") from error
    if events is None:
        raise DeliveryInvalid("The body is not a JSON array.")
    if not any(event.hub_id for event in events):
        raise DeliveryInvalid("No element of the array has a usable portalId.")
    return events


def _elements(body: bytes) -> Any:
    """Decode JSON. msgspec is quick and strict; the standard library knows half surrogate pairs and byte order marks.

    Raises ValueError, RecursionError.
    """
    try:
        return _decode(body)
    except ValueError:
        return json.loads(body, parse_constant=_refuse_constant, parse_float=_finite)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large")
    return number


def _canonical(element: Any) -> bytes:
    """Encode JSON, always the same way: without line breaks, keys in order, in ASCII if nothing else will do."""
    try:
        return _encode(element)
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(element, separators=(",", ":"), sort_keys=True).encode()


def _read(element: Any) -> ReceivedEvent:
    event: dict[str, Any] = element if isinstance(element, dict) else {}
    attempt = event.pop("attemptNumber", 0)
    payload = _canonical(element)
    occurred_at = _number(event.get("occurredAt"), _LAST_MOMENT)
    return ReceivedEvent(
        key=f"{occurred_at or 0:012x}{sha256(payload).hexdigest()}",
        hub_id=_number(event.get("portalId")),
        app_id=_number(event.get("appId")),
        occurred_at=occurred_at,
        event_type=_text(event.get("subscriptionType") or event.get("eventType")),
        object_id=_number(event.get("objectId") or event.get("fromObjectId") or event.get("primaryObjectId")),
        attempt=min(_number(attempt) or 0, 32767),
        payload=payload.decode(),
    )


def _number(value: object, largest: int = _LARGEST) -> int | None:
    """Return a positive whole number up to `largest`, which fits a bigint, else None. True is no number here."""
    return value if type(value) is int and 1 <= value <= largest else None


def _text(value: object) -> str:
    """Return one line of text that PostgreSQL can hold: the untouched value is in the payload."""
    if not isinstance(value, str):
        return ""
    return value[:_LONGEST_TYPE].replace("\0", "").replace("\n", " ").encode("utf-8", "replace").decode()
