"""The token endpoints: codes, refreshing, introspection, revocation, and their refusals word by word."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from tests.emulator.hub import ADMIN, APP_ID, CLIENT_ID, CRM_SCOPES, HUB, REDIRECT, SECRET, USER, Hub, authorize_query

VERSIONS = ["v1", "v3", "2026-03", "2026-09"]


def refusal(error: str, status: str, message: str) -> dict[str, str]:
    return {"error": error, "error_description": message, "status": status, "message": message}


BAD_CODE = refusal("invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code")
BAD_REFRESH = refusal("invalid_grant", "BAD_REFRESH_TOKEN", "refresh token is invalid, expired or revoked")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_code_becomes_tokens(bare: Hub, version: str) -> None:
    answer = bare.exchange(bare.granted_code(), version)
    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 1800
    assert body["hub_id"] == HUB
    assert body["scopes"] == ["crm.objects.contacts.read", "oauth"]
    assert body["token_use"] == "access_token"
    assert body["refresh_token"].startswith("na1-")
    assert "user_id" not in body, "HubSpot's documented answer has none: introspect to learn it"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_code_is_spent_once(bare: Hub, version: str) -> None:
    code = bare.granted_code()
    assert bare.exchange(code, version).status_code == 200
    again = bare.exchange(code, version)
    assert again.status_code == 400
    assert again.json() == BAD_CODE


def test_a_code_grows_old(bare: Hub) -> None:
    code = bare.granted_code()
    bare.advance(600)
    answer = bare.exchange(code)
    assert answer.status_code == 400
    assert answer.json() == refusal("invalid_grant", "EXPIRED_AUTH_CODE", "auth code is expired")
    assert bare.exchange(code).json() == BAD_CODE


def test_the_life_of_a_code_can_be_set(bare: Hub) -> None:
    bare.app(code_ttl_s=5)
    early, late = bare.granted_code(), bare.granted_code()
    bare.advance(4)
    assert bare.exchange(early).status_code == 200
    bare.advance(1)
    assert bare.exchange(late).json()["status"] == "EXPIRED_AUTH_CODE"


def test_a_code_belongs_to_its_redirect_uri(bare: Hub) -> None:
    other = "http://localhost:8000/elsewhere"
    bare.app(redirect_uris=[REDIRECT, other])
    answer = bare.exchange(bare.granted_code(), redirect_uri=other)
    assert answer.status_code == 400
    assert answer.json()["status"] == "BAD_REDIRECT_URI"


def test_a_code_belongs_to_its_app(bare: Hub) -> None:
    code = bare.granted_code()
    bare.app(client_id="other", app_id=2)
    assert bare.exchange(code, client_id="other").json() == BAD_CODE
    assert bare.exchange(code).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error", "status"),
    [
        ({"client_id": "nobody"}, "invalid_client", "BAD_CLIENT_ID"),
        ({"client_secret": "wrong"}, "invalid_client", "BAD_CLIENT_SECRET"),
        ({"client_secret": ""}, "invalid_client", "BAD_CLIENT_SECRET"),
        ({"grant_type": "password"}, "unsupported_grant_type", "BAD_GRANT_TYPE"),
        ({"grant_type": ""}, "unsupported_grant_type", "BAD_GRANT_TYPE"),
    ],
)
def test_what_is_wrong_with_the_client_does_not_spend_the_code(
    bare: Hub, changes: dict[str, str], error: str, status: str
) -> None:
    code = bare.granted_code()
    answer = bare.exchange(code, **changes)
    assert answer.status_code == 400
    assert (answer.json()["error"], answer.json()["status"]) == (error, status)
    assert bare.exchange(code).status_code == 200


def test_json_is_not_a_form(bare: Hub) -> None:
    assert bare.http.post("/oauth/2026-03/token", json={"grant_type": "refresh_token"}).status_code == 415


def test_pkce_is_checked_where_it_was_begun(bare: Hub) -> None:
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    assert bare.exchange(bare.granted_code(**pkce), code_verifier=verifier).status_code == 200
    wrong = bare.exchange(bare.granted_code(**pkce), code_verifier="w" * 50)
    assert wrong.json()["status"] == "BAD_CODE_VERIFIER"
    assert bare.exchange(bare.granted_code(**pkce)).json()["status"] == "BAD_CODE_VERIFIER"


@pytest.mark.parametrize("version", VERSIONS)
def test_refreshing_keeps_the_refresh_token_and_the_older_access_tokens(hub: Hub, version: str) -> None:
    first = hub.install()
    second = hub.refresh(first["refresh_token"], version).json()
    assert second["refresh_token"] == first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    for token in (first["access_token"], second["access_token"]):
        hub.token = token
        assert hub.get("/crm/v3/objects/contacts").status_code == 200


def test_tokens_are_portable_across_versions(bare: Hub) -> None:
    refresh = bare.exchange(bare.granted_code(), "v1").json()["refresh_token"]
    assert bare.refresh(refresh, "2026-09").status_code == 200


def test_v1_takes_the_secret_from_the_query_and_the_others_do_not(bare: Hub) -> None:
    refresh = bare.install()["refresh_token"]
    query = {"client_secret": SECRET, "refresh_token": refresh}
    form = {"grant_type": "refresh_token", "client_id": CLIENT_ID}
    assert bare.http.post("/oauth/v1/token", params=query, data=form).status_code == 200
    assert bare.http.post("/oauth/v3/token", params=query, data=form).json()["status"] == "BAD_CLIENT_SECRET"


def test_a_rotated_refresh_token_is_dead_at_once(bare: Hub) -> None:
    bare.app(rotate_refresh_tokens=True)
    first = bare.install()["refresh_token"]
    second = bare.refresh(first).json()["refresh_token"]
    assert second != first
    assert bare.refresh(first).json() == BAD_REFRESH
    assert bare.refresh(second).status_code == 200


def test_a_rotated_refresh_token_can_have_a_grace(bare: Hub) -> None:
    bare.app(rotate_refresh_tokens=True, refresh_grace_s=30)
    first = bare.install()["refresh_token"]
    bare.refresh(first)
    bare.advance(29)
    assert bare.refresh(first).status_code == 200
    bare.advance(31)
    assert bare.refresh(first).json() == BAD_REFRESH


@pytest.mark.parametrize("token", ["", "na1-00000000-0000-0000-0000-000000000000"])
def test_an_unknown_refresh_token(hub: Hub, token: str) -> None:
    answer = hub.refresh(token)
    assert answer.status_code == 400
    assert answer.json() == BAD_REFRESH


def test_another_apps_credentials_look_like_a_bad_refresh_token(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    hub.app(client_id="other", app_id=2)
    assert hub.refresh(refresh, client_id="other").json() == BAD_REFRESH


def test_a_closed_account_answers_bad_hub(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    hub.control("DELETE", f"portals/{HUB}")
    answer = hub.refresh(refresh)
    assert answer.status_code == 400
    assert answer.json() == refusal("access_denied", "BAD_HUB", "missing or unknown hub id")


def test_scopes_accumulate_for_the_same_user_and_leave_with_the_apps_settings(bare: Hub) -> None:
    bare.exchange(bare.granted_code(scope="oauth crm.objects.contacts.read crm.objects.deals.read"))
    again = bare.exchange(bare.granted_code(scope="oauth")).json()
    assert again["scopes"] == ["crm.objects.contacts.read", "crm.objects.deals.read", "oauth"]
    bare.app(conditional_scopes=[s for s in CRM_SCOPES if s != "crm.objects.deals.read"])
    later = bare.exchange(bare.granted_code(scope="oauth")).json()
    assert later["scopes"] == ["crm.objects.contacts.read", "oauth"]


def test_existing_tokens_keep_their_scopes_until_somebody_authorizes_again(bare: Hub) -> None:
    refresh = bare.exchange(bare.granted_code()).json()["refresh_token"]
    bare.app(conditional_scopes=[])
    assert "crm.objects.contacts.read" in bare.refresh(refresh).json()["scopes"]


def test_users_of_an_account_have_tokens_of_their_own(bare: Hub) -> None:
    admin = bare.exchange(bare.granted_code()).json()
    user = bare.exchange(bare.granted_code(user_id=USER, scope="oauth")).json()
    assert user["refresh_token"] != admin["refresh_token"]
    assert user["scopes"] == ["oauth"]
    again = bare.exchange(bare.granted_code()).json()
    assert again["refresh_token"] == admin["refresh_token"]


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


def test_revoking_does_not_cascade(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    form = {"client_id": CLIENT_ID, "client_secret": SECRET, "token": refresh}
    assert hub.form("/oauth/2026-03/token/revoke", **form).status_code == 200
    assert hub.refresh(refresh).json() == BAD_REFRESH
    assert hub.introspect(refresh) == {"active": False}
    assert hub.get("/crm/v3/objects/contacts").status_code == 200, "the access token lives on"
    assert hub.control("GET", "state")["portals"][0]["installs"], "the app stays installed"
    assert hub.form("/oauth/2026-03/token/revoke", **form).status_code == 200, "also for a token it does not know"


def test_another_app_cannot_revoke(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    hub.app(client_id="other", app_id=2)
    form = {"client_id": "other", "client_secret": SECRET, "token": refresh}
    assert hub.form("/oauth/2026-03/token/revoke", **form).status_code == 200
    assert hub.refresh(refresh).status_code == 200


def test_v1_metadata(hub: Hub) -> None:
    tokens = hub.install()
    access = hub.http.get(f"/oauth/v1/access-tokens/{tokens['access_token']}").json()
    assert (access["hub_id"], access["user_id"], access["app_id"]) == (HUB, ADMIN, APP_ID)
    assert access["token_type"] == "access"
    address = f"/oauth/v1/refresh-tokens/{tokens['refresh_token']}"
    assert hub.http.get(address).json()["client_id"] == CLIENT_ID
    assert hub.http.delete(address).status_code == 204
    assert hub.http.get(address).status_code == 404


def test_client_credentials_are_for_the_journal(bare: Hub) -> None:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": SECRET}
    assert bare.form("/oauth/2026-03/token", **form).json()["status"] == "BAD_SCOPES"
    body: dict[str, Any] = bare.form(
        "/oauth/2026-03/token", **form, scope="developer.webhooks_journal.read crm.objects.contacts.read"
    ).json()
    assert body["token_use"] == "client_credentials"
    assert "refresh_token" not in body
    bare.token = body["access_token"]
    assert bare.get("/crm/v3/objects/contacts").status_code == 401, "it is of no account"


def test_uninstalling_kills_refresh_and_access_tokens(hub: Hub) -> None:
    tokens = hub.install()
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    assert hub.refresh(tokens["refresh_token"]).json() == BAD_REFRESH
    answer = hub.get("/crm/v3/objects/contacts")
    assert answer.status_code == 401
    assert hub.control("GET", "state")["portals"][0]["installs"] == []


def test_access_tokens_may_outlive_the_install(hub: Hub) -> None:
    tokens = hub.install()
    hub.control("POST", f"portals/{HUB}/uninstall", {"tokens": "until_expiry"})
    assert hub.refresh(tokens["refresh_token"]).json() == BAD_REFRESH
    assert hub.get("/crm/v3/objects/contacts").status_code == 200
    hub.advance(1800)
    assert hub.get("/crm/v3/objects/contacts").status_code == 401


def test_a_code_of_an_app_that_was_uninstalled_meanwhile_is_unknown(hub: Hub) -> None:
    code = hub.granted_code()
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    assert hub.exchange(code).json() == BAD_CODE


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_an_app_can_uninstall_itself(hub: Hub, version: str) -> None:
    tokens = hub.install()
    answer = hub.call("DELETE", f"/appinstalls/{version}/external-install")
    assert answer.status_code == 204
    assert answer.content == b""
    assert hub.refresh(tokens["refresh_token"]).status_code == 400
    assert hub.control("GET", "state")["portals"][0]["installs"] == []


def test_installing_again_starts_with_new_tokens(hub: Hub) -> None:
    before = hub.install()["refresh_token"]
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    after = hub.exchange(hub.granted_code()).json()["refresh_token"]
    assert after != before
    assert hub.refresh(before).status_code == 400


def test_the_authorize_query_of_these_tests_is_complete() -> None:
    assert authorize_query().keys() == {"client_id", "redirect_uri", "scope", "state"}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("form", "error", "status"),
    [
        ({}, "invalid_client", "BAD_CLIENT_ID"),
        ({"client_id": CLIENT_ID}, "invalid_client", "BAD_CLIENT_SECRET"),
        ({"client_id": CLIENT_ID, "client_secret": SECRET}, "unsupported_grant_type", "BAD_GRANT_TYPE"),
        (
            {"client_id": CLIENT_ID, "client_secret": SECRET, "grant_type": "authorization_code"},
            "invalid_grant",
            "BAD_AUTH_CODE",
        ),
        (
            {"client_id": CLIENT_ID, "client_secret": SECRET, "grant_type": "refresh_token"},
            "invalid_grant",
            "BAD_REFRESH_TOKEN",
        ),
        (
            {"client_id": CLIENT_ID, "client_secret": SECRET, "grant_type": "client_credentials"},
            "invalid_scope",
            "BAD_SCOPES",
        ),
    ],
)
def test_what_is_missing_is_named(bare: Hub, version: str, form: dict[str, str], error: str, status: str) -> None:
    answer = bare.form(f"/oauth/{version}/token", **form)
    assert answer.status_code == 400
    body = answer.json()
    assert (body["error"], body["status"]) == (error, status)
    assert body["message"] == body["error_description"]
    assert body.keys() == {"error", "error_description", "status", "message"}


def test_an_exchange_without_a_redirect_uri(bare: Hub) -> None:
    assert bare.exchange(bare.granted_code(), redirect_uri="").json()["status"] == "BAD_REDIRECT_URI"


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_only_forms_are_read(bare: Hub, kind: str) -> None:
    body = f"grant_type=refresh_token&client_id={CLIENT_ID}&client_secret={SECRET}&refresh_token=x"
    headers = {"Content-Type": kind} if kind else {}
    answer = bare.http.post("/oauth/2026-09/token", content=body.encode(), headers=headers)
    assert answer.status_code == 415
    good = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    answer = bare.http.post("/oauth/2026-09/token", content=body.encode(), headers=good)
    assert answer.json()["status"] == "BAD_REFRESH_TOKEN"


@pytest.mark.parametrize("scope", ["", "oauth", "developer.nonsense", "developer.webhooks_journal.read tickets.write"])
def test_scopes_that_an_app_cannot_have_for_itself(bare: Hub, scope: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": SECRET, "scope": scope}
    assert bare.form("/oauth/2026-09/token", **form).json()["status"] == "BAD_SCOPES"


def test_an_app_level_token_introspected(bare: Hub) -> None:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": SECRET}
    token = bare.form("/oauth/2026-09/token", **form, scope="developer.webhooks_journal.read").json()["access_token"]
    body = bare.introspect(token)
    assert body["token_use"] == "client_credentials"
    assert body["scopes"] == ["developer.webhooks_journal.read"]
    assert "hub_id" not in body


def test_a_user_level_app_has_nothing_of_its_own(bare: Hub) -> None:
    bare.app(user_level=True)
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": SECRET}
    answer = bare.form("/oauth/2026-09/token", **form, scope="developer.webhooks_journal.read")
    assert answer.status_code == 400
    assert answer.json()["status"] == "USER_LEVEL_CLIENT_CREDENTIALS_NOT_SUPPORTED"
    token = bare.exchange(bare.granted_code()).json()["access_token"]
    assert bare.introspect(token)["signed_access_token"]["isUserLevel"] is True


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


def test_revoking_takes_what_a_grace_would_keep(bare: Hub) -> None:
    bare.app(rotate_refresh_tokens=True, refresh_grace_s=60)
    first = bare.install()["refresh_token"]
    second = bare.refresh(first).json()["refresh_token"]
    assert bare.introspect(first)["active"] is True
    form = {"client_id": CLIENT_ID, "client_secret": SECRET, "token": second}
    assert bare.form("/oauth/2026-03/token/revoke", **form).status_code == 200
    assert bare.refresh(first).json() == BAD_REFRESH
    assert bare.introspect(first) == {"active": False}


def test_authorizing_after_a_rotation_finds_the_latest_token(bare: Hub) -> None:
    bare.app(rotate_refresh_tokens=True)
    latest = bare.refresh(bare.install()["refresh_token"]).json()["refresh_token"]
    assert bare.exchange(bare.granted_code()).json()["refresh_token"] == latest
    saved = bare.control("GET", "snapshot")
    bare.control("PUT", "snapshot", saved)
    assert bare.exchange(bare.granted_code()).json()["refresh_token"] == latest


@pytest.mark.parametrize("how", ["HubSpot's settings", "the app itself"])
def test_an_app_can_be_told_what_uninstalling_does_to_its_tokens(bare: Hub, how: str) -> None:
    bare.app(tokens_outlive_uninstall=True)
    tokens = bare.install()
    if how == "the app itself":
        assert bare.call("DELETE", "/appinstalls/2026-09/external-install").status_code == 204
    else:
        bare.control("POST", f"portals/{HUB}/uninstall", {})
    assert bare.refresh(tokens["refresh_token"]).json() == BAD_REFRESH
    assert bare.get("/crm/v3/objects/contacts").status_code == 200
    bare.advance(1800)
    assert bare.get("/crm/v3/objects/contacts").status_code == 401


def test_whoever_steers_has_the_last_word_on_that(bare: Hub) -> None:
    bare.app(tokens_outlive_uninstall=True)
    bare.install()
    bare.control("POST", f"portals/{HUB}/uninstall", {"tokens": "die"})
    assert bare.get("/crm/v3/objects/contacts").status_code == 401
