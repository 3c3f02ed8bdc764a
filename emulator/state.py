"""What is in the emulator, in figures."""

from __future__ import annotations

from typing import Any

from emulator.instants import iso
from emulator.portals import Portal
from emulator.world import Emulator


def describe(emulator: Emulator) -> dict[str, Any]:
    with emulator.lock:
        return {
            "virtual_now": iso(emulator.clock.now_ms()),
            "apps": [
                {"client_id": app.client_id, "app_id": app.app_id, "name": app.name} for app in emulator.apps.values()
            ],
            "portals": [_portal(emulator, portal) for portal in emulator.portals.values()],
        }


def _portal(emulator: Emulator, portal: Portal) -> dict[str, Any]:
    """`associations` counts associated pairs of records, `pending_deliveries` events."""
    with portal.crm.lock:
        records = {table.kind.plural: len(table) for table in portal.crm.tables.values()}
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
