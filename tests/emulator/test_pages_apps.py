"""The pages of apps: configuration, secrets, subscriptions, installing."""

from __future__ import annotations

import re

import pytest

from tests.emulator.hub import APP_ID, CLIENT_ID, HUB, REDIRECT, SECRET, TARGET, Hub, created, kinds
from tests.emulator.pages import followed, outline, page, send

APP = f"/_ui/apps/{APP_ID}"


def test_the_list_of_apps(hub: Hub) -> None:
    shown = page(hub, "/_ui/apps")
    for text in ("Test app", str(APP_ID), CLIENT_ID, TARGET):
        assert text in shown
    assert SECRET not in shown


def test_no_apps_yet(hub: Hub) -> None:
    hub.emulator.apps.clear()
    assert "No apps yet" in page(hub, "/_ui/apps")


def test_an_app_is_made(hub: Hub) -> None:
    form = outline(hub, "/_ui/apps/new").form("client_id")
    given = dict(form.fields)
    made = form.send(
        hub, "/_ui/apps/new", name="Mirror", target_url="http://localhost:1/hooks", rotate_refresh_tokens="yes"
    )
    shown = followed(hub, made)
    assert "Mirror" in shown
    app = hub.emulator.apps[given["client_id"]]
    assert str(app.app_id) == given["app_id"]
    assert app.webhook is not None
    assert (app.webhook.target_url, app.rotate_refresh_tokens) == ("http://localhost:1/hooks", True)
    assert app.redirect_uris == ("http://localhost:3000/oauth/callback",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_id": CLIENT_ID}, "already"),
        ({"app_id": str(APP_ID)}, "already"),
        ({"app_id": "x"}, "app_id must be a whole number"),
        ({"redirect_uris": "http://example.com/"}, "must be https"),
        ({"required_scopes": "a b/c"}, "is not a scope"),
        ({"target_url": "ftp://x"}, "is not an http or https address"),
        ({"access_token_ttl_s": "0"}, "must be between"),
        ({"client_secret": ""}, "client_secret"),
    ],
)
def test_apps_that_cannot_be_made(hub: Hub, changes: dict[str, str], said: str) -> None:
    answer = outline(hub, "/_ui/apps/new").form("client_id").send(hub, "/_ui/apps/new", name="Mirror", **changes)
    assert answer.status_code == 400
    assert said in answer.text
    assert 'value="Mirror"' in answer.text, "what was entered is still there"
    assert list(hub.emulator.apps) == [CLIENT_ID]


