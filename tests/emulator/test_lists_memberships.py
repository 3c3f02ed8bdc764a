"""Who is on a list: by hand, page by page, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.crm.changes import MembershipChanged, Write
from tests.emulator.hub import APP_ID, HUB, Hub, created
from tests.emulator.test_lists import BASE, all_of, make, prop
from tests.emulator.test_lists import hub as hub  # the fixture

Json = dict[str, Any]


def contacts(hub: Hub, count: int) -> list[str]:
    return [row["id"] for row in hub.change(*(created() for _ in range(count)))]


def members(hub: Hub, list_id: str, **query: Any) -> list[str]:
    answer = hub.get(f"{BASE}/{list_id}/memberships", **query)
    assert answer.status_code == 200, answer.text
    return [row["recordId"] for row in answer.json()["results"]]


def change(hub: Hub, list_id: str, verb: str, body: Any) -> Json:
    answer = hub.call("PUT", f"{BASE}/{list_id}/memberships/{verb}", body)
    assert answer.status_code == 200, answer.text
    changed: Json = answer.json()
    return changed


def test_adding_and_removing(hub: Hub) -> None:
    one, two, three = contacts(hub, 3)
    list_id = make(hub, "Guests")["listId"]
    added = change(hub, list_id, "add", [two, one, int(one), "999999", "nonsense", "²"])
    assert added == {
        "recordsIdsAdded": [two, one],
        "recordIdsRemoved": [],
        "recordIdsMissing": ["999999", "nonsense", "²"],
    }
    assert change(hub, list_id, "add", [one])["recordsIdsAdded"] == []
    both = change(hub, list_id, "add-and-remove", {"recordIdsToAdd": [three], "recordIdsToRemove": [one, "999999"]})
    assert both == {"recordsIdsAdded": [three], "recordIdsRemoved": [one], "recordIdsMissing": ["999999"]}
    assert members(hub, list_id) == [two, three]
    assert change(hub, list_id, "remove", [two])["recordIdsRemoved"] == [two]
    assert hub.call("DELETE", f"{BASE}/{list_id}/memberships").status_code == 204
    assert members(hub, list_id) == []
    assert hub.get(f"{BASE}/{list_id}").json()["list"]["size"] == 0


def test_adding_from_another_list(hub: Hub) -> None:
    ids = contacts(hub, 3)
    source = make(hub, "Everybody", "DYNAMIC", filterBranch=all_of(prop("email", "ALL_PROPERTY", "IS_KNOWN")))
    target, companies = make(hub, "Guests"), make(hub, "Firms", kind="0-2")
    path = f"{BASE}/{target['listId']}/memberships/add-from"
    assert hub.call("PUT", f"{path}/{source['listId']}").status_code == 204
    assert members(hub, target["listId"]) == ids
    for refused in (target, companies):
        assert hub.call("PUT", f"{path}/{refused['listId']}").status_code == 400
    assert hub.call("PUT", f"{path}/77").status_code == 404


def test_a_dynamic_list_is_not_changed_by_hand(hub: Hub) -> None:
    [one] = contacts(hub, 1)
    made = make(hub, "All", "DYNAMIC", filterBranch=all_of(prop("email", "ALL_PROPERTY", "IS_KNOWN")))
    path = f"{BASE}/{made['listId']}/memberships"
    for answer in (hub.call("PUT", f"{path}/remove", [one]), hub.call("DELETE", path)):
        assert answer.status_code == 400
        assert answer.json()["subCategory"] == "ILS.INVALID_PROCESSING_TYPE"
    assert members(hub, made["listId"]) == [one]


@pytest.mark.parametrize("order", ["memberships", "memberships/join-order"])
def test_paging_forth_and_back(hub: Hub, order: str) -> None:
    ids = contacts(hub, 7)
    joined = [ids[4], ids[0], ids[6], ids[2], ids[1], ids[5], ids[3]]
    list_id = make(hub, "Guests")["listId"]
    for record_id in joined:
        change(hub, list_id, "add", [record_id])
        hub.time.pass_(1)
    expected = ids if order == "memberships" else joined
    path, seen, links = f"{BASE}/{list_id}/{order}?limit=3", [], []
    while path:
        page = hub.get(path).json()
        assert page["total"] == 7
        seen += [row["recordId"] for row in page["results"]]
        links.append(page.get("paging", {}))
        path = links[-1].get("next", {}).get("link", "").removeprefix("http://localhost:8765")
    assert seen == expected
    assert ["prev" in each for each in links] == [False, True, True]
    back = hub.get(links[-1]["prev"]["link"].removeprefix("http://localhost:8765")).json()
    assert [row["recordId"] for row in back["results"]] == expected[3:6][::-1]
    assert back["paging"]["prev"]["before"] != back["paging"]["next"]["after"]
    again = hub.get(back["paging"]["next"]["link"].removeprefix("http://localhost:8765")).json()
    assert [row["recordId"] for row in again["results"]] == expected[6:]


def test_limits_of_a_page(hub: Hub) -> None:
    list_id = make(hub, "Guests")["listId"]
    for query in ({"limit": 251}, {"limit": 0}, {"after": "tomorrow"}):
        assert hub.get(f"{BASE}/{list_id}/memberships", **query).status_code == 400


def test_the_order_of_joining_survives_leaving(hub: Hub) -> None:
    ids = contacts(hub, 60)
    list_id = make(hub, "Guests")["listId"]
    change(hub, list_id, "add", ids)
    change(hub, list_id, "remove", ids[:50])
    hub.time.pass_(10)
    change(hub, list_id, "add", [ids[0]])
    rows = hub.get(f"{BASE}/{list_id}/memberships/join-order").json()["results"]
    assert [row["recordId"] for row in rows] == [*ids[50:], ids[0]]
    assert rows[-1]["membershipTimestamp"] > rows[0]["membershipTimestamp"]
    assert members(hub, list_id) == [ids[0], *ids[50:]]


def test_the_lists_of_a_record(hub: Hub) -> None:
    one, two = contacts(hub, 2)
    first, second = make(hub, "First"), make(hub, "Second")
    change(hub, first["listId"], "add", [one])
    change(hub, second["listId"], "add", [one])
    hub.time.pass_(10)
    change(hub, first["listId"], "remove", [one])
    hub.time.pass_(10)
    change(hub, first["listId"], "add", [one])
    answer = hub.get(f"{BASE}/records/0-1/{one}/memberships").json()
    rows = {row["listId"]: row for row in answer["results"]}
    assert rows.keys() == {first["listId"], second["listId"]}
    assert rows[first["listId"]]["firstAddedTimestamp"] < rows[first["listId"]]["lastAddedTimestamp"]
    assert rows[second["listId"]]["firstAddedTimestamp"] == rows[second["listId"]]["lastAddedTimestamp"]
    assert hub.get(f"{BASE}/records/0-1/{two}/memberships").json()["results"] == []
    assert hub.get(f"{BASE}/records/0-1/999999/memberships").status_code == 404


@pytest.mark.parametrize(("base", "status"), [("/crm/v3/lists", 207), ("/crm/lists/2026-09", 200)])
def test_the_lists_of_several_records(hub: Hub, base: str, status: int) -> None:
    one, two = contacts(hub, 2)
    made = make(hub, "Guests")
    change(hub, made["listId"], "add", [one])
    inputs = [{"objectTypeId": "0-1", "recordId": each} for each in (one, two)]
    path = f"{base}/records/memberships/batch/read"
    answer = hub.post(path, {"inputs": inputs})
    assert answer.status_code == 200
    found = {row["recordId"]: row["recordListMemberships"] for row in answer.json()["results"]}
    assert [row["listId"] for row in found[one]] == [made["listId"]]
    assert found[two] == []
    partial = hub.post(path, {"inputs": [*inputs, {"objectTypeId": "0-1", "recordId": "999999"}]})
    assert partial.status_code == status
    assert partial.json()["errors"][0]["context"] == {"ids": ["999999"]}


def test_deleted_records_leave_their_lists_and_merged_ones_hand_over_their_places(hub: Hub) -> None:
    one, two, three = contacts(hub, 3)
    list_id = make(hub, "Guests")["listId"]
    change(hub, list_id, "add", [one, two])
    hub.change({"op": "archive", "object_type": "contact", "id": one})
    assert members(hub, list_id) == [two]
    hub.change({"op": "restore", "object_type": "contact", "id": one})
    assert members(hub, list_id) == [two]
    merged = hub.change({"op": "merge", "object_type": "contact", "id": two, "into": three})[0]["id"]
    assert members(hub, list_id) == [merged]
    hub.change({"op": "privacy_delete", "object_type": "contact", "id": merged})
    assert members(hub, list_id) == []


def test_memberships_are_facts_of_the_one_who_changed_them(hub: Hub) -> None:
    heard: list[Write] = []
    hub.emulator.portals[HUB].crm.publish = heard.append
    made = make(hub, "Adas", "DYNAMIC", filterBranch=all_of(prop("firstname", "STRING", "IS_EQUAL_TO", value="Ada")))
    hub.change(created(firstname="Ada"))
    record, membership = heard
    assert not any(isinstance(each, MembershipChanged) for each in record.changes)
    [fact] = membership.changes
    assert isinstance(fact, MembershipChanged)
    assert (fact.list_id, fact.added, membership.at) == (int(made["listId"]), True, record.at)
    assert membership.source.type == "CRM_UI"
    manual = make(hub, "Guests")
    change(hub, manual["listId"], "add", [str(fact.record_id)])
    assert (heard[-1].source.type, heard[-1].source.id) == ("INTEGRATION", str(APP_ID))
