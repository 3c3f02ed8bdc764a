"""The three HubSpot accounts of the demo, one of them in the EU."""

from __future__ import annotations

from typing import Any

Portal = dict[str, Any]


def _portal(hub_id: int, name: str, hublet: str, tier: str, time_zone: str, people: list[str], **seed: int) -> Portal:
    return {
        "hub_id": hub_id,
        "name": name,
        "hublet": hublet,
        "tier": tier,
        "time_zone": time_zone,
        "users": [
            {"user_id": hub_id * 10 + place, "email": email, "super_admin": place == 1}
            for place, email in enumerate(people, start=1)
        ],
        "seed": seed,
        "random_seed": hub_id,
    }


DEMO_PORTALS: tuple[Portal, ...] = (
    _portal(
        24867301,
        "Harbour Coffee Roasters",
        "na1",
        "professional",
        "America/New_York",
        ["ada@harbourcoffee.example", "ben@harbourcoffee.example"],
        contacts=1200,
        companies=300,
        deals=400,
        tickets=150,
    ),
    _portal(
        146203917,
        "Nordlicht Solar GmbH",
        "eu1",
        "enterprise",
        "Europe/Berlin",
        ["clara@nordlicht.example", "dirk@nordlicht.example"],
        contacts=500,
        companies=120,
        deals=160,
        tickets=60,
    ),
    _portal(
        45510288,
        "Pine Street Bikes",
        "na1",
        "starter",
        "America/Los_Angeles",
        ["emma@pinestreet.example"],
        contacts=40,
        companies=10,
        deals=12,
        tickets=8,
    ),
)
