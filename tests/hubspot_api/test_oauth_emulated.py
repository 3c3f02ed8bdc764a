"""OAuth against the emulator: from consent to tokens and back, and where an account's data lives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from hubspot_api import errors, installs, objects
from hubspot_api.account import account_details
from hubspot_api.errors import HubSpotError
from hubspot_api.oauth import OAuth, TokenGrant
from hubspot_api.ports import AccessToken, Bucket
from hubspot_api.secret import Secret
from tests.hubspot_api.emulated import HUB, HUB_EU, REDIRECT, SCOPES, USER, Place


def test_from_consent_to_tokens_and_back(place: Place) -> None:
    oauth = place.oauth()
    grant = oauth.exchange(place.code(), REDIRECT)
    assert grant.hub_id == HUB
    assert grant.expires_in == 1800
    assert set(grant.scopes) == {"oauth", *SCOPES}
    assert grant.refresh_token is not None

    info = oauth.introspect(grant.access_token)
    assert info is not None
    assert (info.hub_id, info.user_id, info.app_id, info.client_id) == (HUB, USER, 9001, "client-1")
    assert (info.token_use, info.hublet, info.user_email) == ("access_token", "na1", "ada@example.com")
    refresh_info = oauth.introspect(grant.refresh_token, "refresh_token")
    assert refresh_info is not None
    assert (refresh_info.token_use, refresh_info.expires_in) == ("refresh_token", None)

    renewed = oauth.refresh(grant.refresh_token, HUB)
    assert renewed.refresh_token == grant.refresh_token
    assert renewed.access_token != grant.access_token

    oauth.revoke(grant.refresh_token)
    assert oauth.introspect(grant.refresh_token, "refresh_token") is None
    with pytest.raises(errors.RefreshTokenInvalid):
        oauth.refresh(grant.refresh_token, HUB)
    assert account_details(place.client(renewed.access_token.reveal())).hub_id == HUB
    assert {record.bucket for record in place.log.records} == {Bucket.OAUTH, Bucket.BURST}


def test_a_rotating_refresh_token_is_returned(place: Place) -> None:
    place.app(rotate_refresh_tokens=True)
    oauth = place.oauth()
    first = oauth.exchange(place.code(), REDIRECT).refresh_token
    assert first is not None
    second = oauth.refresh(first).refresh_token
    assert second is not None
    assert second != first
    with pytest.raises(errors.RefreshTokenInvalid):
        oauth.refresh(first)


def test_pkce(place: Place) -> None:
    verifier = "v" * 50
    assert place.oauth().exchange(place.code(code_verifier=verifier), REDIRECT, verifier).hub_id == HUB
    with pytest.raises(errors.CodeVerifierInvalid):
        place.oauth().exchange(place.code(code_verifier=verifier), REDIRECT, "w" * 50)


def test_codes_that_are_used_unknown_or_late(place: Place) -> None:
    code = place.code()
    place.oauth().exchange(code, REDIRECT)
    for spent in (code, Secret("na1-unknown")):
        with pytest.raises(errors.AuthCodeInvalid):
            place.oauth().exchange(spent, REDIRECT)
    late = place.code()
    place.control("clock", advance_s=601)
    with pytest.raises(errors.AuthCodeExpired):
        place.oauth().exchange(late, REDIRECT)
    with pytest.raises(errors.OAuthRefused):
        place.oauth().exchange(place.code(), REDIRECT + "/elsewhere")


def test_our_own_credentials_are_our_own_fault(place: Place) -> None:
    refresh_token = Secret(place.tokens()["refresh_token"])
    for oauth in (place.oauth(secret="wrong"), place.oauth(client_id="unknown")):
        for ask in (oauth.refresh, oauth.introspect, oauth.revoke):
            with pytest.raises(errors.ClientInvalid):
                ask(refresh_token)
        with pytest.raises(errors.ClientInvalid):
            oauth.exchange(Secret("x"), REDIRECT)


def test_an_account_that_is_gone(place: Place) -> None:
    refresh_token = Secret(place.tokens()["refresh_token"])
    assert place.web.delete(f"/_emulator/portals/{HUB}").status_code == 204
    with pytest.raises(errors.HubGone):
        place.oauth().refresh(refresh_token)


@pytest.mark.parametrize(
    ("action", "params", "kind"),
    [
        ("status", {"status": 429}, errors.RateLimited),
        ("status", {"status": 500}, errors.ServerFailed),
        ("html", {"status": 502}, errors.Overloaded),
        ("html", {"status": 200}, errors.AnswerUnreadable),
        ("migrating", {}, errors.Migrating),
        ("status", {"status": 403, "body": {"status": "BAD_HUB"}}, errors.HubGone),
        ("status", {"status": 403, "body": {"message": "no"}}, errors.OAuthRefused),
    ],
)
def test_a_token_endpoint_that_misbehaves(
    place: Place, action: str, params: dict[str, Any], kind: type[HubSpotError]
) -> None:
    refresh_token = Secret(place.tokens()["refresh_token"])
    place.fault(action, "/oauth", **params)
    with pytest.raises(HubSpotError) as caught:
        place.oauth().refresh(refresh_token)
    assert type(caught.value) is kind


# Tokens and data centres


@dataclass
class Refreshed:
    """Tokens as an app keeps them."""

    oauth: OAuth
    grant: TokenGrant
    generation: int = 1

    def current(self) -> AccessToken:
        return AccessToken(self.grant.access_token, self.generation)

    def rejected(self, token: AccessToken) -> AccessToken:
        assert token.generation == self.generation
        assert self.grant.refresh_token is not None
        self.grant = self.oauth.refresh(self.grant.refresh_token, HUB)
        self.generation += 1
        return self.current()


def test_a_token_that_expired_is_renewed_on_the_way(place: Place) -> None:
    tokens = Refreshed(place.oauth(), place.oauth().exchange(place.code(), REDIRECT))
    client = place.client(tokens=tokens)
    place.control("clock", advance_s=1801)
    assert objects.create(client, "contacts", {"email": "new@example.com"}).id
    assert tokens.generation == 2
    assert place.log.records[-1].attempts == 2


def test_401s_are_told_apart(place: Place) -> None:
    with pytest.raises(errors.TokenMissing):
        account_details(place.client("garbage"))
    with pytest.raises(errors.TokenUnreadable):
        account_details(place.client("x" * 60))
    token = place.tokens()["access_token"]
    place.control("clock", advance_s=1801)
    with pytest.raises(errors.TokenExpired):
        account_details(place.client(token))


def test_a_scope_that_is_missing_is_named(place: Place) -> None:
    client = place.client(place.tokens(scopes=["crm.objects.companies.read"])["access_token"])
    with pytest.raises(errors.MissingScopes) as caught:
        objects.list_page(client, "contacts")
    assert "crm.objects.contacts.read" in caught.value.scopes


def test_an_account_elsewhere_is_found_and_remembered(place: Place) -> None:
    told: list[str] = []
    token = place.tokens(HUB_EU)["access_token"]
    client = place.client(token, moved=told.append)
    place.fault("wrong_hublet", "/account-info", hublet="eu1")
    assert account_details(client).hublet == "eu1"
    assert account_details(client).hub_id == HUB_EU
    assert told == ["eu1"]


def test_a_host_of_another_region_points_to_the_right_one(place: Place) -> None:
    client = place.client(place.tokens()["access_token"], origin="eu1")
    assert account_details(client).hublet == "na1"


def test_uninstalling_ends_the_tokens(place: Place) -> None:
    tokens = place.tokens()
    client = place.client(tokens["access_token"])
    installs.uninstall(client)
    with pytest.raises(errors.Unauthorized):
        account_details(client)
    with pytest.raises(errors.RefreshTokenInvalid):
        place.oauth().refresh(Secret(tokens["refresh_token"]))
