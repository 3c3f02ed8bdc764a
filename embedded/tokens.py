"""The tokens of the embedded view: signed, for minutes, for one account, one user and one purpose.

Browsers keep no cookies for a page inside another site's, so the view has none: a token opens it, once, and another
one, which only the opened page has, keeps it up to date. Both name a row (models.CardVisit) and are worth nothing
without it. Signed with SECRET_KEY, which signs what leaves us for browsers, under a salt per purpose.
"""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.core import signing

from hubspot_api.secret import Secret


class Purpose(StrEnum):
    """What a token is for. One for the one is none for the other."""

    OPEN = "open"  # travels in the view's address, and is used up by the request that brings it
    READ = "read"  # the opened view asks with it for what has changed


LIFE = {Purpose.OPEN: timedelta(minutes=1), Purpose.READ: timedelta(minutes=5)}
PREFIX = "hubapp_"  # so that logs and scanners know one when they see it: hubapp.scrubbing
_SKEW = timedelta(seconds=30)  # how far the clocks of our own nodes may be apart
_LONGEST = 400


class TokenRefused(Exception):
    """It is none of ours, not for this, or not for now."""


@dataclass(frozen=True)
class Claims:
    """What a token says."""

    visit_id: uuid.UUID
    portal_id: int  # of the installation: one that was left and installed anew is another
    user_id: int
    issued_at: datetime


def issue(purpose: Purpose, claims: Claims) -> Secret:
    """Return the token. The same claims give the same token."""
    issued = round(claims.issued_at.timestamp() * 1000)
    expires = issued + LIFE[purpose] // timedelta(milliseconds=1)
    said = json.dumps([claims.visit_id.hex, claims.portal_id, claims.user_id, issued, expires])
    payload = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
    return Secret(f"{PREFIX}{purpose}_{_signer(purpose).sign(payload)}")


def verify(purpose: Purpose, token: str, now: datetime) -> Claims:
    """Return what a token says. Raises TokenRefused, whatever it is."""
    head = f"{PREFIX}{purpose}_"
    if not token.startswith(head) or len(token) > _LONGEST or not token.isascii():
        raise TokenRefused
    try:
        payload = _signer(purpose).unsign(token.removeprefix(head))
    except signing.BadSignature as error:
        raise TokenRefused from error
    visit_id, portal_id, user_id, issued, expires = json.loads(base64.urlsafe_b64decode(payload + "=" * 3))
    if not _moment(issued) - _SKEW <= now < _moment(expires):
        raise TokenRefused
    return Claims(uuid.UUID(visit_id), portal_id, user_id, _moment(issued))


def _signer(purpose: Purpose) -> signing.Signer:
    return signing.Signer(sep=".", salt=f"embedded.{purpose}")


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
