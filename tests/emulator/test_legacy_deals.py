"""Deals v1 tell of the same records as v3."""

from __future__ import annotations

from emulator.crm.object_types import COMPANY, CONTACT, DEAL
from emulator.instants import parse_instant
from tests.emulator.hub import HUB, Hub
from tests.emulator.legacy import full as full  # the fixture
from tests.emulator.legacy import pages


def test_all_deals_with_everything(full: Hub) -> None:
    answers = pages(
        full,
        "/deals/v1/deal/paged",
        "hasMore",
        {"offset": "offset"},
        limit=100,
        includeAssociations="True",
        includeAllProperties="True",
        allPropertiesFetchMode="latest_version",
    )
    rows = [row for answer in answers for row in answer["deals"]]
    crm = full.emulator.portals[HUB].crm
    assert [row["dealId"] for row in rows] == list(crm.table(DEAL).live)
    for row in rows:
        record = crm.table(DEAL).records[row["dealId"]]
        assert record.values.keys() <= row["properties"].keys()
        assert row["properties"]["closedate"]["value"] == str(parse_instant(record.values["closedate"]))
        assert row["properties"]["hs_is_closed"]["value"] in ("true", "false")
        assert row["associations"]["associatedVids"] == sorted(crm.links.targets(DEAL, record.id, CONTACT))
        assert row["associations"]["associatedCompanyIds"] == sorted(crm.links.targets(DEAL, record.id, COMPANY))
    assert any(row["associations"]["associatedCompanyIds"] for row in rows)


def test_deals_without_asking_for_anything(full: Hub) -> None:
    row = full.get("/deals/v1/deal/paged", limit=1, includeAssociations="False").json()["deals"][0]
    assert row["properties"] == {}
    assert "associations" not in row
    named = full.get("/deals/v1/deal/paged", limit=1, properties=["dealname", "nonsense"]).json()["deals"][0]
    assert named["properties"].keys() == {"dealname"}


def test_one_deal_with_its_versions(hub: Hub) -> None:
    deal = hub.create("deals", dealname="A", dealstage="contractsent")
    hub.time.pass_(9)
    hub.call("PATCH", f"/crm/v3/objects/deals/{deal}", {"properties": {"dealstage": "closedwon"}})
    stage = hub.get(f"/deals/v1/deal/{deal}").json()["properties"]["dealstage"]
    assert (stage["value"], len(stage["versions"])) == ("closedwon", 1)
    whole = hub.get(f"/deals/v1/deal/{deal}?includePropertyVersions=true").json()["properties"]
    assert [version["value"] for version in whole["dealstage"]["versions"]] == ["closedwon", "contractsent"]
