"""The pages of accounts: the list, a new one, its users, its apps, its end."""

from __future__ import annotations

import pytest

from tests.emulator.hub import ADMIN, CLIENT_ID, HUB, USER, Hub, authorize_query
from tests.emulator.pages import followed, outline, page, record, send

ACCOUNT = f"/_ui/accounts/{HUB}"


def test_accounts_with_what_they_hold(hub: Hub) -> None:
    hub.create(email="a@b.co")
    shown = page(hub, "/")
    assert "Test account" in shown
    assert str(HUB) in shown
    assert "1 contacts" in shown
    assert "Test app" in shown


def test_no_accounts_yet(hub: Hub) -> None:
    hub.emulator.clear()
    assert "No accounts yet" in page(hub, "/")
    assert "/_ui/accounts/new" in page(hub, "/")


def test_an_account_is_made_and_filled(hub: Hub) -> None:
    form = outline(hub, "/_ui/accounts/new").form("hub_id")
    form.put("seed.contacts", "12")
    form.put("seed.companies", "3")
    made = form.send(hub, "/_ui/accounts/new", name="Elm", hublet="eu1", tier="free", email="eve@elm.example")
    shown = followed(hub, made)
    assert "Elm" in shown
    assert "Europe (eu1)" in shown
    assert "eve@elm.example" in shown
    portal = hub.emulator.portals[int(made.headers["location"].split("/")[3].partition("?")[0])]
    assert [len(portal.crm.tables[kind]) for kind in ("0-1", "0-2", "0-3")] == [12, 3, 0]
    assert [user.super_admin for user in portal.users] == [True]


def test_an_account_is_filled_with_anything_that_can_be_made_up(hub: Hub) -> None:
    form = outline(hub, "/_ui/accounts/new").form("hub_id")
    for name, _ in list(form.fields):
        if name.startswith("seed."):
            form.put(name, "2")
    made = form.send(hub, "/_ui/accounts/new", name="Elm")
    assert made.status_code == 303, made.text
    shown = page(hub, made.headers["location"])
    for plural in ("Contacts", "Products", "Notes"):
        assert f">{plural}</a></td>" in shown


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hub_id": str(HUB)}, f"there is a portal {HUB} already"),
        ({"hub_id": "x"}, "Account id must be a whole number"),
        ({"hub_id": ""}, "Account id must be a whole number"),
        ({"time_zone": "Mars/Olympus"}, "is not a time zone"),
        ({"tier": "platinum"}, "tier must be one of"),
        ({"seed.contacts": "-1"}, "Contacts must be a whole number"),
    ],
)
def test_accounts_that_cannot_be_made(hub: Hub, changes: dict[str, str], said: str) -> None:
    answer = outline(hub, "/_ui/accounts/new").form("hub_id").send(hub, "/_ui/accounts/new", name="Elm", **changes)
    assert answer.status_code == 400
    assert said in answer.text
    assert 'value="Elm"' in answer.text, "what was entered is still there"
    assert list(hub.emulator.portals) == [HUB]


def test_every_type_of_record_is_there(hub: Hub) -> None:
    hub.create("companies", name="Acme")
    shown = page(hub, ACCOUNT)
    for kind in hub.emulator.portals[HUB].crm.types:
        assert f'href="/contacts/{HUB}/objects/{kind.type_id}/views/all/list"' in shown, kind.name


def test_closing_an_account(hub: Hub) -> None:
    closed = outline(hub, ACCOUNT)
    assert "cannot be undone" in page(hub, ACCOUNT)
    assert f"{ACCOUNT}/close" in [form.action for form in closed.forms]
    assert "is closed" in followed(hub, send(hub, f"{ACCOUNT}/close"))
    assert hub.get("/crm/v3/objects/contacts").status_code == 401
    assert hub.http.get(ACCOUNT).status_code == 404


def test_uninstalling_an_app(hub: Hub) -> None:
    form = outline(hub, ACCOUNT).form("client_id")
    assert "uninstalled" in followed(hub, form.send(hub, ACCOUNT))
    assert hub.get("/crm/v3/objects/contacts").status_code == 401
    assert "No app is connected" in page(hub, ACCOUNT)


def test_uninstalling_an_app_whose_access_tokens_live_on(hub: Hub) -> None:
    outline(hub, ACCOUNT).form("client_id").send(hub, ACCOUNT, tokens="until_expiry")
    assert hub.get("/crm/v3/objects/contacts").status_code == 200
    assert send(hub, f"{ACCOUNT}/uninstall", client_id="nobody").status_code == 404


def test_the_scopes_of_an_app_are_shown(hub: Hub) -> None:
    assert "crm.objects.contacts.read" in page(hub, ACCOUNT)
    assert CLIENT_ID in page(hub, ACCOUNT)


# -- users -------------------------------------------------------------------------------------------------------------


def test_a_user_is_given_the_right_to_connect_apps(hub: Hub) -> None:
    hub.emulator.uninstall(hub.emulator.apps[CLIENT_ID], HUB)
    assert hub.consent(user_id=USER).status_code == 400
    shown = followed(hub, send(hub, f"{ACCOUNT}/users", op="rights", user_id=str(USER), rights="marketplace"))
    assert 'value="marketplace" selected' in shown
    assert hub.consent(user_id=USER).status_code == 302


def test_a_user_is_added_and_can_own_records(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co")
    shown = followed(hub, send(hub, f"{ACCOUNT}/users", op="add", email="new.person@b.co", rights="admin"))
    assert "new.person@b.co" in shown
    owners = hub.get("/crm/v3/owners").json()["results"]
    [owner] = [each for each in owners if each["email"] == "new.person@b.co"]
    assert send(hub, record(ada), __op="update", hubspot_owner_id=owner["id"]).status_code == 303
    assert "New Person" in hub.http.get(f"/oauth/{HUB}/authorize", params=authorize_query()).text


def test_a_user_who_leaves_is_an_archived_owner_also_after_a_snapshot(hub: Hub) -> None:
    followed(hub, send(hub, f"{ACCOUNT}/users", op="remove", user_id=str(USER)))
    for _ in range(2):
        assert "uma.user@test.example" not in page(hub, ACCOUNT)
        live = hub.get("/crm/v3/owners").json()["results"]
        gone = hub.get("/crm/v3/owners", archived="true").json()["results"]
        assert [each["email"] for each in live] == ["ada.admin@test.example"]
        assert [(each["email"], each["userId"]) for each in gone] == [("uma.user@test.example", None)]
        hub.control("PUT", "snapshot", hub.control("GET", "snapshot"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"op": "add", "email": "nobody"}, "no e-mail address"),
        ({"op": "add", "email": ""}, "no e-mail address"),
        ({"op": "add", "email": "uma.user@test.example"}, "already exists in account"),
        ({"op": "rights", "user_id": "5"}, "no such user"),
        ({"op": "remove", "user_id": "x"}, "no such user"),
    ],
)
def test_changes_of_users_that_are_refused(hub: Hub, fields: dict[str, str], said: str) -> None:
    answer = send(hub, f"{ACCOUNT}/users", **fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert len(hub.emulator.portals[HUB].users) == 2


@pytest.mark.parametrize("op", ["remove", "rights"])
def test_the_last_super_admin_stays(hub: Hub, op: str) -> None:
    answer = send(hub, f"{ACCOUNT}/users", op=op, user_id=str(ADMIN), rights="user")
    assert answer.status_code == 400
    assert "The last super admin of an account" in answer.text
    assert "ada.admin@test.example" in page(hub, ACCOUNT)
