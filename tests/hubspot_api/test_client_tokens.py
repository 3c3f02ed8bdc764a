"""The token and the data centre that a client's calls go with."""

from __future__ import annotations

import pytest

from hubspot_api import errors
from hubspot_api.ports import AccessToken, StaticToken
from hubspot_api.secret import Secret
from tests.hubspot_api.fakes import EXPIRED, Renewing, ok, refusal, world

EU = refusal(488, message="unknown to this Hublet", correctHublet="eu1")


def test_a_401_is_answered_with_one_newer_token() -> None:
    tokens = Renewing()
    here = world(EXPIRED, ok({"a": 1}), tokens=tokens)
    assert here.client.request("POST", "/x", json={}).json == {"a": 1}
    assert [request.headers["authorization"] for request in here.hubspot.asked] == ["Bearer t-1", "Bearer t-2"]
    assert tokens.rejections == [1]
    assert here.time.slept == []


@pytest.mark.parametrize("category", ["EXPIRED_AUTHENTICATION", "INVALID_AUTHENTICATION", "SOMETHING_NEW"])
def test_a_second_401_ends_the_call(category: str) -> None:
    tokens = Renewing()
    here = world(refusal(401, category), tokens=tokens)
    with pytest.raises(errors.Unauthorized):
        here.client.request("GET", "/x")
    assert len(here.hubspot.asked) == 2
    assert tokens.rejections == [1]


def test_without_a_newer_token_a_401_ends_the_call() -> None:
    here = world(EXPIRED, tokens=StaticToken("pat"))
    with pytest.raises(errors.TokenExpired):
        here.client.request("GET", "/x")
    assert len(here.hubspot.asked) == 1


def test_what_the_token_source_raises_ends_the_call() -> None:
    class Dead(Renewing):
        def rejected(self, token: AccessToken) -> AccessToken:
            raise errors.RefreshTokenInvalid(str(token.generation))

    here = world(EXPIRED, tokens=Dead())
    with pytest.raises(errors.RefreshTokenInvalid):
        here.client.request("GET", "/x")
    assert here.log.records[0].error == "RefreshTokenInvalid"


def test_time_spent_on_a_new_token_is_not_the_calls() -> None:
    class Slow(Renewing):
        def rejected(self, token: AccessToken) -> AccessToken:
            here.time.pass_(15)
            return super().rejected(token)

        def current(self) -> AccessToken:
            here.time.pass_(12)
            return super().current()

    here = world(EXPIRED, ok(), tokens=Slow())
    here.client.request("GET", "/x", deadline=10)
    assert here.log.records[0].waited == pytest.approx(12 + 15 + 12)
    assert here.log.records[0].took == 0


@pytest.mark.parametrize("text", ["", "line\nbreak canary", "can ary", "canáry", "canary\x00", "canary\ud800"])
def test_a_token_that_no_header_can_carry_is_named_without_being_shown(text: str) -> None:
    here = world(ok(), tokens=StaticToken(Secret(text)))
    with pytest.raises(errors.TokenUnreadable) as caught:
        here.client.request("GET", "/x")
    assert "canary" not in f"{caught.value} {caught.value!r}"
    assert caught.value.__cause__ is None
    assert here.hubspot.asked == []


# Data centres


def test_a_488_moves_the_call_to_the_right_host_and_tells() -> None:
    told: list[str] = []
    here = world(EU, ok({"a": 1}), moved=told.append)
    assert here.client.request("POST", "/x", json={"b": 2}).json == {"a": 1}
    assert [request.url.host for request in here.hubspot.asked] == ["api.hubapi.com", "api-eu1.hubapi.com"]
    assert here.hubspot.bodies() == [{"b": 2}, {"b": 2}]
    assert told == ["eu1"]
    here.client.request("GET", "/x")
    assert here.hubspot.asked[-1].url.host == "api-eu1.hubapi.com"


def test_the_token_says_where_the_account_lives() -> None:
    here = world(ok(), tokens=Renewing(hublet="eu1"))
    here.client.request("GET", "/x")
    assert here.hubspot.asked[0].url.host == "api-eu1.hubapi.com"


def test_an_account_that_moved_back_is_followed() -> None:
    back = refusal(488, correctHublet="na1")
    here = world(back, ok(), tokens=Renewing(hublet="eu1"))
    here.client.request("GET", "/x")
    assert [request.url.host for request in here.hubspot.asked] == ["api-eu1.hubapi.com", "api.hubapi.com"]


@pytest.mark.parametrize("named", ["na1", "", "evil.example/", None])
def test_a_488_that_names_no_other_place_ends_the_call(named: str | None) -> None:
    here = world(refusal(488, correctHublet=named))
    with pytest.raises(errors.WrongHublet):
        here.client.request("GET", "/x")
    assert len(here.hubspot.asked) == 1


def test_two_data_centres_that_point_at_each_other_end_the_call() -> None:
    here = world(EU, refusal(488, correctHublet="na1"))
    with pytest.raises(errors.WrongHublet):
        here.client.request("GET", "/x")
    assert len(here.hubspot.asked) == 2


def test_other_addresses_need_a_function_of_their_own() -> None:
    here = world(EU, api_url="http://localhost:8765")
    with pytest.raises(errors.WrongHublet):
        here.client.request("GET", "/x")
    ports = {"eu1": "http://localhost:8766"}
    here = world(EU, ok(), api_url="http://localhost:8765/", hosts=lambda _, hublet: ports.get(hublet))
    here.client.request("GET", "/x")
    assert [str(request.url) for request in here.hubspot.asked] == [
        "http://localhost:8765/x",
        "http://localhost:8766/x",
    ]
