"""What HubSpot would refuse, or silently not do, with these settings."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution
from django.http.request import validate_host

from crm.object_types import OBJECT_TYPES
from hubapp.project_rules import redirect_problem
from hubspot_api.addresses import API_VERSION, SPOKEN_VERSIONS
from hubspot_api.proxies import proxy_of_the_environment
from hubspot_api.scopes import KNOWN
from installations.clients import AUTHORIZE_PATH
from installations.connecting import install

_APP_PAGE = "It is on the app's page in HubSpot, under Auth."
_NEEDED = {
    "HUBSPOT_CLIENT_ID": _APP_PAGE,
    "HUBSPOT_CLIENT_SECRET": _APP_PAGE,
    "HUBSPOT_APP_ID": "It is in the address of the app's page in HubSpot. Webhooks of other apps are told by it.",
}
_API_KEYS = ("HUBSPOT_API_KEY", "HAPIKEY", "HUBSPOT_HAPIKEY")
_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


@register()
def check_hubspot(**_: Any) -> list[CheckMessage]:
    """Everything about HubSpot that can be seen without asking it."""
    return [
        *(*_missing(), *_credentials(), *_api_keys(), *_addresses(), *_way_out()),
        *(*_redirect(), *_scopes(), *_version()),
    ]


def _missing() -> Iterator[CheckMessage]:
    kind = Caution if settings.DEVELOPMENT else Error
    for name, hint in _NEEDED.items():
        if not getattr(settings, name):
            yield kind(f"{name} is not set: nobody can connect a portal.", hint=hint, id="hubapp.E001")


def _credentials() -> Iterator[CheckMessage]:
    given = settings.HUBSPOT_CLIENT_ID
    if given and not re.fullmatch(_UUID, given):
        hint = f"It has the form 8-4-4-4-12; what is only a number is the app id. {_APP_PAGE}"
        yield Caution("HUBSPOT_CLIENT_ID does not look like a client id.", hint=hint, id="hubapp.W010")
    if given and given == settings.HUBSPOT_CLIENT_SECRET:
        yield Error("HUBSPOT_CLIENT_SECRET is the client id.", hint=_APP_PAGE, id="hubapp.E011")
    previous = settings.HUBSPOT_CLIENT_SECRET_PREVIOUS
    if previous and previous == settings.HUBSPOT_CLIENT_SECRET:
        hint = "Put the new secret in HUBSPOT_CLIENT_SECRET, or remove HUBSPOT_CLIENT_SECRET_PREVIOUS."
        yield Caution("HUBSPOT_CLIENT_SECRET_PREVIOUS is the current secret.", hint=hint, id="hubapp.W012")


def _api_keys() -> Iterator[CheckMessage]:
    for name in _API_KEYS:
        if os.environ.get(name) or getattr(settings, name, None):
            hint = "HubSpot switched API keys off in 2022. This app uses OAuth; remove the variable."
            yield Caution(f"{name} is set, and nothing reads it.", hint=hint, id="hubapp.W002")


def _addresses() -> Iterator[CheckMessage]:
    if not settings.HUBSPOT_AUTHORIZE_URL.endswith(AUTHORIZE_PATH):
        hint = "Give the whole address up to the question mark, as https://app.hubspot.com/oauth/authorize."
        yield Error(f"HUBSPOT_AUTHORIZE_URL does not end in {AUTHORIZE_PATH}.", hint=hint, id="hubapp.E004")
    if settings.DEVELOPMENT:
        return
    for name in ("HUBSPOT_API_URL", "HUBSPOT_AUTHORIZE_URL"):
        url = getattr(settings, name)
        if not url.startswith("https://"):
            hint = "Tokens and codes would travel readable. Remove the variable to use HubSpot's own address."
            yield Error(f"{name} does not begin with https://.", hint=hint, id="hubapp.E013")
        elif not re.search(r"\.(hubapi|hubspot)\.com$", urlsplit(url).hostname or ""):
            hint = "An emulator or a proxy would get every token. Remove the variable to use HubSpot's own address."
            yield Caution(f"{name} is not an address of HubSpot's.", hint=hint, id="hubapp.W014")


def _way_out() -> Iterator[CheckMessage]:
    try:
        proxy_of_the_environment()
    except ValueError as error:
        hint = "Calls to HubSpot go out through it, and would all fail. Correct it, or remove the variable."
        yield Error(f"{error}.", hint=hint, id="hubapp.E034")


def _redirect() -> Iterator[CheckMessage]:
    """Where HubSpot sends people and webhooks."""
    url = urlsplit(settings.PUBLIC_URL)
    if not settings.DEVELOPMENT and url.scheme != "https":
        hint = "HubSpot sends codes and webhooks there; it accepts no other."
        yield Error("PUBLIC_URL does not begin with https://.", hint=hint, id="hubapp.E003")
    elif problem := redirect_problem(install.redirect_uri()):
        kind = Caution if settings.DEVELOPMENT else Error
        hint = "PUBLIC_URL must be what is registered with the app at HubSpot; for development http://localhost."
        yield kind(problem, hint=hint, id="hubapp.E015")
    if not validate_host(url.hostname or "", settings.ALLOWED_HOSTS):
        hint = f"Add {url.hostname}, or leave ALLOWED_HOSTS out. HubSpot's webhooks would be answered with 400."
        yield Error("ALLOWED_HOSTS lacks the host of PUBLIC_URL.", hint=hint, id="hubapp.E016")


def _scopes() -> Iterator[CheckMessage]:
    asked = Counter([*settings.HUBSPOT_SCOPES, *settings.HUBSPOT_OPTIONAL_SCOPES])
    if "oauth" not in settings.HUBSPOT_SCOPES:
        hint = "It is the one scope that every app needs, and with which people sign in."
        yield Error("HUBSPOT_SCOPES lacks the scope oauth.", hint=hint, id="hubapp.E005")
    for scope, count in asked.items():
        if scope not in KNOWN:
            near = " or ".join(get_close_matches(scope, KNOWN, n=2))
            hint = f"Did you mean {near}?" if near else "HubSpot refuses every install that asks for one it lacks."
            yield Caution(f"HubSpot's specifications name no scope {scope}.", hint=hint, id="hubapp.W017")
        if count > 1:
            hint = "Have it in HUBSPOT_SCOPES or in HUBSPOT_OPTIONAL_SCOPES, once."
            yield Caution(f"The scope {scope} is asked for {count} times.", hint=hint, id="hubapp.W018")
    for object_type in OBJECT_TYPES:
        if object_type.scope not in asked:
            hint = f"Add {object_type.scope} to HUBSPOT_SCOPES, or to HUBSPOT_OPTIONAL_SCOPES."
            problem = f"No portal will have its {object_type.plural} mirrored: nobody is asked for the scope."
            yield Caution(problem, hint=hint, id="hubapp.W019")


def _version() -> Iterator[CheckMessage]:
    version = settings.HUBSPOT_API_VERSION
    hint = f"Leave HUBSPOT_API_VERSION out to use {API_VERSION}, the one we were tested with."
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", version, re.ASCII):
        named = f"HubSpot names its versions by year and month, as 2026-03. {hint}"
        yield Error(f"HUBSPOT_API_VERSION is {version!r}.", hint=named, id="hubapp.E006")
    elif version not in SPOKEN_VERSIONS:
        spoken = " and ".join(sorted(SPOKEN_VERSIONS))
        yield Error(
            f"HUBSPOT_API_VERSION is {version}; this client speaks {spoken}.",
            hint=f"Older ones lack the token endpoint, newer ones may differ. {hint}",
            id="hubapp.E020",
        )
    elif version != API_VERSION:
        yield Caution(f"HUBSPOT_API_VERSION is {version}.", hint=hint, id="hubapp.W021")
