"""HubSpot's own client at the token endpoints: create, get, archive; it calls the deprecated v1."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.emulator.hub import APP_ID, CLIENT_ID, HUB, REDIRECT, SECRET, authorize_query
from tests.emulator.official import official as official  # fixtures
from tests.emulator.official import process as process
from tests.emulator.process import Process

CREDENTIALS = {"client_id": CLIENT_ID, "client_secret": SECRET}


@pytest.fixture
def tokens(official: Any, process: Process) -> Any:
    """What a user's consent leads to."""
    code = consent(process)
    return official.oauth.tokens_api.create(
        grant_type="authorization_code", code=code, redirect_uri=REDIRECT, **CREDENTIALS
    )


def consent(process: Process) -> str:
    users = process.control("GET", "snapshot")["portals"]
    admin = next(portal for portal in users if portal["hub_id"] == HUB)["users"][0]["user_id"]
    form = {"hub_id": str(HUB), "user_id": str(admin), "decision": "grant"}
    answer = process.http.post("/oauth/authorize", params=authorize_query(), data=form)
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def test_the_authorize_url_is_what_the_page_takes(process: Process) -> None:
    get_auth_url = import_module("hubspot.utils.oauth").get_auth_url
    url = get_auth_url(
        client_id=CLIENT_ID, redirect_uri=REDIRECT, scope=("oauth", "crm.objects.contacts.read"), state="a b"
    )
    page = process.http.get(f"/oauth/{HUB}/authorize?{urlsplit(url).query}")
    assert 'value="grant"' in page.text


def test_tokens_are_created_from_a_code_and_from_a_refresh_token(official: Any, tokens: Any) -> None:
    assert (tokens.token_type, tokens.expires_in) == ("bearer", 1800)
    again = official.oauth.tokens_api.create(
        grant_type="refresh_token", refresh_token=tokens.refresh_token, **CREDENTIALS
    )
    assert again.refresh_token == tokens.refresh_token
    assert again.access_token != tokens.access_token


def test_an_access_token_is_looked_up(official: Any, tokens: Any) -> None:
    found = official.oauth.access_tokens_api.get(tokens.access_token)
    assert (found.hub_id, found.app_id, found.token_type) == (HUB, APP_ID, "access")
    assert {"oauth", "crm.objects.contacts.read"} <= set(found.scopes)
    assert 0 < found.expires_in <= 1800
    assert "@" in found.user
    assert found.hub_domain == found.user.partition("@")[2]


def test_a_refresh_token_is_looked_up_and_archived(official: Any, tokens: Any) -> None:
    exceptions = import_module("hubspot.oauth.exceptions")
    found = official.oauth.refresh_tokens_api.get(tokens.refresh_token)
    assert (found.hub_id, found.client_id, found.token_type) == (HUB, CLIENT_ID, "refresh")
    official.oauth.refresh_tokens_api.archive(tokens.refresh_token)
    with pytest.raises(exceptions.ApiException) as gone:
        official.oauth.refresh_tokens_api.get(tokens.refresh_token)
    assert gone.value.status == 404
    with pytest.raises(exceptions.ApiException) as refused:
        official.oauth.tokens_api.create(grant_type="refresh_token", refresh_token=tokens.refresh_token, **CREDENTIALS)
    assert refused.value.status == 400
    assert "BAD_REFRESH_TOKEN" in refused.value.body
    assert official.oauth.access_tokens_api.get(tokens.access_token).hub_id == HUB, "the access token lives on"
