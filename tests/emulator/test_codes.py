"""Codes, which become tokens once."""

from __future__ import annotations

import base64
import hashlib

import pytest

from tests.emulator.hub import HUB, REDIRECT, Hub, authorize_query
from tests.emulator.token_endpoint import BAD_CODE, VERSIONS, refusal


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


def test_pkce_is_checked_where_it_was_begun(bare: Hub) -> None:
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    assert bare.exchange(bare.granted_code(**pkce), code_verifier=verifier).status_code == 200
    wrong = bare.exchange(bare.granted_code(**pkce), code_verifier="w" * 50)
    assert wrong.json()["status"] == "BAD_CODE_VERIFIER"
    assert bare.exchange(bare.granted_code(**pkce)).json()["status"] == "BAD_CODE_VERIFIER"


def test_a_code_of_an_app_that_was_uninstalled_meanwhile_is_unknown(hub: Hub) -> None:
    code = hub.granted_code()
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    assert hub.exchange(code).json() == BAD_CODE


def test_the_authorize_query_of_these_tests_is_complete() -> None:
    assert authorize_query().keys() == {"client_id", "redirect_uri", "scope", "state"}


def test_an_exchange_without_a_redirect_uri(bare: Hub) -> None:
    assert bare.exchange(bare.granted_code(), redirect_uri="").json()["status"] == "BAD_REDIRECT_URI"
