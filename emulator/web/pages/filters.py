"""Filters that several lists have: by account, by app, by the kind of answer."""

from __future__ import annotations

from collections.abc import Iterable

import falcon

from emulator.web.html import Markup
from emulator.web.pages.forms import field, select
from emulator.world import Emulator

_STATUSES = (
    ("", "All answers"),
    ("2", "2xx success"),
    ("3", "3xx redirect"),
    ("4", "4xx refused"),
    ("429", "429 too many"),
    ("5", "5xx failed"),
    ("none", "No answer"),
)


def filter_of(req: falcon.Request, names: Iterable[str]) -> dict[str, str]:
    return {name: (req.get_param(name) or "").strip() for name in names}


def account_filter(emulator: Emulator, chosen: str) -> Markup:
    accounts = [(str(portal.hub_id), f"{portal.name} ({portal.hub_id})") for portal in list(emulator.portals.values())]
    return field("Account", select("hub_id", [("", "All accounts"), *accounts], chosen))


def app_filter(emulator: Emulator, chosen: str) -> Markup:
    apps = [(str(app_id), name) for app_id, name in app_names(emulator).items()]
    return field("App", select("app_id", [("", "All apps"), *apps], chosen))


def app_names(emulator: Emulator) -> dict[int, str]:
    return {app.app_id: app.name for app in list(emulator.apps.values())}


def status_filter(chosen: str) -> Markup:
    return field("Answer", select("status", _STATUSES, chosen))


def matches_status(status: int | None, wanted: str) -> bool:
    """By class, by the status itself, or those that had no answer."""
    if wanted == "none":
        return not status
    return not wanted or str(status or "none").startswith(wanted)
