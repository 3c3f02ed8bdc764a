"""When a workflow's request is sent again.

HubSpot: not after a 4xx, but after a 429 (Retry-After is in milliseconds), a 5xx or no answer at all; for up to three
days, first after a minute, at most eight hours apart. What lies between is not documented; here the waits double.
knowledge.hubspot.com/workflows/how-do-i-use-webhooks-with-hubspot-workflows
"""

from __future__ import annotations

_FIRST_MS = 60_000
_LONGEST_MS = 8 * 3_600_000
GIVE_UP_AFTER_MS = 3 * 86_400_000


def is_temporary(status: int | None) -> bool:
    """None is no answer."""
    return status is None or status == 429 or status >= 500


def delay_ms(attempts_made: int, tried_for_ms: int, retry_after: str | None = None) -> int | None:
    """How long to wait after this many failed attempts; None when HubSpot gives up."""
    wait = _asked_for(retry_after)
    if wait is None:
        # The shift is bounded: an attempt a minute for three days is 4,320 of them.
        wait = min(_FIRST_MS << min(attempts_made - 1, 20), _LONGEST_MS)
    return None if tried_for_ms + wait > GIVE_UP_AFTER_MS else wait


def _asked_for(retry_after: str | None) -> int | None:
    text = (retry_after or "").strip()
    return int(text) if text.isdecimal() and len(text) < 12 else None