def test_editing_an_app_leaves_the_rest_of_it(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    before = hub.emulator.apps[CLIENT_ID]
    form = outline(hub, f"{APP}/edit").form("redirect_uris")
    assert SECRET not in page(hub, f"{APP}/edit")
    edited = form.send(hub, f"{APP}/edit", name="Renamed", redirect_uris=f"{REDIRECT}\nhttps://app.example.com/cb")
    assert "Renamed" in followed(hub, edited)
    after = hub.emulator.apps[CLIENT_ID]
    assert after.redirect_uris == (REDIRECT, "https://app.example.com/cb")
    assert (after.client_secret, after.developer_api_key) == (SECRET, before.developer_api_key)
    assert list(after.subscriptions) == list(before.subscriptions)
    assert after.conditional_scopes == before.conditional_scopes


def test_an_app_is_given_another_secret_and_loses_its_target(hub: Hub) -> None:
    outline(hub, f"{APP}/edit").form("redirect_uris").send(hub, f"{APP}/edit", client_secret="other", target_url="")
    app = hub.emulator.apps[CLIENT_ID]
    assert (app.client_secret, app.webhook) == ("other", None)


def test_an_edit_that_is_refused(hub: Hub) -> None:
    answer = outline(hub, f"{APP}/edit").form("redirect_uris").send(hub, f"{APP}/edit", timeout_ms="soon")
    assert answer.status_code == 400
    assert "timeout_ms must be a whole number" in answer.text


def test_the_secret_is_behind_a_click(hub: Hub) -> None:
    assert re.search(rf"<details><summary>Show</summary><code>{SECRET}", page(hub, APP))


def test_the_install_link_leads_to_consent(hub: Hub) -> None:
    hub.emulator.uninstall(hub.emulator.apps[CLIENT_ID], HUB)
    assert "Not installed anywhere yet" in page(hub, APP)
    found = re.search(r'href="(/oauth/authorize\?[^"]+)"', page(hub, APP))
    assert found
    assert "Choose an account" in page(hub, found.group(1).replace("&amp;", "&"))


def test_installing_without_asking_gives_a_token_that_works(hub: Hub) -> None:
    answer = outline(hub, APP).form("hub_id").send(hub, APP)
    assert answer.status_code == 200
    token = re.search(r"Access token</dt><dd><code[^>]*>([^<]+)", answer.text)
    assert token
    hub.token = token.group(1)
    assert hub.get("/crm/v3/objects/contacts").status_code == 200
    assert token.group(1) not in page(hub, APP), "it is shown once"
    assert send(hub, APP, hub_id="5").status_code == 404


# -- subscriptions -----------------------------------------------------------------------------------------------------


def test_a_subscription_is_added_paused_activated(hub: Hub) -> None:
    shown = followed(hub, send(hub, f"{APP}/subscriptions", op="add", event_type="contact.creation"))
    assert "Subscribed" in shown
    hub.change(created())
    assert kinds(hub.events()) == {"contact.creation": 1}
    [each] = hub.emulator.apps[CLIENT_ID].subscriptions
    assert "paused" in followed(hub, send(hub, f"{APP}/subscriptions", op="pause", id=str(each.id)))
    hub.change(created())
    assert hub.events() == []
    followed(hub, send(hub, f"{APP}/subscriptions", op="activate", id=str(each.id)))
    hub.change(created())
    assert kinds(hub.events()) == {"contact.creation": 1}


def test_a_subscription_is_tested(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    [each] = hub.emulator.apps[CLIENT_ID].subscriptions
    hub.receiver.answer = 500
    shown = followed(hub, send(hub, f"{APP}/subscriptions", op="test", id=str(each.id)))
    assert "Delivery 1" in shown
    assert "contact.creation" in shown
    assert kinds(hub.events()) == {"contact.creation": 1}
    hub.advance(86_400)
    assert hub.events() == [], "it is sent once only"


def test_a_test_without_a_target(hub: Hub) -> None:
    hub.app(webhook=None, subscriptions=[{"event_type": "contact.creation"}])
    [each] = hub.emulator.apps[CLIENT_ID].subscriptions
    answer = send(hub, f"{APP}/subscriptions", op="test", id=str(each.id))
    assert answer.status_code == 400
    assert "no target address" in answer.text


@pytest.mark.parametrize("active", [True, False])
def test_a_subscription_is_deleted_and_put_back(hub: Hub, active: bool) -> None:
    hub.subscribe(
        {"event_type": "object.propertyChange", "object_type": "companies", "property": "name", "active": active}
    )
    [before] = hub.emulator.apps[CLIENT_ID].subscriptions
    deleted = send(hub, f"{APP}/subscriptions", op="delete", id=str(before.id))
    assert len(hub.emulator.apps[CLIENT_ID].subscriptions) == 0
    outline(hub, deleted.headers["location"]).form("op", "add").send(hub, APP)
    [after] = hub.emulator.apps[CLIENT_ID].subscriptions
    assert (after.key, after.active) == (before.key, active)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"op": "add", "event_type": "deal.stageChange"}, "deal.propertyChange"),
        ({"op": "add", "event_type": "contact.propertyChange"}, "needs a property"),
        ({"op": "add", "event_type": "contact.creation", "property": "email"}, "takes no property"),
        ({"op": "add", "event_type": "object.creation", "object_type": "butterflies"}, "butterflies"),
        ({"op": "add", "event_type": "contact.deletion"}, "is there already"),
        ({"op": "pause", "id": "1"}, "no such subscription"),
        ({"op": "delete", "id": "x"}, "no such subscription"),
    ],
)
def test_subscriptions_that_are_refused(hub: Hub, fields: dict[str, str], said: str) -> None:
    hub.subscribe("contact.deletion")
    answer = send(hub, f"{APP}/subscriptions", **fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert [each.event_type for each in hub.emulator.apps[CLIENT_ID].subscriptions] == ["contact.deletion"]
