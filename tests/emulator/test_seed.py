"""Seeded data: always the same for the same seed, whole, and believable enough for the API's own checks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator import Emulator
from emulator.clock import Clock
from emulator.control.portals import read_portal
from emulator.crm.catalog import STANDARD
from emulator.crm.object_types import COMPANY, CONTACT, CORE, DEAL, TICKET
from emulator.seed.demo import demo
from emulator.seed.others import seedable
from emulator.world import Emulator as World
from tests.emulator.hub import Hub


def still() -> Clock:
    return Clock(lambda: 1_795_000_000_000)


def seeded(hub_id: int = 5, random_seed: int = 1, **seed: int) -> Hub:
    hub = Hub()
    hub.control("POST", "portals", {"hub_id": hub_id, "random_seed": random_seed, "seed": seed})
    return hub


def content(hub: Hub, hub_id: int = 5) -> str:
    [portal] = [each for each in hub.control("GET", "snapshot")["portals"] if each["hub_id"] == hub_id]
    return json.dumps([portal["tables"], portal["links"]])


def test_the_same_seed_gives_the_same_data_and_another_seed_other() -> None:
    counts = {"contacts": 50, "companies": 10, "deals": 10, "tickets": 10}
    assert content(seeded(**counts)) == content(seeded(**counts))
    assert content(seeded(**counts)) != content(seeded(random_seed=2, **counts))


def test_the_counts_are_exact() -> None:
    hub = seeded(contacts=33, companies=7, deals=5, tickets=3)
    [portal] = hub.control("GET", "state")["portals"]
    assert portal["records"] == {"contacts": 33, "companies": 7, "deals": 5, "tickets": 3}
    assert portal["associations"] > 33


def test_ids_overlap_between_portals_and_kinds() -> None:
    hub = seeded(contacts=5, companies=5)
    hub.control("POST", "portals", {"hub_id": 6, "seed": {"contacts": 5}})
    first = {table.live[0] for portal in hub.emulator.portals.values() for table in portal.crm.tables.values() if table}
    assert first == {101}


@pytest.mark.parametrize("kind", [CONTACT, COMPANY, DEAL, TICKET])
def test_every_seeded_value_could_have_been_written(kind: Any) -> None:
    emulator = Emulator(clock=still(), seed=demo)
    for portal in emulator.portals.values():
        values = portal.crm.values(kind)
        for record in portal.crm.table(kind).records.values():
            assert values.clean(record.values, {}) == record.values
            assert record.created_at <= record.updated_at <= emulator.clock.now_ms()


def test_the_demonstration_has_three_accounts_one_of_them_in_europe() -> None:
    emulator = Emulator(clock=still(), seed=demo)
    assert sorted(portal.hublet for portal in emulator.portals.values()) == ["eu1", "na1", "na1"]
    for portal in emulator.portals.values():
        assert [user.super_admin for user in portal.users] == [True, False, False]
        assert all(len(portal.crm.table(kind)) > 20 for kind in CORE)
        addresses = [record.values["email"] for record in portal.crm.table(CONTACT).records.values()]
        assert len(set(addresses)) == len(addresses)


def test_the_demonstration_has_lists_and_teams() -> None:
    emulator = Emulator(clock=still(), seed=demo)
    for portal in emulator.portals.values():
        sizes = {each.name: len(each.members) for each in portal.lists.live()}
        assert len(sizes) == 4
        assert all(0 < size < 1_250 for size in sizes.values()), sizes
        assert all(portal.teams.of_user(user.user_id, "DEFAULT") for user in portal.users)


def test_contacts_work_for_the_company_that_they_name() -> None:
    emulator = Emulator(clock=still(), seed=demo)
    portal = next(iter(emulator.portals.values()))
    employed = 0
    for contact in portal.crm.table(CONTACT).records.values():
        for company_id, types in portal.crm.links.targets(CONTACT, contact.id, COMPANY).items():
            company = portal.crm.table(COMPANY).records[company_id]
            assert types == (1, 279)
            assert contact.values["company"] == company.values["name"]
            assert contact.values["email"].endswith("@" + company.values["domain"])
            employed += 1
    assert employed > 300


def test_seeding_tells_nobody(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.control("POST", "portals", {"hub_id": 6, "seed": {"contacts": 50}})
    hub.install(6, user_id=6)
    assert hub.events() == []


def test_seeding_a_hundred_thousand_records_is_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each index is built once, not per record."""
    from emulator.crm import records

    rebuilds = 0
    rebuild = records.ModifiedLog.rebuild

    def counting(log: records.ModifiedLog) -> None:
        nonlocal rebuilds
        rebuilds += 1
        rebuild(log)

    monkeypatch.setattr(records.ModifiedLog, "rebuild", counting)
    hub = seeded(contacts=20_000)
    assert rebuilds == 4
    assert isinstance(hub.emulator, World)


OTHERS = ["notes", "tasks", "calls", "emails", "meetings", "leads", "line_items", "products", "quotes", "deal_splits"]


def test_every_other_kind_can_be_seeded_with_values_that_could_have_been_written() -> None:
    emulator = Emulator(clock=still())
    kinds = [kind for kind in STANDARD if kind not in CORE and seedable(kind)]
    portal = read_portal(
        emulator, {"hub_id": 5, "seed": {"contacts": 20, "companies": 5, "deals": 5} | {k.plural: 6 for k in kinds}}
    )
    assert len(kinds) > 20
    for kind in kinds:
        values, table = portal.crm.values(kind), portal.crm.table(kind)
        assert len(table) == 6
        for record in table.records.values():
            assert values.clean(record.values, {}) == record.values
            assert all(record.values.get(name) for name in kind.needs_all_of)


def test_activities_and_leads_are_about_somebody() -> None:
    hub = seeded(contacts=20, companies=5, deals=5, tickets=5, **dict.fromkeys(OTHERS, 10))
    crm = hub.emulator.portals[5].crm
    for plural in ("notes", "tasks", "calls", "emails", "meetings"):
        kind = crm.object_type(plural)
        for record_id in crm.table(kind).live:
            assert crm.links.targets(kind, record_id, CONTACT)
    lead = crm.object_type("leads")
    primary = crm.association_types[578].key
    assert all(primary in next(iter(crm.links.targets(lead, n, CONTACT).values())) for n in crm.table(lead).live)


def test_ids_of_seeded_activities_do_not_meet() -> None:
    hub = seeded(contacts=3, notes=30, tasks=30, meetings=30)
    crm = hub.emulator.portals[5].crm
    ids = [number for plural in ("notes", "tasks", "meetings") for number in crm.table(crm.object_type(plural)).live]
    assert len(ids) == len(set(ids)) == 90


def test_users_are_no_data_to_be_seeded() -> None:
    answer = Hub().http.post("/_emulator/portals", json={"hub_id": 5, "seed": {"users": 3}})
    assert answer.status_code == 400
