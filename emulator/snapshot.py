"""Saving the whole of the emulator as JSON, and loading it again.

What is saved is HubSpot's state: time, apps, portals, grants, events not yet delivered. Ledgers, rate windows and
faults are about the wire and are not.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from emulator.control.fields import Rejected
from emulator.conversations.saved import load_conversations, save_conversations
from emulator.crm.owners import User
from emulator.crm.saved import load_crm, save_crm
from emulator.exports.saved import load_exports, save_exports
from emulator.files.saved import load_files, save_files
from emulator.imports.saved import load_imports, save_imports
from emulator.instants import iso
from emulator.journal.journals import Journals
from emulator.journal.saved import load_journals, save_journals
from emulator.legacy.sunsets import Sunsets
from emulator.lists.saved import load_lists, save_lists
from emulator.marketing.saved import load_marketing, save_marketing
from emulator.oauth.apps import App
from emulator.oauth.grants import Grants
from emulator.oauth.saved import load_card, load_grants, load_listing, load_marketplace, save_grants, save_marketplace
from emulator.portals import Portal, new_portal
from emulator.settings.saved import load_people, save_people
from emulator.webhooks.saved import (
    load_cache,
    load_settings,
    load_subscriptions,
    save_cache,
    save_settings,
    save_subscriptions,
)
from emulator.workflows.saved import load_workflows, save_workflows
from emulator.world import Emulator

FORMAT = 1

Json = dict[str, Any]


def save(emulator: Emulator) -> Json:
    with emulator.lock:
        return {
            "format": FORMAT,
            "clock_offset_ms": emulator.clock.offset_ms,
            "apps": [_app(app) for app in emulator.apps.values()],
            "portals": [_portal(portal) for portal in emulator.portals.values()],
            "grants": save_grants(emulator.grants),
            "journals": save_journals(emulator.journals),
            "marketplace": save_marketplace(emulator.marketplace),
            "moves": {str(hub_id): until for hub_id, until in emulator.moves.until.items()},
            "private_apps": emulator.private_apps,
            "workflows": save_workflows(emulator.workflows),
            "conversations": {
                str(portal.hub_id): save_conversations(portal.conversations) for portal in emulator.portals.values()
            },
            "settings_cache": save_cache(emulator.settings_cache),
            "sunsets": emulator.sunsets.as_json(),
            "events": [
                {"client_id": client_id, "hub_id": hub_id, "due": due, "event": event}
                for client_id, hub_id, due, event in emulator.deliveries.waiting()
            ],
        }


def load(emulator: Emulator, saved: Any) -> None:
    """Replace everything. A snapshot that cannot be read changes nothing.

    Raises Rejected.
    """
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise Rejected(f"not a snapshot of format {FORMAT}")
    try:
        apps = [_load_app(each) for each in saved["apps"]]
        portals = [_load_portal(emulator, each) for each in saved["portals"]]
        grants = Grants(emulator.clock)
        load_grants(grants, saved["grants"])
        journals = Journals(emulator.clock, emulator.options.journal_linger_ms)
        if "journals" in saved:
            load_journals(journals, saved["journals"])
        marketplace = load_marketplace(saved.get("marketplace", []))
        moves = {int(hub_id): int(until) for hub_id, until in saved.get("moves", {}).items()}
        events = [(str(e["client_id"]), int(e["hub_id"]), int(e["due"]), dict(e["event"])) for e in saved["events"]]
        for portal in portals:
            load_conversations(portal.conversations, saved.get("conversations", {}).get(str(portal.hub_id)))
        cached = load_cache(saved.get("settings_cache", {}))
        workflows = load_workflows(saved.get("workflows"))
        offset, private_apps = int(saved["clock_offset_ms"]), int(saved["private_apps"])
        sunsets = Sunsets()
        sunsets.move(saved.get("sunsets", {}))
        _check(apps, grants, emulator.clock.now_ms() - emulator.clock.offset_ms + offset)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as broken:
        raise Rejected(f"the snapshot is damaged: {broken!r}") from None
    with emulator.lock:
        emulator.clear()
        emulator.clock.offset_ms = offset
        emulator.private_apps = private_apps
        emulator.sunsets = sunsets
        for app in apps:
            emulator.add_app(app)
        for portal in portals:
            emulator.add_portal(portal)
        for client_id, kept in cached.items():
            emulator.settings_cache.put(client_id, kept)
        emulator.journals = journals
        emulator.adopt(grants)
        emulator.marketplace = marketplace
        emulator.moves.until.update(moves)
        emulator.workflows.replace(*workflows)
        for client_id, hub_id, due, event in events:
            emulator.deliveries.restore(client_id, hub_id, event, due)


def _check(apps: list[App], grants: Grants, now: int) -> None:
    """Whatever would only be found out later, with the state before already gone.

    Raises TypeError, ValueError or OverflowError.
    """
    iso(now)
    dict.fromkeys(app.client_id for app in apps)
    save_grants(grants)
    for install in grants.installs.values():
        iso(install.installed_at)


# -- apps --------------------------------------------------------------------------------------------------------------


def _app(app: App) -> Json:
    webhooks = {"subscriptions": save_subscriptions(app.subscriptions), "webhook": save_settings(app.webhook)}
    listing, card = (vars(each) if each else None for each in (app.listing, app.card))
    return {**vars(app), **webhooks, "listing": listing, "card": card}


def _load_app(saved: Json) -> App:
    lists = ("redirect_uris", "required_scopes", "conditional_scopes", "optional_scopes", "allowed_portals")
    return App(
        **{
            **saved,
            **{name: tuple(saved.get(name, ())) for name in lists},
            "subscriptions": load_subscriptions(saved["subscriptions"]),
            "webhook": load_settings(saved["webhook"]),
            "listing": load_listing(saved.get("listing")),
            "card": load_card(saved.get("card")),
        }
    )


# -- portals -----------------------------------------------------------------------------------------------------------


def _portal(portal: Portal) -> Json:
    with portal.crm.lock:
        return {
            "hub_id": portal.hub_id,
            "name": portal.name,
            "hublet": portal.hublet,
            "tier": portal.tier,
            "time_zone": portal.time_zone,
            "account_type": portal.account_type,
            "api_limit_increases": portal.api_limit_increases,
            "created_at": portal.created_at,
            "marketing": save_marketing(portal.marketing),
            "search_lag_ms": portal.crm.search_lag_ms,
            "users": [asdict(user) for user in portal.users],
            **save_crm(portal.crm),
            "lists": save_lists(portal.lists),
            "people": save_people(portal),
            "exports": save_exports(portal.exports),
            "imports": save_imports(portal.imports),
            "files": save_files(portal.files),
        }


def _load_portal(emulator: Emulator, saved: Json) -> Portal:
    portal = new_portal(
        saved["hub_id"],
        emulator.clock,
        name=saved["name"],
        hublet=saved["hublet"],
        tier=saved["tier"],
        time_zone=saved["time_zone"],
        users=[User(**each) for each in saved["users"]],
        ui_origin=emulator.ui_origin(saved["hublet"]),
        search_lag_ms=saved["search_lag_ms"],
        created_at=saved["created_at"],
        account_type=saved.get("account_type", "STANDARD"),
    )
    portal.api_limit_increases = saved.get("api_limit_increases", 0)
    load_crm(portal.crm, saved)
    load_people(portal, saved.get("people"))
    load_exports(portal.exports, saved.get("exports"))
    load_imports(portal.imports, portal.crm, saved.get("imports"))
    load_files(portal.files, saved.get("files"))
    load_lists(portal.lists, saved.get("lists"))
    load_marketing(portal.marketing, saved.get("marketing", {}))
    return portal
