"""The token endpoints: refreshing, revocation, tokens of the app itself, and refusals word by word."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import CLIENT_ID, CRM_SCOPES, HUB, SECRET, USER, Hub
from tests.emulator.token_endpoint import BAD_REFRESH, VERSIONS, refusal


def test_json_is_not_a_form(bare: Hub) -> None:
    assert bare.http.post("/oauth/2026-03/token", json={"grant_type": "refresh_token"}).status_code == 415


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


def test_a_user_level_app_has_nothing_of_its_own(bare: Hub) -> None:
    bare.app(user_level=True)
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": SECRET}
    answer = bare.form("/oauth/2026-09/token", **form, scope="developer.webhooks_journal.read")
    assert answer.status_code == 400
    assert answer.json()["status"] == "USER_LEVEL_CLIENT_CREDENTIALS_NOT_SUPPORTED"
    token = bare.exchange(bare.granted_code()).json()["access_token"]
    assert bare.introspect(token)["signed_access_token"]["isUserLevel"] is True


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
