"""What is wrong with the configuration, said by `manage.py check` with an id and a hint before it goes wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError

from installations.clients import AUTHORIZE_PATH
from installations.models import DataKey
from installations.vault import KeyRing, key_ring

_APP_PAGE = "It is on the app's page in HubSpot, under Auth."
_NEEDED = {
    "HUBSPOT_CLIENT_ID": _APP_PAGE,
    "HUBSPOT_CLIENT_SECRET": _APP_PAGE,
    "HUBSPOT_APP_ID": "It is in the address of the app's page in HubSpot. Webhooks of other apps are told by it.",
}
_API_KEYS = ("HUBSPOT_API_KEY", "HAPIKEY")


@register()
def check_hubspot(**_: Any) -> list[CheckMessage]:
    """Everything about HubSpot that can be seen without asking it."""
    return [*_missing(), *_api_keys(), *_addresses(), *_scopes(), *_version()]


def _missing() -> Iterator[CheckMessage]:
    kind = Caution if settings.DEVELOPMENT else Error
    for name, hint in _NEEDED.items():
        if not getattr(settings, name):
            yield kind(f"{name} is not set: nobody can connect a portal.", hint=hint, id="hubapp.E001")


def _api_keys() -> Iterator[CheckMessage]:
    for name in _API_KEYS:
        if os.environ.get(name):
            hint = "HubSpot switched API keys off in 2022. This app uses OAuth; remove the variable."
            yield Caution(f"{name} is set, and nothing reads it.", hint=hint, id="hubapp.W002")


def _addresses() -> Iterator[CheckMessage]:
    if not settings.DEVELOPMENT and not settings.PUBLIC_URL.startswith("https://"):
        hint = "HubSpot sends codes and webhooks there; it accepts no other."
        yield Error("PUBLIC_URL does not begin with https://.", hint=hint, id="hubapp.E003")
    if not settings.HUBSPOT_AUTHORIZE_URL.endswith(AUTHORIZE_PATH):
        hint = "Give the whole address up to the question mark, as https://app.hubspot.com/oauth/authorize."
        yield Error(f"HUBSPOT_AUTHORIZE_URL does not end in {AUTHORIZE_PATH}.", hint=hint, id="hubapp.E004")


def _scopes() -> Iterator[CheckMessage]:
    if "oauth" not in settings.HUBSPOT_SCOPES:
        hint = "It is the one scope that every app needs, and with which people sign in."
        yield Error("HUBSPOT_SCOPES lacks the scope oauth.", hint=hint, id="hubapp.E005")


def _version() -> Iterator[CheckMessage]:
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", settings.HUBSPOT_API_VERSION, re.ASCII):
        hint = (
            "HubSpot names its versions by year and month, as 2026-03. Leave it out to use the one we were tested with."
        )
        problem = f"HUBSPOT_API_VERSION is {settings.HUBSPOT_API_VERSION!r}."
        yield Error(problem, hint=hint, id="hubapp.E006")


@register()
def check_encryption_keys(**_: Any) -> list[CheckMessage]:
    """Whether tokens can be sealed at all."""
    if settings.DEVELOPMENT and not settings.ENCRYPTION_KEYS:
        hint = "Make one: python manage.py make_encryption_key"
        return [Caution("ENCRYPTION_KEYS is empty: no portal can be connected.", hint=hint, id="hubapp.W007")]
    try:
        key_ring()
    except ImproperlyConfigured as error:
        hint = "Give id:base64, several with commas between them, the one to use first in front."
        return [Error(str(error), hint=hint, id="hubapp.E007")]
    return []


@register(Tags.database)
def check_stored_keys(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Whether everything that is sealed can be opened. Asks the database, so only with `check --database default`."""
    if not databases:
        return []
    try:
        ring = key_ring()
        return [*_lost_portals(ring), *_lost_second_factors(ring)]
    except ImproperlyConfigured:
        return []  # the check above says so
    except DatabaseError:
        return []  # before the first migration there is nothing sealed


def _lost_portals(ring: KeyRing) -> Iterator[CheckMessage]:
    sealed = DataKey.objects.filter(destroyed_at=None).exclude(wrapped_by__in=ring.keys)
    for key_id in sealed.order_by("wrapped_by").values_list("wrapped_by", flat=True).distinct():
        count = sealed.filter(wrapped_by=key_id).count()
        yield Error(
            f"The tokens of {count} portals are sealed with key {key_id!r}, which is not in ENCRYPTION_KEYS.",
            hint="Add the key again, behind the first. Without it these portals have to be connected anew.",
            id="hubapp.E008",
        )


def _lost_second_factors(ring: KeyRing) -> Iterator[CheckMessage]:
    for data in Authenticator.objects.order_by("pk").values_list("data", flat=True):
        sealed = str(data.get("secret") or data.get("seed") or "")
        if "." in sealed and sealed.partition(".")[0] not in ring.keys:
            yield Error(
                "A second factor of staff is sealed with a key that is not in ENCRYPTION_KEYS.",
                hint="Add the key again, behind the first, or run: python manage.py reset_second_factor <username>",
                id="hubapp.E009",
            )
