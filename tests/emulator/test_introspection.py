"""What introspection, and the first generation's metadata, say of a token."""

from __future__ import annotations

import pytest

from tests.emulator.hub import ADMIN, APP_ID, CLIENT_ID, HUB, SECRET, Hub


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_introspecting_an_access_token(hub: Hub, version: str) -> None:
    hub.advance(60)
    body = hub.introspect(hub.token, version)
    assert body["active"] is True
    assert (body["hub_id"], body["user_id"], body["app_id"]) == (HUB, ADMIN, APP_ID)
    assert (body["client_id"], body["token"]) == (CLIENT_ID, hub.token)
    assert (body["token_type"], body["token_use"]) == ("Bearer", "access_token")
    assert body["expires_in"] == 1740
    assert body["user"] == "ada.admin@test.example"
    assert body["hub_domain"] == "test.example"
    assert body["is_private_distribution"] is False
    assert body["signed_access_token"]["hublet"] == "na1"
    assert "oauth" in body["scopes"]


def test_introspecting_a_refresh_token(hub: Hub) -> None:
    body = hub.introspect(hub.install()["refresh_token"])
    assert (body["active"], body["token_use"], body["user_id"]) == (True, "refresh_token", ADMIN)
    assert "expires_in" not in body


@pytest.mark.parametrize("field", ["token", "access_token", "refresh_token"])
def test_introspection_takes_the_token_under_three_names(hub: Hub, field: str) -> None:
    form = {"client_id": CLIENT_ID, "client_secret": SECRET, field: hub.token}
    assert hub.form("/oauth/v3/token/introspect", **form).json()["active"] is True


def test_what_is_not_active_says_nothing_else(hub: Hub) -> None:
    token = hub.token
    assert hub.introspect("nothing") == {"active": False}
    hub.app(client_id="other", app_id=2)
    assert hub.introspect(token, client_id="other") == {"active": False}
    hub.advance(1800)
    assert hub.introspect(token) == {"active": False}


def test_introspection_needs_the_apps_secret(hub: Hub) -> None:
    form = {"client_id": CLIENT_ID, "client_secret": "wrong", "token": hub.token}
    assert hub.form("/oauth/v3/token/introspect", **form).json()["status"] == "BAD_CLIENT_SECRET"


def test_v1_metadata(hub: Hub) -> None:
    tokens = hub.install()
    access = hub.http.get(f"/oauth/v1/access-tokens/{tokens['access_token']}").json()
    assert (access["hub_id"], access["user_id"], access["app_id"]) == (HUB, ADMIN, APP_ID)
    assert access["token_type"] == "access"
    address = f"/oauth/v1/refresh-tokens/{tokens['refresh_token']}"
    assert hub.http.get(address).json()["client_id"] == CLIENT_ID
    assert hub.http.delete(address).status_code == 204
    assert hub.http.get(address).status_code == 404


def test_an_app_level_token_introspected(bare: Hub) -> None:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": SECRET}
    token = bare.form("/oauth/2026-09/token", **form, scope="developer.webhooks_journal.read").json()["access_token"]
    body = bare.introspect(token)
    assert body["token_use"] == "client_credentials"
    assert body["scopes"] == ["developer.webhooks_journal.read"]
    assert "hub_id" not in body


def test_the_signed_token_is_complete(hub: Hub) -> None:
    assert hub.introspect(hub.token)["signed_access_token"].keys() == {
        "appId",
        "appInstallId",
        "audience",
        "expiresAt",
        "hubId",
        "hublet",
        "installingUserId",
        "isPrivateDistribution",
        "isServiceAccount",
        "isUserLevel",
        "newSignature",
        "scopeToScopeGroupPks",
        "scopes",
        "signature",
        "trialScopeToScopeGroupPks",
        "trialScopes",
        "userId",
    }


def test_v1_metadata_of_a_closed_account_and_of_an_expired_token(hub: Hub) -> None:
    tokens = hub.install()
    hub.control("DELETE", f"portals/{HUB}")
    body = hub.http.get(f"/oauth/v1/access-tokens/{tokens['access_token']}").json()
    assert body["hub_id"] == HUB
    assert "user" not in body
    hub.advance(1800)
    assert hub.http.get(f"/oauth/v1/access-tokens/{tokens['access_token']}").status_code == 404
