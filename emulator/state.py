"""What is in the emulator, in figures."""

from __future__ import annotations

from typing import Any

from emulator.crm.catalog.library import USERS
from emulator.crm.object_types import CORE
from emulator.crm.store import Crm
from emulator.instants import iso
from emulator.portals import Portal
from emulator.world import Emulator


def describe(emulator: Emulator) -> dict[str, Any]:
    with emulator.lock:
        return {
            "virtual_now": iso(emulator.clock.now_ms()),
            "apps": [
                {
                    "client_id": app.client_id,
                    "app_id": app.app_id,
                    "name": app.name,
                    "journal": emulator.journals.figures(app.client_id),
                }
                for app in emulator.apps.values()
            ],
            "portals": [_portal(emulator, portal) for portal in emulator.portals.values()],
        }


def record_counts(crm: Crm) -> dict[str, int]:
    """The four kinds that everybody uses, and what else there is. The users are people, not data."""
    kinds = {kind.plural: len(crm.table(kind)) for kind in crm.types if kind is not USERS.kind}
    always = {kind.plural for kind in CORE}
    return {plural: count for plural, count in kinds.items() if count or plural in always}


def _portal(emulator: Emulator, portal: Portal) -> dict[str, Any]:
    """`associations` counts associated pairs of records, `pending_deliveries` events."""
    with portal.crm.lock:
        records = record_counts(portal.crm)
        associations = portal.crm.links.count // 2
    return {
        "hub_id": portal.hub_id,
        "name": portal.name,
        "hublet": portal.hublet,
        "records": records,
        "associations": associations,
        "installs": [
            {
                "client_id": install.client_id,
                "app_id": emulator.apps[install.client_id].app_id if install.client_id in emulator.apps else None,
                "user_id": install.user_id,
                "installed_at": iso(install.installed_at),
                "scopes": sorted(install.approved),
            }
            for install in emulator.grants.installs.values()
            if install.hub_id == portal.hub_id
        ],
        "pending_deliveries": emulator.deliveries.pending(portal.hub_id),
    }
