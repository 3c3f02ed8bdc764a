"""Make portals for tests, as an install would leave them."""

from __future__ import annotations

from itertools import count

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.test import Client

from hubspot_api.oauth import TokenGrant
from hubspot_api.secret import Secret
from installations.credentials import tokens, vault
from installations.models import Membership, Portal
from installations.people import visitors
from installations.signals import portal_connected

_hub_ids = count(900_001)


def grant(
    hub_id: int, *, access: str = "access-1", refresh: str = "na1-refresh-1", expires_in: int = 1800
) -> TokenGrant:
    """Return what HubSpot's token endpoint would grant."""
    return TokenGrant(
        access_token=Secret(access),
        refresh_token=Secret(refresh),
        expires_in=expires_in,
        hub_id=hub_id,
        user_id=7,
        scopes=tuple(settings.HUBSPOT_SCOPES),
        token_type="bearer",
    )


@transaction.atomic
def make_portal(hub_id: int | None = None, *, expires_in: int = 1800, connected: bool = True) -> Portal:
    """Create an installed portal with sealed tokens; `connected` also opens its lanes, as an install does."""
    hub_id = hub_id or next(_hub_ids)
    portal = Portal.objects.create(
        hub_id=hub_id, name=f"Portal {hub_id}", account_type="STANDARD", installed_by_user_id=7
    )
    vault.make_data_key(portal)
    tokens.store(portal, grant(hub_id, expires_in=expires_in), user_id=7)
    if connected:
        portal_connected.send(Portal, portal=portal)
    return portal


def make_member(portal: Portal, user_id: int, role: Membership.Role) -> Membership:
    return Membership.objects.create(portal=portal, user_id=user_id, email=f"user{user_id}@example.com", role=role)


def sign_in_as(client: Client, user_id: int, *, browser: str = "") -> None:
    """Sign a HubSpot user in, as the way back from HubSpot does it."""
    request = HttpRequest()
    request.META["HTTP_USER_AGENT"] = browser
    request.session = client.session
    visitors.sign_in(request, user_id, f"user{user_id}@example.com")
    request.session.save()
    assert request.session.session_key is not None
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key
