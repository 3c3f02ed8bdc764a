"""Portals that are connected by a private app's token."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F

from hubspot_api.account import account_details
from hubspot_api.secret import Secret
from installations.clients import client_for
from installations.credentials import private_apps, tokens
from installations.models import Credential, Portal
from installations.ratelimit import WorkClass

STAFF = "staff alice"


def add(token: str, owner_id: int | None = None) -> Portal:
    return private_apps.connect(private_apps.check(Secret(token)), STAFF, owner_id=owner_id)


@transaction.atomic
def store(portal: Portal, token: str, *scopes: str) -> None:
    tokens.store_lasting(portal, Secret(token), scopes, user_id=None)


def call(portal: Portal) -> int:
    return account_details(client_for(portal, WorkClass.URGENT)).hub_id


def a_minute_passes() -> None:
    minute = timedelta(seconds=61)
    Credential.objects.update(refused_at=F("refused_at") - minute, retry_at=F("retry_at") - minute)


def state_of(portal: Portal) -> str:
    return str(Portal.objects.get(pk=portal.pk).state)
