"""HubSpot's token endpoint as a function, and tokens that grow old."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from hubspot_api.errors import HubSpotError
from hubspot_api.oauth import TokenGrant
from hubspot_api.secret import Secret
from installations.credentials.vault import Vault
from installations.models import Credential, Portal
from tests.portals import grant


class Endpoint:
    """HubSpot's token endpoint: numbers its tokens, refuses on demand, remembers what it was asked."""

    def __init__(self, hub_id: int, *, rotate: bool = False) -> None:
        self.hub_id = hub_id
        self.rotate = rotate
        self.refusals: list[HubSpotError] = []
        self.asked: list[str] = []
        self.before_answer: Callable[[], None] = lambda: None
        self._numbers = itertools.count(2)

    def __call__(self, refresh_token: Secret) -> TokenGrant:
        self.asked.append(refresh_token.reveal())
        self.before_answer()
        if self.refusals:
            raise self.refusals.pop(0)
        number = next(self._numbers)
        refresh = f"na1-refresh-{number}" if self.rotate else refresh_token.reveal()
        return grant(self.hub_id, access=f"access-{number}", refresh=refresh)


def expire(portal: Portal, *, seconds_left: float = -1) -> None:
    """Let the token's half hour be over, or nearly."""
    now = timezone.now()
    expires_at = now + timedelta(seconds=seconds_left)
    Credential.objects.filter(portal=portal).update(
        obtained_at=expires_at - timedelta(minutes=30), expires_at=expires_at
    )


def a_minute_passes(portal: Portal) -> None:
    Credential.objects.filter(portal=portal).update(
        refused_at=F("refused_at") - timedelta(seconds=61), retry_at=F("retry_at") - timedelta(seconds=61)
    )


def stored_refresh_token(portal: Portal) -> str:
    credential = Credential.objects.get(portal=portal)
    return Vault(portal).open("refresh_token", credential.refresh_token).reveal()
