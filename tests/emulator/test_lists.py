"""Lists: their life, search, folders, scopes, snapshots."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import APP_ID, CRM_SCOPES, HUB, Hub, created

Json = dict[str, Any]
SCOPES = ["oauth", *CRM_SCOPES, "crm.lists.read", "crm.lists.write"]
BASES = ["/crm/v3/lists", "/crm/lists/2025-09", "/crm/lists/2026-03", "/crm/lists/2026-09"]
BASE = "/crm/v3/lists"


@pytest.fixture
def hub(bare: Hub) -> Hub:
    bare.app(conditional_scopes=[*CRM_SCOPES, "crm.lists.read", "crm.lists.write"])
    bare.install(scopes=SCOPES)
    return bare


def all_of(*filters: Json) -> Json:
    """The least that HubSpot takes: an OR of one AND."""
    inner = {"filterBranchType": "AND", "filterBranchOperator": "AND", "filterBranches": [], "filters": list(filters)}
    return {"filterBranchType": "OR", "filterBranchOperator": "OR", "filterBranches": [inner], "filters": []}


def prop(name: str, type_: str, operator: str, **operation: Any) -> Json:
    return {
        "filterType": "PROPERTY",
        "property": name,
        "operation": {"operationType": type_, "operator": operator, **operation},
    }


def make(hub: Hub, name: str, type_: str = "MANUAL", *, kind: str = "0-1", **more: Any) -> Json:
    body = {"name": name, "objectTypeId": kind, "processingType": type_} | more
    answer = hub.post(BASE, body)
    assert answer.status_code == 200, answer.text
    made: Json = answer.json()["list"]
    return made


@pytest.mark.parametrize("base", BASES)
def test_a_list_is_made_and_read(hub: Hub, base: str) -> None:
    made = hub.post(f"{base}/", {"name": "Guests", "objectTypeId": "0-1", "processingType": "MANUAL"}).json()["list"]
    assert made["listVersion"] == 1
    assert (made["processingType"], made["processingStatus"]) == ("MANUAL", "COMPLETE")
    assert made["createdById"] == "101"
    assert made["listPermissions"] == {"teamsWithEditAccess": [], "usersWithEditAccess": []}
    assert made["membershipSettings"] == {"membershipTeamId": None, "includeUnassigned": None}
    assert hub.get(f"{base}/{made['listId']}").json() == {"list": made}
    assert hub.get(f"{base}/object-type-id/0-1/name/Guests").json() == {"list": made}


def test_names_are_unique(hub: Hub) -> None:
    make(hub, "Guests")
    again = hub.post(BASE, {"name": "guests", "objectTypeId": "0-2", "processingType": "MANUAL"})
    assert again.status_code == 400
    assert again.json()["subCategory"] == "ILS.DUPLICATE_LIST_NAMES"
    other = make(hub, "Others")
    assert hub.call("PUT", f"{BASE}/{other['listId']}/update-list-name?listName=Guests").status_code == 400


def test_an_unknown_list(hub: Hub) -> None:
    for path in ("/77", "/nonsense", "/²", "/77/memberships", "/object-type-id/0-1/name/Nobody"):
        answer = hub.get(f"{BASE}{path}")
        assert answer.status_code == 404, path
        assert answer.json()["category"] == "OBJECT_NOT_FOUND"


@pytest.mark.parametrize(
    "body",
    [
        {"objectTypeId": "0-1", "processingType": "MANUAL"},
        {"name": "x", "objectTypeId": "0-1", "processingType": "STATIC"},
        {"name": "x", "objectTypeId": "butterflies", "processingType": "MANUAL"},
        {"name": "x", "objectTypeId": "0-1", "processingType": "DYNAMIC"},
        {"name": "x", "objectTypeId": "0-1", "processingType": "MANUAL", "listFolderId": "deep"},
        {"name": 7, "objectTypeId": "0-1", "processingType": "MANUAL"},
    ],
)
def test_what_is_no_list(hub: Hub, body: Json) -> None:
    assert hub.post(BASE, body).status_code == 400


def test_renaming(hub: Hub) -> None:
    made = make(hub, "Guests")
    hub.time.pass_(5)
    answer = hub.call("PUT", f"{BASE}/{made['listId']}/update-list-name", params={"listName": "Hosts"})
    updated = answer.json()["updatedList"]
    assert updated["name"] == "Hosts"
    assert updated["updatedAt"] > made["updatedAt"]
    assert hub.get(f"{BASE}/object-type-id/contacts/name/Hosts").json()["list"]["listId"] == made["listId"]
    make(hub, "Guests")


def test_deleting_and_restoring(hub: Hub) -> None:
    made = make(hub, "Guests")
    path = f"{BASE}/{made['listId']}"
    assert hub.call("DELETE", path).status_code == 204
    assert "deletedAt" in hub.get(path).json()["list"]
    assert hub.get(f"{path}/memberships").status_code == 404
    assert hub.get(BASE, listIds=made["listId"]).json() == {"lists": []}
    assert hub.post(f"{BASE}/search", {}).json()["total"] == 0
    assert hub.get(f"{BASE}/object-type-id/0-1/name/Guests").status_code == 404
    assert hub.call("PUT", f"{path}/restore").status_code == 204
    assert "deletedAt" not in hub.get(path).json()["list"]
    assert hub.get(f"{path}/memberships").json() == {"total": 0, "results": []}


def test_a_deleted_list_is_kept_for_ninety_days(hub: Hub) -> None:
    path = f"{BASE}/{make(hub, 'Guests')['listId']}"
    hub.call("DELETE", path)
    hub.advance(89 * 86_400)
    hub.install(scopes=SCOPES)
    assert hub.get(path).status_code == 200
    hub.advance(2 * 86_400)
    hub.install(scopes=SCOPES)
    assert hub.get(path).status_code == 404
    assert hub.call("PUT", f"{path}/restore").status_code == 404


def test_a_list_whose_name_was_taken_meanwhile_is_not_restored(hub: Hub) -> None:
    path = f"{BASE}/{make(hub, 'Guests')['listId']}"
    hub.call("DELETE", path)
    make(hub, "Guests")
    assert hub.call("PUT", f"{path}/restore").json()["subCategory"] == "ILS.DUPLICATE_LIST_NAMES"


# -- search ------------------------------------------------------------------------------------------------------------


def test_searching(hub: Hub) -> None:
    known = prop("email", "ALL_PROPERTY", "IS_KNOWN")
    make(hub, "HubSpot users")
    make(hub, "HubSpot companies", kind="0-2")
    make(hub, "Everybody", "DYNAMIC", filterBranch=all_of(known))

    def found(**body: Any) -> list[str]:
        return [each["name"] for each in hub.post(f"{BASE}/search", body).json()["lists"]]

    assert found() == ["HubSpot users", "HubSpot companies", "Everybody"]
    assert found(query="hubspot") == ["HubSpot users", "HubSpot companies"]
    assert found(query="users HubSpot") == ["HubSpot users"]
    assert found(processingTypes=["DYNAMIC"]) == ["Everybody"]
    assert found(objectTypeId="0-2") == ["HubSpot companies"]
    assert found(listIds=["1", 3]) == ["HubSpot users", "Everybody"]
    assert found(sort="-HS_LIST_NAME") == ["HubSpot users", "HubSpot companies", "Everybody"]
    assert hub.post(f"{BASE}/search", {"processingTypes": ["STATIC"]}).json()["subCategory"].endswith("PROCESSING_TYPE")
    assert hub.post(f"{BASE}/search", {"sort": "MOOD"}).status_code == 400
    assert hub.post(f"{BASE}/search", {"count": 1_000}).status_code == 200, "clients ask for more than a page holds"


def test_paging_through_a_search(hub: Hub) -> None:
    for number in range(5):
        make(hub, f"List {number}")
        hub.time.pass_(1)
    first = hub.post(f"{BASE}/search", {"count": 2, "offset": 0, "sort": "-HS_UPDATED_AT"}).json()
    assert [each["name"] for each in first["lists"]] == ["List 4", "List 3"]
    assert (first["hasMore"], first["offset"], first["total"]) == (True, 2, 5)
    last = hub.post(f"{BASE}/search", {"count": 2, "offset": "4", "sort": "-HS_UPDATED_AT"}).json()
    assert [each["name"] for each in last["lists"]] == ["List 0"]
    assert (last["hasMore"], last["offset"]) == (False, 5)


def test_no_more_than_ten_thousand_lists_are_found(hub: Hub) -> None:
    from emulator.lists.object_list import ObjectList

    portal = hub.emulator.portals[HUB]
    contacts = next(table.kind for table in portal.crm.tables.values() if table.kind.name == "contact")
    for number in range(1, 10_003):
        portal.lists.add(ObjectList(number, contacts, f"List {number}", "MANUAL", 0))
    page = hub.post(f"{BASE}/search", {"count": 500, "offset": 9_800}).json()
    assert (len(page["lists"]), page["hasMore"], page["total"]) == (200, False, 10_002)
    assert hub.post(f"{BASE}/search", {"offset": 10_001}).status_code == 400


def test_what_a_search_shows_of_a_list(hub: Hub) -> None:
    contact = hub.change(created())[0]["id"]
    made = make(hub, "Guests", customProperties={"hs_description": "Who came"})
    hub.call("PUT", f"{BASE}/{made['listId']}/memberships/add", [contact])
    [found] = hub.post(f"{BASE}/search", {"additionalProperties": ["hs_description", "hs_nothing"]}).json()["lists"]
    assert found["additionalProperties"] == {
        "hs_list_size": "1",
        "hs_last_record_added_at": str(hub.time.ms),
        "hs_list_reference_count": "0",
        "hs_description": "Who came",
    }
    assert "filterBranch" not in found
    assert "size" not in found


def test_all_lists_by_cursor(hub: Hub) -> None:
    for number in range(3):
        make(hub, f"List {number}")
    path = "/crm/lists/2026-09/all"
    first = hub.post(path, {"count": 2}).json()
    assert [each["listId"] for each in first["results"]] == ["1", "2"]
    after = first["paging"]["next"]["after"]
    second = hub.post(path, {"count": 2, "after": after}).json()
    assert [each["listId"] for each in second["results"]] == ["3"]
    assert "paging" not in second
    changed = hub.post(path, {"count": 2, "after": after, "objectTypeId": "0-1"})
    assert changed.json()["subCategory"] == "ILS.INVALID_CURSOR"
    assert hub.post(path, {"after": "bm9uc2Vuc2U"}).status_code == 400
    assert hub.post("/crm/lists/2026-03/all", {}).status_code in (404, 405)


def test_ids_of_the_first_generation(hub: Hub) -> None:
    make(hub, "Guests")
    legacy = str(hub.emulator.portals[HUB].lists.legacy_id(hub.emulator.portals[HUB].lists.find("1")))
    assert hub.get(f"{BASE}/idmapping", legacyListId=legacy).json() == {"legacyListId": legacy, "listId": "1"}
    assert hub.get(f"{BASE}/idmapping", legacyListId="1").status_code == 404
    many = hub.post(f"{BASE}/idmapping", [legacy, "7"]).json()
    assert many["legacyListIdsToIdsMapping"] == [{"legacyListId": legacy, "listId": "1"}]
    assert many["missingLegacyListIds"] == ["7"]


# -- folders -----------------------------------------------------------------------------------------------------------


def test_folders(hub: Hub) -> None:
    folders = f"{BASE}/folders"
    outer = hub.post(folders, {"name": "Marketing"}).json()["folder"]
    inner = hub.post(folders, {"name": "Q3", "parentFolderId": outer["id"]}).json()["folder"]
    made = make(hub, "Guests")
    assert (
        hub.call("PUT", f"{folders}/move-list", {"listId": made["listId"], "newFolderId": inner["id"]}).status_code
        == 204
    )
    root = hub.get(folders).json()["folder"]
    assert (root["id"], root["childLists"]) == ("0", [])
    assert root["childNodes"][0]["childNodes"][0]["name"] == "Q3"
    assert hub.get(folders, folderId=inner["id"]).json()["folder"]["childLists"] == [int(made["listId"])]
    assert hub.call("DELETE", f"{folders}/{outer['id']}").status_code == 400
    assert hub.call("PUT", f"{folders}/{outer['id']}/move/{inner['id']}").status_code == 400
    assert hub.call("PUT", f"{folders}/{inner['id']}/move/0").json()["folder"]["parentFolderId"] == "0"
    assert hub.call("PUT", f"{folders}/{inner['id']}/rename?newFolderName=Q4").json()["folder"]["name"] == "Q4"
    assert hub.call("DELETE", f"{folders}/{outer['id']}").status_code == 204
    [found] = hub.post(f"{BASE}/search", {}).json()["lists"]
    assert found["additionalProperties"]["hs_folder_name"] == "Q4"
    assert hub.get(folders, folderId="99").status_code == 404


# -- who may -----------------------------------------------------------------------------------------------------------


def test_scopes(hub: Hub) -> None:
    made = make(hub, "Guests")
    hub.install(scopes=["oauth", "crm.lists.read"])
    hub.token = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["crm.lists.read"]})[
        "access_token"
    ]
    assert hub.get(f"{BASE}/{made['listId']}").status_code == 200
    assert hub.post(BASE, {"name": "x", "objectTypeId": "0-1", "processingType": "MANUAL"}).status_code == 403
    assert hub.call("DELETE", f"{BASE}/{made['listId']}").status_code == 403
    private = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["crm.lists.write"]})
    hub.token = private["access_token"]
    assert hub.get(f"{BASE}/{made['listId']}").status_code == 403
    assert hub.call("PUT", f"{BASE}/{made['listId']}/memberships/add", []).status_code == 403


# -- snapshots ---------------------------------------------------------------------------------------------------------


def test_lists_are_in_snapshots(hub: Hub) -> None:
    ada = hub.change(created(firstname="Ada"))[0]["id"]
    folder = hub.post(f"{BASE}/folders", {"name": "Marketing"}).json()["folder"]
    branch = all_of(prop("firstname", "STRING", "IS_EQUAL_TO", value="ada"))
    dynamic = make(hub, "Adas", "DYNAMIC", filterBranch=branch, listFolderId=int(folder["id"]))
    manual = make(hub, "Guests")
    hub.call("PUT", f"{BASE}/{manual['listId']}/memberships/add", [ada])
    before = [hub.get(f"{BASE}/{each['listId']}/memberships").json() for each in (dynamic, manual)]
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert [hub.get(f"{BASE}/{each['listId']}/memberships").json() for each in (dynamic, manual)] == before
    hub.change(created(firstname="Ada"))
    assert hub.get(f"{BASE}/{dynamic['listId']}/memberships").json()["total"] == 2
    assert make(hub, "New")["listId"] == "3"
    assert hub.get(f"{BASE}/folders").json()["folder"]["childNodes"][0]["name"] == "Marketing"


def test_snapshots_from_before_there_were_lists_load(hub: Hub) -> None:
    saved = hub.control("GET", "snapshot")
    for portal in saved["portals"]:
        del portal["lists"]
    hub.control("PUT", "snapshot", saved)
    assert hub.post(f"{BASE}/search", {}).json()["lists"] == []


def test_the_membership_of_a_list_is_no_classic_webhook(hub: Hub) -> None:
    hub.app(
        conditional_scopes=[*CRM_SCOPES, "crm.lists.read", "crm.lists.write"],
        subscriptions=[{"event_type": "contact.propertyChange", "property": "firstname"}],
    )
    make(hub, "Adas", "DYNAMIC", filterBranch=all_of(prop("firstname", "STRING", "IS_EQUAL_TO", value="Ada")))
    hub.change(created(firstname="Ada"))
    events = hub.events()
    assert [event["subscriptionType"] for event in events] == ["contact.propertyChange"]
    assert events[0]["appId"] == APP_ID
