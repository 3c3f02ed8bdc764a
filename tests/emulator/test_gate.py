"""Who may call, on which host; what every answer carries."""

from __future__ import annotations

import re

import httpx2
import pytest

from tests.emulator.hub import HUB, USER, Hub

CONTACTS = "/crm/objects/2026-03/contacts"
TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"


def test_no_token_at_all(bare: Hub) -> None:
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer x"}):
        answer = bare.http.get(CONTACTS, headers=headers)
        assert answer.status_code == 401
        body = answer.json()
        assert body["category"] == "INVALID_AUTHENTICATION"
        assert body["message"].startswith("Authentication credentials not found.")
        assert answer.headers["x-hubspot-auth-failure"] == "401 Unauthorized"


def test_something_like_a_token_that_says_nothing_expired_at_the_epoch(bare: Hub) -> None:
    bare.token = "C" + "x" * 60
    body = bare.get(CONTACTS).json()
    assert body["category"] == "EXPIRED_AUTHENTICATION"
    assert body["context"] == {"expire time": ["1970-01-01T00:00:00Z"]}
    assert re.search(r"expired \d{5} day\(s\) ago", body["message"])


@pytest.mark.parametrize(
    ("late", "words"),
    [(0, "0 second(s)"), (59, "59 second(s)"), (60, "1 minute(s)"), (7_200, "2 hour(s)"), (80_000, "22 hour(s)")],
)
def test_an_expired_token_tells_since_when(hub: Hub, late: int, words: str) -> None:
    hub.advance(1800 + late)
    answer = hub.get(CONTACTS)
    assert answer.status_code == 401
    body = answer.json()
    assert body["message"] == f"The OAuth token used to make this call expired {words} ago."
    assert body["category"] == "EXPIRED_AUTHENTICATION"
    assert len(body["context"]["expire time"]) == 1


def test_a_token_lives_to_its_last_moment(hub: Hub) -> None:
    hub.advance(1799)
    assert hub.get(CONTACTS).status_code == 200


def test_a_missing_scope_is_named(bare: Hub) -> None:
    bare.install(scopes=["oauth", "crm.objects.contacts.read"])
    assert bare.get(CONTACTS).status_code == 200
    answer = bare.post(CONTACTS, {"properties": {"email": "a@b.co"}})
    assert answer.status_code == 403
    body = answer.json()
    assert body["category"] == "MISSING_SCOPES"
    assert body["errors"][0]["context"] == {"requiredGranularScopes": ["crm.objects.contacts.write"]}
    assert body["links"] == {"scopes": "https://developers.hubspot.com/scopes"}
    assert body["message"].startswith("This app hasn't been granted all required scopes to make this call.")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/crm/v3/objects/contacts"),
        ("GET", "/crm/v3/objects/contacts/101"),
        ("PATCH", "/crm/v3/objects/contacts/101"),
        ("DELETE", "/crm/v3/objects/contacts/101"),
        ("POST", "/crm/v3/objects/contacts/search"),
        ("POST", "/crm/v3/objects/contacts/merge"),
        ("POST", "/crm/v3/objects/contacts/gdpr-delete"),
        ("POST", "/crm/v3/objects/contacts/batch/read"),
        ("POST", "/crm/v3/objects/contacts/batch/create"),
        ("POST", "/crm/v3/objects/contacts/batch/update"),
        ("POST", "/crm/v3/objects/contacts/batch/upsert"),
        ("POST", "/crm/v3/objects/contacts/batch/archive"),
        ("GET", "/crm/v4/objects/contacts/101/associations/companies"),
        ("PUT", "/crm/v4/objects/contacts/101/associations/companies/101"),
        ("DELETE", "/crm/v4/objects/contacts/101/associations/companies/101"),
        ("PUT", "/crm/v4/objects/contacts/101/associations/default/companies/101"),
        ("POST", "/crm/v4/associations/contacts/companies/batch/read"),
        ("POST", "/crm/v4/associations/contacts/companies/batch/create"),
        ("POST", "/crm/v4/associations/contacts/companies/batch/archive"),
        ("POST", "/crm/v4/associations/contacts/companies/batch/associate/default"),
        ("POST", "/crm/v4/associations/contacts/companies/batch/labels/archive"),
        ("GET", "/crm/v4/associations/contacts/companies/labels"),
        ("GET", "/crm/v3/properties/contacts"),
        ("POST", "/crm/v3/properties/contacts"),
        ("GET", "/crm/v3/pipelines/deals"),
        ("GET", "/crm/v3/owners"),
    ],
)
def test_every_call_needs_a_scope(bare: Hub, method: str, path: str) -> None:
    bare.install(scopes=["oauth"])
    assert bare.call(method, path, {} if method != "GET" else None).status_code == 403


