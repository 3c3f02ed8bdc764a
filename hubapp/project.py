"""The app as a HubSpot project: what its configuration files say, from our settings and what our code subscribes to.

Shapes: HubSpot's templates (github.com/HubSpot/hubspot-project-components, 2026.03), its pages "App configuration" and
"Configure webhooks". Whatever we do not derive stays as somebody wrote it there: name, description, support, extra
redirect URLs, allowed addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings

from crm.subscriptions import Subscription, subscriptions
from hubspot_api.app_webhooks import FEWEST_CONCURRENT
from installations.connecting import install
from webhooks.target import target_url

from . import project_card

Json = dict[str, Any]

PROJECT = "hsproject.json"
APP = "src/app/app-hsmeta.json"
WEBHOOKS = "src/app/webhooks/webhooks-hsmeta.json"
PLATFORM_VERSION = "2026.03"
ARRAYS = ("crmObjects", "legacyCrmObjects", "hubEvents")


def files(earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return each file's content by its path: a JSON object, or the text of a source file.

    `earlier` has those of the version before, if there was one.
    """
    return {
        PROJECT: {"name": "hubapp", "srcDir": "src"} | earlier.get(PROJECT, {}) | {"platformVersion": PLATFORM_VERSION},
        APP: _app(earlier.get(APP, {})),
        WEBHOOKS: _webhooks(earlier.get(WEBHOOKS, {})),
        **project_card.files(earlier),
    }


def paused(content: Mapping[str, Any]) -> list[str]:
    """Return, in words, the subscriptions that stay although nothing wants them any more."""
    return [in_words(entry) for _, entry in entries(content[WEBHOOKS]) if not entry.get("active")]


def entries(webhooks: Json) -> Iterable[tuple[str, Json]]:
    """Yield every subscription of a webhooks file with the array it is in."""
    arrays = webhooks.get("config", {}).get("subscriptions", {})
    return [(array, entry) for array in ARRAYS for entry in arrays.get(array, [])]


def in_words(entry: Json) -> str:
    """For people: `contact.propertyChange email`."""
    names = (entry.get(name) for name in ("subscriptionType", "objectType", "propertyName"))
    return " ".join(filter(None, names))


def _app(earlier: Json) -> Json:
    before = earlier.get("config", {})
    usual: Json = {
        "name": "hubapp",
        "description": "A live mirror of contacts, companies, deals and tickets.",
        "distribution": "marketplace",
        "permittedUrls": {"fetch": ["https://api.hubapi.com"], "iframe": [], "img": []},
    }
    return {
        "uid": earlier.get("uid", "hubapp"),
        "type": "app",
        "config": usual
        | before
        | {
            "auth": _auth(before.get("auth", {}).get("redirectUrls", [])),
            "permittedUrls": project_card.permitted(before.get("permittedUrls", usual["permittedUrls"])),
        },
    }


def _auth(earlier_urls: list[str]) -> Json:
    """`oauth` alone is required, so that signing in can ask for nothing else; see HUBSPOT_SCOPES."""
    return {
        "type": "oauth",
        "redirectUrls": list(dict.fromkeys([install.redirect_uri(), *earlier_urls])),
        "requiredScopes": ["oauth"],
        "optionalScopes": list(settings.HUBSPOT_OPTIONAL_SCOPES),
        "conditionallyRequiredScopes": [scope for scope in settings.HUBSPOT_SCOPES if scope != "oauth"],
    }


def _webhooks(earlier: Json) -> Json:
    most = earlier.get("config", {}).get("settings", {}).get("maxConcurrentRequests", FEWEST_CONCURRENT + 4)
    return {
        "uid": earlier.get("uid", "webhooks"),
        "type": "webhooks",
        "config": {
            "settings": {"targetUrl": target_url(), "maxConcurrentRequests": most},
            "subscriptions": _subscriptions(earlier),
        },
    }


def _subscriptions(earlier: Json) -> dict[str, list[Json]]:
    """Those we want, and switched off those we wanted once: HubSpot refuses a build that leaves one out."""
    arrays: dict[str, list[Json]] = {array: [] for array in ARRAYS}
    for wanted in subscriptions():
        arrays[_array(wanted)].append(_entry(wanted))
    for array, entry in entries(earlier):
        off = entry | {"active": False}
        if off | {"active": True} not in arrays[array] and off not in arrays[array]:
            arrays[array].append(off)
    return arrays


def _array(wanted: Subscription) -> str:
    """The classic events of records go by themselves; privacy deletion and conversations are the account's."""
    is_hub_event = wanted.event_type == "contact.privacyDeletion" or wanted.event_type.startswith("conversation.")
    return "hubEvents" if is_hub_event else "legacyCrmObjects"


def _entry(wanted: Subscription) -> Json:
    name = {"propertyName": wanted.property_name} if wanted.property_name else {}
    return {"subscriptionType": wanted.event_type, **name, "active": True}
