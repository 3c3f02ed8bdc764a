"""What HubSpot's build, or its install page, would refuse in a project's files. Pure.

Sources: HubSpot's pages "App configuration", "Scopes", "Configure webhooks", "Working with OAuth" and "New limits for
developer accounts"; refused builds that developers reported.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from crm.object_types import BY_NAME
from hubspot_api.app_webhooks import FEWEST_CONCURRENT, MOST

from .project import APP, PROJECT, WEBHOOKS, entries, in_words
from .project_card import CARD

Json = dict[str, Any]
_LONGEST = {"name": 200, "description": 8192}
_LOCATIONS = ("crm.record.sidebar", "crm.record.tab", "crm.preview", "helpdesk.sidebar")
_SCOPE_LISTS = ("requiredScopes", "conditionallyRequiredScopes", "optionalScopes")


def problems(files: Mapping[str, Any]) -> list[str]:
    """Return what would be refused, a sentence each; empty: nothing that we know of."""
    app, webhooks = files[APP], files[WEBHOOKS]
    return [
        *_of_project(files[PROJECT]),
        *_of_uids({path: files[path] for path in (APP, WEBHOOKS, CARD) if path in files}),
        *_of_app(app["config"]),
        *_of_settings(webhooks["config"]["settings"]),
        *_of_subscriptions(webhooks, app["config"]["auth"]),
        *(_of_card(files[CARD], app["config"]) if CARD in files else []),
    ]


def redirect_problem(url: str) -> str | None:
    """Return why HubSpot would not take a redirect URL: https only but for localhost, and a domain, no IP address."""
    parts = _parts(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and host == "localhost"):
        return f"The redirect URL {url} must begin with https:// (http:// is taken for localhost only)."
    if not host or _is_address(host):
        return f"The redirect URL {url} needs a domain; HubSpot takes no IP address."
    return None


def target_problem(url: str) -> str | None:
    """Return why HubSpot would not send webhooks there."""
    parts = _parts(url)
    if parts.scheme != "https" or not parts.hostname:
        return f"The webhook target {url} must begin with https://. Set PUBLIC_URL to the app's public address."
    return None


def _parts(url: str) -> SplitResult:
    """Return an address' parts, all empty of what is none: "https://[", for one."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _of_project(project: Json) -> Iterator[str]:
    if project.get("srcDir") != "src":
        yield f"{PROJECT} has srcDir {project.get('srcDir')!r}; the files are written below src."


def _of_uids(components: Mapping[str, Json]) -> Iterator[str]:
    for path, content in components.items():
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", str(content["uid"])):
            yield f"The uid of {path} may have 64 letters, digits, _, . and - at most."
    counted = Counter(str(content["uid"]) for content in components.values())
    for uid in (uid for uid, count in counted.items() if count > 1):
        same = " and ".join(path for path, content in components.items() if str(content["uid"]) == uid)
        yield f"{same} have the same uid; each component needs its own."


def _of_card(card: Json, app: Json) -> Iterator[str]:
    """HubSpot's pages "App cards reference" and "Fetching data": https, and no localhost."""
    location = card["config"]["location"]
    if location not in _LOCATIONS:
        yield f"The card's location is {location!r}; on records HubSpot knows {', '.join(_LOCATIONS)}."
    if not card["config"]["objectTypes"]:
        yield "The card names no objectTypes: it would be on no record."
    for url in (*app["permittedUrls"]["fetch"], *app["permittedUrls"]["iframe"]):
        parts = _parts(url)
        if parts.scheme != "https" or parts.hostname in {None, "localhost"}:
            yield f"The permitted URL {url} must begin with https:// and may not be localhost."


def _of_app(config: Json) -> Iterator[str]:
    for name, longest in _LONGEST.items():
        if not 0 < len(str(config[name])) <= longest:
            yield f"The app's {name} must have 1 to {longest} characters."
    if config["distribution"] not in ("marketplace", "private"):
        yield f"distribution is {config['distribution']!r}; HubSpot knows marketplace and private."
    yield from filter(None, map(redirect_problem, config["auth"]["redirectUrls"]))
    yield from _of_scopes(config["auth"])


def _of_scopes(auth: Json) -> Iterator[str]:
    counted = Counter(scope for name in _SCOPE_LISTS for scope in auth[name])
    for scope, count in counted.items():
        if count > 1:
            yield f"The scope {scope} is asked for {count} times; it is either required or optional, and once."


def _of_settings(settings: Json) -> Iterator[str]:
    yield from filter(None, [target_problem(settings["targetUrl"])])
    most = settings["maxConcurrentRequests"]
    if not isinstance(most, int) or most < FEWEST_CONCURRENT:
        yield f"maxConcurrentRequests is {most!r}; HubSpot takes whole numbers greater than five."


def _of_subscriptions(webhooks: Json, auth: Json) -> Iterator[str]:
    found = [entry for _, entry in entries(webhooks)]
    if len(found) > MOST:
        yield f"There are {len(found)} subscriptions, paused ones included; HubSpot allows {MOST}."
    for scope in _missing_scopes(found, [scope for name in _SCOPE_LISTS for scope in auth[name]]):
        about = next(in_words(entry) for entry in found if _scope_of(entry) == scope)
        yield f"{about} needs the scope {scope}, which is neither in HUBSPOT_SCOPES nor in HUBSPOT_OPTIONAL_SCOPES."


def _missing_scopes(found: Sequence[Json], scopes: Sequence[str]) -> list[str]:
    needed = dict.fromkeys(filter(None, map(_scope_of, found)))
    return [scope for scope in needed if scope not in scopes]


def _scope_of(entry: Json) -> str | None:
    """None: a type that we do not mirror; HubSpot will say."""
    object_type = BY_NAME.get(entry.get("objectType") or str(entry.get("subscriptionType")).partition(".")[0])
    return object_type.scope if object_type else None
