"""Durations in ISO-8601, as the expiry of a blocked action is written."""

from __future__ import annotations

import re

from emulator.instants import DAY_MS

ONE_WEEK_MS = 7 * DAY_MS

_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_MS = {
    "years": 365 * DAY_MS,
    "months": 30 * DAY_MS,
    "weeks": ONE_WEEK_MS,
    "days": DAY_MS,
    "hours": 3_600_000,
    "minutes": 60_000,
    "seconds": 1_000,
}


def duration_ms(text: str) -> int:
    """Read PnYnMnWnDTnHnMnS in any selection, such as P1WT1H.

    Raises ValueError.
    """
    match = _DURATION.fullmatch(text.strip().upper()) if len(text) < 100 else None
    if match is None:
        raise ValueError(f"{text!r} is not an ISO-8601 duration")
    return int(sum(float(amount) * _MS[unit] for unit, amount in match.groupdict().items() if amount))
