"""HubSpot's host names, and which region of the emulator answers for them."""

from __future__ import annotations

from collections.abc import Iterable

# Of the domains that the certificates are for, and no others.
DOMAINS = ("hubapi.com", "hubspot.com")

_GLOBAL = ("api.hubapi.com", "api.hubspot.com", "app.hubspot.com")


def hublet_of_hosts(hublets: Iterable[str]) -> dict[str, str]:
    """Every host name served, and its region; the first region is the global host's."""
    names = list(hublets)
    hosts = dict.fromkeys(_GLOBAL, names[0])
    for hublet in names:
        for host in _GLOBAL:
            area, _, domain = host.partition(".")
            hosts[f"{area}-{hublet}.{domain}"] = hublet
    return hosts
