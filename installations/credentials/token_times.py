"""When a portal's token came, and what happens to it next: what its pages show. Nothing in it is secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..models import Credential
from . import tokens


@dataclass(frozen=True)
class TokenTimes:
    """The times of one credential."""

    obtained_at: datetime
    next_refresh_at: datetime | None  # None: a private app's token, which nothing renews
    rotate_at: datetime | None  # when the private app should have another; None: ours are renewed by themselves
    is_to_be_rotated: bool
    latest_error: str


def times_of(credential: Credential) -> TokenTimes:
    return TokenTimes(
        obtained_at=credential.obtained_at,
        next_refresh_at=None if credential.lasts else tokens.next_refresh_at(credential),
        rotate_at=credential.rotate_at,
        is_to_be_rotated=credential.is_to_be_rotated,
        latest_error=credential.latest_error,
    )
