"""Work lanes in place of a worker, and compare the mirror with HubSpot's own state."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from hubspot_api.oauth import TokenGrant
from hubspot_api.secret import Secret
from installations.credentials import tokens, vault
from installations.models import Portal
from installations.signals import portal_connected
from lanes import claims, worker
from lanes.models import Lane
from tests.hubspot import Account, HubSpot, trust_limiter
from webhooks import inbox
from webhooks.deliveries import parse


def install(hubspot: HubSpot, account: Account, scopes: Sequence[str] | None = None) -> Portal:
    """Install our app in an account without a browser."""
    trust_limiter()
    given = hubspot.tokens(account, scopes)
    with transaction.atomic():
        known = {"name": f"Account {account.hub_id}", "account_type": "STANDARD"}
        portal = Portal.objects.create(hub_id=account.hub_id, **known)
        vault.make_data_key(portal)
        tokens.store(portal, _grant(given), user_id=account.admin_id)
        portal_connected.send(Portal, portal=portal)
    return portal


def _grant(given: dict[str, Any]) -> TokenGrant:
    return TokenGrant(
        Secret(given["access_token"]),
        Secret(given["refresh_token"]),
        given["expires_in"],
        given["hub_id"],
        given.get("user_id"),
        tuple(given["scopes"]),
        given["token_type"],
    )


def next_lane(within_s: float = 1.0) -> claims.Claim | None:
    """Claim what is due, or will be in a moment: a full limiter puts a lane back for so long."""
    while (claimed := claims.claim()) is None:
        pause = claims.seconds_until_due(within_s)
        if pause is None:
            return None
        time.sleep(pause + 0.01)
    return claimed


def work_until_idle(*kinds: str) -> None:
    """Run every lane that is due (of these kinds), again and again, until none is. Others stay due."""
    skipped = []
    for _ in range(500):
        claimed = next_lane()
        if claimed is None:
            break
        if kinds and claimed.kind not in kinds:
            skipped.append(claimed)
            continue
        worker.run(claimed)
        lane = Lane.objects.get(pk=claimed.lane_id)
        assert not lane.latest_error, lane.latest_error
    else:
        raise AssertionError("lanes are due without end")
    for claimed in skipped:
        claims.release(claimed, due_at=timezone.now())


def receive(portal: Portal, *events: dict[str, Any]) -> None:
    """Store events as the webhook view would."""
    inbox.store(parse(json.dumps([{"portalId": portal.hub_id} | event for event in events]).encode()))
