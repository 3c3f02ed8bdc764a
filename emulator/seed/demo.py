"""The accounts of the demonstration: two in North America, one in Europe."""

from __future__ import annotations

from emulator.crm.object_types import DEAL
from emulator.crm.owners import User
from emulator.crm.pipelines import Pipeline, deal_stages
from emulator.portals import new_portal
from emulator.seed.lists import add_lists, add_teams
from emulator.seed.portal import fill
from emulator.world import Emulator

_RENEWALS = Pipeline(
    "68214411",
    "Renewals",
    deal_stages(
        ("129734801", "Renewal due", "0.5"),
        ("129734802", "Offer sent", "0.7"),
        ("129734803", "Renewed", "1.0"),
        ("129734804", "Lapsed", "0.0"),
    ),
    1,
)


def demo(emulator: Emulator) -> None:
    _add(
        emulator,
        48_975_575,
        "Brightwater Coffee Roasters",
        "na1",
        "professional",
        "US/Eastern",
        "brightwater.example",
        ("grace.ferreira", "omar.haddad", "lena.kowalski"),
        {"contacts": 420, "companies": 90, "deals": 130, "tickets": 75},
    )
    _add(
        emulator,
        50_249_912,
        "Juniper Outfitters",
        "na1",
        "enterprise",
        "US/Pacific",
        "juniper-outfitters.example",
        ("theo.nakamura", "ruth.okafor", "carlos.vega"),
        {"contacts": 1_250, "companies": 240, "deals": 310, "tickets": 160},
        _RENEWALS,
    )
    _add(
        emulator,
        145_883_449,
        "Lindenhof Maschinenbau",
        "eu1",
        "starter",
        "Europe/Berlin",
        "lindenhof.example",
        ("greta.hoffmann", "emil.krueger", "anika.sorensen"),
        {"contacts": 180, "companies": 60, "deals": 55, "tickets": 40},
    )


def _add(
    emulator: Emulator,
    hub_id: int,
    name: str,
    hublet: str,
    tier: str,
    time_zone: str,
    domain: str,
    people: tuple[str, ...],
    counts: dict[str, int],
    *pipelines: Pipeline,
) -> None:
    """The first of the people is a super admin, the others are ordinary users."""
    users = [
        User(75_514_700 + hub_id % 97 + place * 11, f"{who}@{domain}", place == 0) for place, who in enumerate(people)
    ]
    portal = new_portal(
        hub_id,
        emulator.clock,
        name=name,
        hublet=hublet,
        tier=tier,
        time_zone=time_zone,
        users=users,
        ui_origin=emulator.ui_origin(hublet),
        search_lag_ms=emulator.options.search_lag_ms,
    )
    for pipeline in pipelines:
        portal.crm.pipelines.add(DEAL.type_id, pipeline)
    fill(portal, counts, hub_id)
    add_lists(portal)
    add_teams(portal)
    emulator.add_portal(portal)
