"""When a failed event is sent again.

HubSpot: up to ten times, spread over the next 24 hours, with varying delays and randomised per notification
(developers.hubspot.com/docs/api-reference/latest/webhooks/guide). The exact schedule is not documented; this one is
ours: early enough to be seen, and 24 hours at the longest.
"""

from __future__ import annotations

import random

_DELAYS_S = (10, 60, 300, 900, 3_600, 7_200, 10_800, 14_400, 21_600, 25_200)

MOST_RETRIES = len(_DELAYS_S)


def delay_ms(attempts_made: int, dice: random.Random) -> int | None:
    """How long to wait after this many failed attempts; None when HubSpot gives up."""
    if attempts_made > MOST_RETRIES:
        return None
    return int(_DELAYS_S[attempts_made - 1] * 1000 * dice.uniform(0.9, 1.0))
