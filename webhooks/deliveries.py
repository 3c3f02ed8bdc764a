"""What HubSpot POSTs: an array of events. Parsed and checked here, without touching anything else.

"Webhooks API guide": up to 100 events a request, in any order, possibly repeated; `eventId` is not unique.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

_LARGEST = 2**63 - 1
_LONGEST_TYPE = 200


class DeliveryInvalid(Exception):
    """Not a JSON array, or without a single element that names a portal."""


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """One element of a delivery, as the inbox stores it. Times are epoch milliseconds."""

    key: str  # hexadecimal: six bytes of time, then SHA-256 of the event without attemptNumber
    hub_id: int | None  # None: not usable
    app_id: int | None
    occurred_at: int | None
    event_type: str
    object_id: int | None
    attempt: int
    payload: str  # JSON, canonical, without attemptNumber


def parse(body: bytes) -> list[ReceivedEvent]:
    """Read a delivery. Raises DeliveryInvalid."""
    try:
        elements = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # also a number of more than 4,300 digits, and broken UTF-8
        raise DeliveryInvalid("The body is not JSON.") from error
    if not isinstance(elements, list):
        raise DeliveryInvalid("The body is not a JSON array.")
    events = [_read(element) for element in elements]
    if not any(event.hub_id for event in events):
        raise DeliveryInvalid("No element of the array has a usable portalId.")
    return events


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _read(element: Any) -> ReceivedEvent:
    event: dict[str, Any] = element if isinstance(element, dict) else {}
    attempt = event.pop("attemptNumber", 0)
    payload = json.dumps(element, separators=(",", ":"), sort_keys=True)
    occurred_at = _number(event.get("occurredAt"))
    time_bytes = min(occurred_at or 0, 2**48 - 1).to_bytes(6, "big")
    return ReceivedEvent(
        key=time_bytes.hex() + hashlib.sha256(payload.encode()).hexdigest(),
        hub_id=_number(event.get("portalId")),
        app_id=_number(event.get("appId")),
        occurred_at=occurred_at,
        event_type=_text(event.get("subscriptionType") or event.get("eventType")),
        object_id=_number(event.get("objectId") or event.get("fromObjectId") or event.get("primaryObjectId")),
        attempt=min(_number(attempt) or 0, 32767),
        payload=payload,
    )


def _number(value: object) -> int | None:
    """Return a positive whole number that fits a bigint, else None. True is no number here."""
    return value if type(value) is int and 1 <= value <= _LARGEST else None


def _text(value: object) -> str:
    """Return text that PostgreSQL can hold: the untouched value is in the payload."""
    if not isinstance(value, str):
        return ""
    return value[:_LONGEST_TYPE].replace("\0", "").encode("utf-8", "replace").decode()
