"""Users, roles, teams, and the owners that come and go with them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import ADMIN, CRM_SCOPES, HUB, USER, Hub

Json = dict[str, Any]
SETTINGS = [f"settings.users.{name}" for name in ("read", "write", "teams.read", "teams.write")]
SCOPES = ["oauth", *CRM_SCOPES, *SETTINGS, "crm.objects.users.read"]
BASES = ["/settings/users/v3", "/settings/v3/users", "/settings/users/2026-03", "/settings/users/2026-09-beta"]
BASE = "/settings/users/2026-03"
TEAMS = "/settings/teams/2026-09-beta"


@pytest.fixture
def hub(bare: Hub) -> Hub:
    bare.app(conditional_scopes=SCOPES)
    bare.install(scopes=SCOPES)
    return bare


def make(hub: Hub, email: str, **more: Any) -> Json:
    answer = hub.post(BASE, {"email": email} | more)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def owners(hub: Hub, **query: Any) -> dict[str, Json]:
    return {each["email"]: each for each in hub.get("/crm/v3/owners/", **query).json()["results"]}


@pytest.mark.parametrize("base", BASES)
def test_users_are_read(hub: Hub, base: str) -> None:
    listed = hub.get(f"{base}/").json()["results"]
    assert [each["id"] for each in listed] == [str(ADMIN), str(USER)]
    assert listed[0] == {
        "id": str(ADMIN),
        "email": "ada.admin@test.example",
        "roleIds": [],
        "firstName": "Ada",
        "lastName": "Admin",
        "superAdmin": True,
        "sendWelcomeEmail": False,
    }
    assert hub.get(f"{base}/{ADMIN}").json() == listed[0]
    assert hub.get(f"{base}/ADA.admin@test.example", idProperty="EMAIL").json() == listed[0]
    for path, query in ((f"{base}/999", {}), (f"{base}/²", {}), (f"{base}/a@b.co", {"idProperty": "EMAIL"})):
        assert hub.get(path, **query).status_code == 404
    assert hub.get(f"{base}/1", idProperty="NAME").status_code == 400


def test_users_are_paged(hub: Hub) -> None:
    for number in range(3):
        make(hub, f"new.person{number}@test.example")
    first = hub.get(BASE, limit=2).json()
    assert len(first["results"]) == 2
    assert first["paging"]["next"]["after"] == first["results"][-1]["id"]
    second = hub.get(first["paging"]["next"]["link"].removeprefix("http://localhost:8765")).json()
    third = hub.get(BASE, limit=2, after=second["paging"]["next"]["after"]).json()
    assert len(third["results"]) == 1
    assert "paging" not in third
    assert hub.get(BASE, limit=101).status_code == 400


def test_a_new_user_becomes_an_owner(hub: Hub) -> None:
    role = hub.get(f"{BASE}/roles").json()["results"][0]
    assert role.keys() == {"id", "name", "requiresBillingWrite"}
    made = make(hub, "Grace.Hopper@test.example", roleId=role["id"], sendWelcomeEmail=True)
    assert (made["email"], made["firstName"], made["lastName"]) == ("grace.hopper@test.example", "Grace", "Hopper")
    assert (made["roleIds"], made["roleId"], made["superAdmin"]) == ([role["id"]], role["id"], False)
    assert made["sendWelcomeEmail"] is True
    assert hub.get(f"{BASE}/{made['id']}").json()["sendWelcomeEmail"] is False
    owner = owners(hub)["grace.hopper@test.example"]
    assert (owner["userId"], owner["archived"]) == (int(made["id"]), False)
    assert owner["id"] != made["id"]
    contact = hub.post("/crm/v3/objects/contacts", {"properties": {"email": "x@y.co", "hubspot_owner_id": owner["id"]}})
    assert contact.status_code == 201
    again = hub.post(BASE, {"email": "grace.hopper@test.example"})
    assert (again.status_code, again.json()["category"]) == (409, "CONFLICT")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "nobody"},
        {"email": 7},
        {"email": "a@b.co", "roleId": "1"},
        {"email": "a@b.co", "secondaryTeamIds": "7"},
    ],
)
def test_users_that_are_refused(hub: Hub, body: Json) -> None:
    before = hub.get(BASE).json()
    assert hub.post(BASE, body).status_code == 400
    assert hub.post(BASE, {"email": "a@b.co", "primaryTeamId": "7"}).status_code == 404
    assert hub.get(BASE).json() == before


def test_renaming_and_promoting(hub: Hub) -> None:
    changed = hub.call("PUT", f"{BASE}/{USER}", {"firstName": "Ulla", "roleId": "30412"}).json()
    assert (changed["firstName"], changed["lastName"], changed["roleId"]) == ("Ulla", "User", "30412")
    assert owners(hub)["uma.user@test.example"]["firstName"] == "Ulla"
    people = hub.get("/crm/v3/objects/users", properties="hs_given_name,hs_internal_user_id").json()["results"]
    names = {each["properties"]["hs_internal_user_id"]: each["properties"]["hs_given_name"] for each in people}
    assert names == {str(ADMIN): "Ada", str(USER): "Ulla"}


def test_a_user_leaves_and_comes_back(hub: Hub) -> None:
    before = owners(hub)["uma.user@test.example"]
    assert hub.call("DELETE", f"{BASE}/uma.user@test.example?idProperty=EMAIL").status_code == 204
    assert hub.get(f"{BASE}/{USER}").status_code == 404
    assert "uma.user@test.example" not in owners(hub)
    gone = owners(hub, archived="True")["uma.user@test.example"]
    assert (gone["id"], gone["userId"], gone["userIdIncludingInactive"]) == (before["id"], None, USER)
    assert gone["updatedAt"] == before["updatedAt"]
    assert hub.get(f"/crm/v3/owners/{before['id']}").status_code == 404
    assert hub.get(f"/crm/v3/owners/{before['id']}", archived="true").json() == gone
    assert len(hub.get("/crm/v3/objects/users").json()["results"]) == 1
    hub.control("POST", f"portals/{HUB}/users", {"user_id": USER, "email": "uma.user@test.example"})
    assert owners(hub)["uma.user@test.example"] == before
    assert owners(hub, archived="true") == {}


def test_somebody_stays(hub: Hub) -> None:
    refused = hub.call("DELETE", f"{BASE}/{ADMIN}")
    assert refused.status_code == 400
    assert hub.get(f"{BASE}/{ADMIN}").status_code == 200


def test_scopes(hub: Hub) -> None:
    def token(*scopes: str) -> None:
        body = {"private_app": True, "scopes": list(scopes)}
        hub.token = hub.control("POST", f"portals/{HUB}/tokens", body)["access_token"]

    token("crm.objects.users.read")
    assert hub.get(BASE).status_code == 200
    assert hub.get(f"{BASE}/teams").status_code == 403
    assert hub.post(BASE, {"email": "a@b.co"}).status_code == 403
    assert hub.call("DELETE", f"{BASE}/{USER}").status_code == 403
    token("settings.users.teams.read")
    assert hub.get(BASE).status_code == 403
    assert hub.get(TEAMS).status_code == 200
    assert hub.post(TEAMS, {"name": "x", "members": []}).status_code == 403


# -- by the control API ------------------------------------------------------------------------------------------------


def test_users_come_and_go_by_the_control_api(hub: Hub) -> None:
    made = hub.control(
        "POST", f"portals/{HUB}/users", {"user_id": 900, "email": "new@test.example", "super_admin": True}
    )
    assert made["user_id"] == 900
    assert owners(hub)["new@test.example"]["id"] == str(made["owner_id"])
    hub.control("DELETE", f"portals/{HUB}/users/900")
    assert "new@test.example" in owners(hub, archived="true")
    for method, path, body in (
        ("POST", f"portals/{HUB}/users", {"user_id": ADMIN, "email": "x@test.example"}),
        ("POST", f"portals/{HUB}/users", {"user_id": 901, "email": "ADA.admin@test.example"}),
        ("POST", f"portals/{HUB}/users", {"user_id": 901, "email": "x@test.example", "mood": "good"}),
        ("DELETE", f"portals/{HUB}/users/{ADMIN}", None),
        ("DELETE", f"portals/{HUB}/users/900", None),
        ("DELETE", "portals/7/users/900", None),
    ):
        refused = hub.http.request(method, f"/_emulator/{path}", json=body)
        assert (refused.status_code, list(refused.json())) == (400, ["error"])


# -- teams -------------------------------------------------------------------------------------------------------------


def team(hub: Hub, name: str, **more: Any) -> str:
    answer = hub.post(TEAMS, {"name": name, "members": []} | more)
    assert answer.status_code == 201, answer.text
    team_id: str = answer.json()["id"]
    return team_id


def member(user_id: int, type_: str = "DEFAULT") -> Json:
    return {"userId": str(user_id), "type": type_}


def test_teams_and_their_members(hub: Hub) -> None:
    sales = team(hub, "Sales", members=[member(ADMIN), member(USER, "EXTRA")])
    west = team(hub, "West", parentTeamId=sales)
    assert hub.get(f"{TEAMS}/{west}").json() == {"id": west, "name": "West", "parentTeamId": sales}
    assert [each["name"] for each in hub.get(TEAMS).json()["results"]] == ["Sales", "West"]
    assert hub.get(f"{TEAMS}/{sales}/members").json()["results"] == [member(ADMIN), member(USER, "EXTRA")]
    [first, _] = hub.get(f"{BASE}/teams").json()["results"]
    assert first == {"id": sales, "name": "Sales", "userIds": [str(ADMIN)], "secondaryUserIds": [str(USER)]}
    assert hub.post(f"{TEAMS}/{west}/members", member(ADMIN)).status_code == 201
    user = hub.get(f"{BASE}/{ADMIN}").json()
    assert user["primaryTeamId"] == west
    assert "secondaryTeamIds" not in user
    batch = hub.post(f"{TEAMS}/{sales}/members/batch", {"inputs": [member(ADMIN, "EXTRA"), member(USER)]})
    assert (batch.status_code, batch.json()["status"], len(batch.json()["results"])) == (200, "COMPLETE", 2)
    assert hub.call("DELETE", f"{TEAMS}/{sales}/members/{ADMIN}").status_code == 404
    assert hub.call("DELETE", f"{TEAMS}/{sales}/members/{ADMIN}?type=EXTRA").status_code == 204
    assert hub.get(f"{TEAMS}/{sales}/members").json()["results"] == [member(USER)]


def test_owners_show_their_teams(hub: Hub) -> None:
    assert "teams" not in owners(hub)["uma.user@test.example"]
    sales, west = team(hub, "Sales", members=[member(USER, "EXTRA")]), team(hub, "West", members=[member(USER)])
    assert owners(hub)["uma.user@test.example"]["teams"] == [
        {"id": west, "name": "West", "primary": True},
        {"id": sales, "name": "Sales", "primary": False},
    ]
    hub.call("PUT", f"{BASE}/{USER}", {"primaryTeamId": sales, "secondaryTeamIds": []})
    assert [each["name"] for each in owners(hub)["uma.user@test.example"]["teams"]] == ["Sales"]
    hub.call("DELETE", f"{BASE}/{USER}")
    assert "teams" not in owners(hub, archived="true")["uma.user@test.example"]
    assert hub.get(f"{TEAMS}/{sales}/members").json()["results"] == []


def test_renaming_moving_and_deleting_teams(hub: Hub) -> None:
    sales = team(hub, "Sales")
    west = team(hub, "West", parentTeamId=sales)
    assert hub.call("PATCH", f"{TEAMS}/{sales}", {"name": "Revenue"}).json() == {"id": sales, "name": "Revenue"}
    assert hub.call("PATCH", f"{TEAMS}/{sales}", {"parentTeamId": west}).status_code == 400
    assert hub.call("PATCH", f"{TEAMS}/{west}", {"name": "revenue"}).status_code == 409
    assert "parentTeamId" not in hub.call("PATCH", f"{TEAMS}/{west}", {"parentTeamId": None}).json()
    assert hub.call("DELETE", f"{TEAMS}/{sales}").status_code == 204
    assert hub.get(f"{TEAMS}/{sales}").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"members": []}, 400),
        ({"name": "x", "members": [{"userId": "7", "type": "DEFAULT"}]}, 404),
        ({"name": "x", "members": [{"userId": str(USER), "type": "BOSS"}]}, 400),
        ({"name": "x", "members": ["7"]}, 404),
        ({"name": "x", "parentTeamId": "7"}, 404),
    ],
)
def test_teams_that_are_refused(hub: Hub, body: Json, status: int) -> None:
    assert hub.post(TEAMS, body).status_code == status
    assert hub.get(TEAMS).json()["results"] == []


# -- snapshots ---------------------------------------------------------------------------------------------------------


def test_people_are_in_snapshots(hub: Hub) -> None:
    team(hub, "Sales", members=[member(ADMIN)])
    hub.call("PUT", f"{BASE}/{ADMIN}", {"firstName": "Augusta", "roleId": "30411"})
    hub.call("DELETE", f"{BASE}/{USER}")
    seen = [hub.get(path).json() for path in (BASE, "/crm/v3/owners?archived=true", "/crm/v3/owners", TEAMS)]
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert [hub.get(path).json() for path in (BASE, "/crm/v3/owners?archived=true", "/crm/v3/owners", TEAMS)] == seen
    assert len(seen[1]["results"]) == 1
    for portal in saved["portals"]:
        del portal["people"]
    hub.control("PUT", "snapshot", saved)
    assert len(hub.get("/crm/v3/owners").json()["results"]) == 1