def test_the_global_host_serves_european_accounts_and_the_european_host_only_its_own(hub: Hub) -> None:
    hub.portal(5, hublet="eu1")
    american = hub.token
    hub.install(5)
    assert hub.get(CONTACTS).status_code == 200, "calls to the global host are routed by the token"
    assert hub.get(f"http://localhost:8766{CONTACTS}").status_code == 200
    hub.token = american
    answer = hub.get(f"http://localhost:8766{CONTACTS}")
    assert answer.status_code == 488
    body = answer.json()
    assert body["correctHublet"] == "na1"
    assert body["message"] == f"Hub {HUB} is unknown to this Hublet, but it appears to exist in Hublet na1"


def test_a_token_minted_before_a_move_leads_to_the_old_region(hub: Hub) -> None:
    hub.emulator.portals[HUB].hublet = "eu1"
    answer = hub.get(CONTACTS)
    assert answer.status_code == 488
    assert answer.json()["correctHublet"] == "eu1"
    assert hub.get(f"http://localhost:8766{CONTACTS}").status_code == 200


def test_a_long_address_is_refused_by_the_edge_in_html(hub: Hub) -> None:
    answer = hub.get(f"{CONTACTS}?properties={'x' * 16_200}")
    assert answer.status_code == 414
    assert answer.headers["content-type"].startswith("text/html")
    assert "414" in answer.text
    assert hub.get(f"{CONTACTS}?properties={'x' * 15_000}").status_code == 200


def test_answers_carry_a_correlation_id_and_say_what_they_are(hub: Hub) -> None:
    answer = hub.get(CONTACTS)
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    ids = {hub.get(CONTACTS).headers["x-hubspot-correlation-id"] for _ in range(3)}
    assert len(ids) == 3
    refused = hub.get("/crm/v3/objects/contacts/9999999")
    assert refused.json()["correlationId"] == refused.headers["x-hubspot-correlation-id"]


def test_a_trailing_slash_changes_nothing(hub: Hub) -> None:
    assert hub.get(f"{CONTACTS}/").status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nope", 404), ("PUT", CONTACTS, 405)])
def test_what_does_not_exist_is_json_too(hub: Hub, method: str, path: str, status: int) -> None:
    answer: httpx2.Response = hub.call(method, path)
    assert answer.status_code == status
    assert answer.json()["status"] == "error"


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":}', b"[]", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_not_what_it_should_be(hub: Hub, body: bytes) -> None:
    answer = hub.http.post(CONTACTS, content=body, headers={"Authorization": f"Bearer {hub.token}"})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Invalid input JSON on line ")


def test_a_private_apps_token(bare: Hub) -> None:
    body = bare.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["crm.objects.contacts.read"]})
    assert body["access_token"].startswith("pat-na1-")
    bare.token = body["access_token"]
    bare.advance(365 * 86_400)
    assert bare.get(CONTACTS).status_code == 200, "it does not expire"
    assert bare.post(CONTACTS, {"properties": {"email": "a@b.co"}}).status_code == 403


def test_a_private_apps_token_says_what_it_is_good_for(bare: Hub) -> None:
    body = bare.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["tickets"], "user_id": USER})
    answer = bare.http.post(TOKEN_INFO, json={"tokenKey": body["access_token"]})
    assert answer.json() == {"userId": USER, "hubId": HUB, "appId": body["app_id"], "scopes": ["tickets"]}
    for unknown in ("pat-na1-00000000-0000-4000-8000-000000000000", bare.token):
        assert bare.http.post(TOKEN_INFO, json={"tokenKey": unknown}).status_code == 404


def test_a_private_apps_token_is_rotated_and_deleted(bare: Hub) -> None:
    scopes = ["crm.objects.contacts.read"]
    first = bare.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": scopes})
    app = f"portals/{HUB}/private_apps/{first['app_id']}"
    second = bare.control("POST", f"{app}/rotate", {})
    assert second["app_id"] == first["app_id"]
    statuses = []
    for one in (first, second):
        bare.token = one["access_token"]
        statuses.append(bare.get(CONTACTS).status_code)
    assert statuses == [401, 200]
    bare.control("DELETE", app)
    assert bare.get(CONTACTS).status_code == 401
    assert bare.http.delete(f"/_emulator/{app}").status_code == 400, "it is gone"
