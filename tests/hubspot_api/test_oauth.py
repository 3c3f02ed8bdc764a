from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import httpx2
import pytest

from hubspot_api import errors
from hubspot_api.errors import HubSpotError
from hubspot_api.oauth import OAuth, TokenGrant, TokenInfo
from hubspot_api.ports import Bucket, OpenGate, Permit
from hubspot_api.secret import Secret
from hubspot_api.transport import PooledTransport
from tests.hubspot_api.fakes import HubSpot, Log, Reply, Time, html, ok, refusal, surroundings
from tests.hubspot_api.servers import HEAD, serving

REDIRECT = "https://app.example.com/oauth/callback"
GRANT: dict[str, Any] = {
    "access_token": "canary-access",
    "refresh_token": "canary-refresh",
    "expires_in": 1800,
    "hub_id": 123,
    "user_id": 7,
    "scopes": ["oauth", "crm.objects.contacts.read"],
    "token_type": "bearer",
    "token_use": "access_token",
}
INFO: dict[str, Any] = {
    "active": True,
    "app_id": 39522895,
    "client_id": "client-1",
    "expires_in": 1799,
    "hub_id": 123,
    "hub_domain": "example.com",
    "is_private_distribution": False,
    "scopes": ["oauth"],
    "signed_access_token": {"hublet": "eu1", "userId": 7},
    "token": "canary-access",
    "token_type": "Bearer",
    "token_use": "access_token",
    "user": "canary@example.com",
    "user_id": 7,
}
CODE = Secret("na1-canary-code")
REFRESH = Secret("na1-canary-refresh")


class Server:
    """The token endpoint and what it was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.hubspot = HubSpot(list(replies))
        self.log = Log()
        self.time = Time()
        self.oauth = OAuth(
            client_id="client-1",
            client_secret=Secret("canary-secret+&é"),
            surroundings=surroundings(self.time, self.log),
            transport=httpx2.MockTransport(self.hubspot),
        )

    def forms(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(request.content.decode(), strict_parsing=True)) for request in self.hubspot.asked]


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


# The consent page


def test_the_consent_pages_address_says_all_that_hubspot_needs() -> None:
    url = Server(ok()).oauth.authorize_url(
        redirect_uri=REDIRECT + "?a=b c+d",
        scopes=["oauth", "crm.objects.contacts.read"],
        optional_scopes=["crm.objects.deals.read", "automation"],
        state="st ate/+=",
        hub_id=123,
    )
    assert url.startswith("https://app.hubspot.com/oauth/123/authorize?")
    assert "+" not in url
    assert "scope=oauth%20crm.objects.contacts.read&" in url
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": ["client-1"],
        "redirect_uri": [REDIRECT + "?a=b c+d"],
        "scope": ["oauth crm.objects.contacts.read"],
        "optional_scope": ["crm.objects.deals.read automation"],
        "state": ["st ate/+="],
    }


def test_the_address_leaves_out_what_was_not_asked_for() -> None:
    url = Server(ok()).oauth.authorize_url(redirect_uri=REDIRECT, scopes=["oauth"], state="s")
    assert url.startswith("https://app.hubspot.com/oauth/authorize?")
    assert parse_qs(urlsplit(url).query).keys() == {"response_type", "client_id", "redirect_uri", "scope", "state"}
    assert "canary" not in unquote(url)


def test_a_code_verifier_leaves_its_challenge_in_the_address() -> None:
    # RFC 7636, appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    url = Server(ok()).oauth.authorize_url(redirect_uri=REDIRECT, scopes=["oauth"], state="s", code_verifier=verifier)
    query = parse_qs(urlsplit(url).query)
    assert query["code_challenge"] == ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"]
    assert query["code_challenge_method"] == ["S256"]
    assert verifier not in url


# Exchange and refresh


def test_an_exchange_sends_credentials_in_the_body_only() -> None:
    server = Server(ok(GRANT))
    server.oauth.exchange(CODE, REDIRECT, "verifier-1")
    (request,) = server.hubspot.asked
    assert (request.method, str(request.url)) == ("POST", "https://api.hubapi.com/oauth/2026-03/token")
    assert request.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert "authorization" not in request.headers
    assert server.forms() == [
        {
            "grant_type": "authorization_code",
            "code": "na1-canary-code",
            "redirect_uri": REDIRECT,
            "code_verifier": "verifier-1",
            "client_id": "client-1",
            "client_secret": "canary-secret+&é",
        }
    ]


def test_an_exchange_returns_what_was_granted() -> None:
    grant = Server(ok(GRANT)).oauth.exchange(CODE, REDIRECT)
    assert grant == TokenGrant(
        access_token=Secret("canary-access"),
        refresh_token=Secret("canary-refresh"),
        expires_in=1800,
        hub_id=123,
        user_id=7,
        scopes=("oauth", "crm.objects.contacts.read"),
        token_type="bearer",
    )
    assert "canary" not in repr(grant)


def test_a_refresh_sends_the_token_and_no_scope() -> None:
    server = Server(ok(GRANT))
    server.oauth.refresh(REFRESH)
    assert server.forms() == [
        {
            "grant_type": "refresh_token",
            "refresh_token": "na1-canary-refresh",
            "client_id": "client-1",
            "client_secret": "canary-secret+&é",
        }
    ]


@pytest.mark.parametrize(
    ("body", "refresh_token"),
    [
        (GRANT, Secret("canary-refresh")),
        (without(GRANT, "refresh_token"), None),
        ({**GRANT, "refresh_token": None}, None),
        ({**GRANT, "refresh_token": ""}, None),
    ],
)
def test_a_refresh_tells_a_new_refresh_token_from_none(body: dict[str, Any], refresh_token: Secret | None) -> None:
    assert Server(ok(body)).oauth.refresh(REFRESH).refresh_token == refresh_token


def test_the_user_may_be_left_out() -> None:
    assert Server(ok(without(GRANT, "user_id"))).oauth.exchange(CODE, REDIRECT).user_id is None


@pytest.mark.parametrize(
    "body",
    [
        *[without(GRANT, name) for name in ("access_token", "expires_in", "hub_id", "scopes", "token_type")],
        {**GRANT, "access_token": ""},
        {**GRANT, "access_token": 5},
        {**GRANT, "expires_in": 0},
        {**GRANT, "expires_in": -1},
        {**GRANT, "expires_in": "1800"},
        {**GRANT, "expires_in": True},
        {**GRANT, "hub_id": "123"},
        {**GRANT, "scopes": "oauth crm"},
        {**GRANT, "scopes": ["oauth", 1]},
        {**GRANT, "refresh_token": 5},
        {**GRANT, "error": "invalid_grant"},
        [GRANT],
        "text",
    ],
)
@pytest.mark.parametrize("ask", ["exchange", "refresh"])
def test_a_success_without_what_we_need_is_no_success(body: object, ask: str) -> None:
    server = Server(ok(body))
    with pytest.raises(errors.ResponseInvalid) as caught:
        ASKING[ask](server.oauth)
    assert "canary" not in str(caught.value)
    assert len(server.hubspot.asked) == 1


def test_a_first_grant_needs_a_refresh_token() -> None:
    with pytest.raises(errors.ResponseInvalid, match="refresh_token"):
        Server(ok(without(GRANT, "refresh_token"))).oauth.exchange(CODE, REDIRECT)


ASKING: dict[str, Callable[[OAuth], object]] = {
    "exchange": lambda oauth: oauth.exchange(CODE, REDIRECT),
    "refresh": lambda oauth: oauth.refresh(REFRESH, 123),
    "introspect": lambda oauth: oauth.introspect(REFRESH, "refresh_token", 123),
    "revoke": lambda oauth: oauth.revoke(REFRESH, 123),
}
REFUSALS: list[tuple[Reply, type[HubSpotError]]] = [
    (httpx2.Response(400, json={"error": "invalid_grant", "status": "BAD_REFRESH_TOKEN"}), errors.RefreshTokenInvalid),
    (httpx2.Response(400, json={"status": "BAD_AUTH_CODE"}), errors.AuthCodeInvalid),
    (httpx2.Response(400, json={"status": "EXPIRED_AUTH_CODE"}), errors.AuthCodeExpired),
    (httpx2.Response(400, json={"status": "BAD_CODE_VERIFIER"}), errors.CodeVerifierInvalid),
    (httpx2.Response(403, json={"status": "BAD_HUB", "message": "missing or unknown hub id"}), errors.HubGone),
    (httpx2.Response(401, json={"error": "invalid_client"}), errors.ClientInvalid),
    (httpx2.Response(403, json={"access_token": "canary"}), errors.OAuthRefused),
    (html(403), errors.OAuthRefused),
    (refusal(429, "RATE_LIMITS"), errors.RateLimited),
    (refusal(500), errors.ServerFailed),
    (html(502), errors.Overloaded),
    (html(200), errors.AnswerUnreadable),
    (httpx2.Response(302, headers={"Location": "https://elsewhere.example/"}), errors.UnexpectedStatus),
    (httpx2.ReadError("reset"), errors.AnswerLost),
    (httpx2.ReadTimeout("late"), errors.DeadlineExceeded),
]


@pytest.mark.parametrize(("reply", "kind"), REFUSALS)
@pytest.mark.parametrize("ask", ASKING)
def test_whatever_is_no_success_raises_before_authlib_parses_it(
    reply: Reply, kind: type[HubSpotError], ask: str
) -> None:
    server = Server(reply)
    with pytest.raises(HubSpotError) as caught:
        ASKING[ask](server.oauth)
    assert type(caught.value) is kind
    assert "canary" not in f"{caught.value} {caught.value!r}"
    assert len(server.hubspot.asked) == 1


@pytest.mark.parametrize("ask", ASKING)
def test_only_what_was_not_sent_is_sent_again(ask: str) -> None:
    reply = ok(INFO) if ask == "introspect" else ok(GRANT)
    server = Server(httpx2.ConnectError("refused"), reply)
    ASKING[ask](server.oauth)
    assert len(server.hubspot.asked) == 2


@pytest.mark.parametrize("ask", ["exchange", "refresh", "introspect", "revoke"])
def test_an_empty_code_or_token_is_a_mistake_of_ours(ask: str) -> None:
    server = Server(ok(GRANT))
    asking: dict[str, Callable[[], object]] = {
        "exchange": lambda: server.oauth.exchange(Secret(""), REDIRECT),
        "refresh": lambda: server.oauth.refresh(Secret("")),
        "introspect": lambda: server.oauth.introspect(Secret("")),
        "revoke": lambda: server.oauth.revoke(Secret("")),
    }
    with pytest.raises(ValueError, match="empty"):
        asking[ask]()
    assert server.hubspot.asked == []


def test_threads_that_refresh_at_once_each_get_their_own_tokens() -> None:
    start = threading.Barrier(8)

    def echo(request: httpx2.Request) -> httpx2.Response:
        mine = dict(parse_qsl(request.content.decode()))["refresh_token"]
        start.wait()
        return ok({**GRANT, "access_token": f"for-{mine}", "refresh_token": mine})

    server = Server(echo)

    def refresh(number: int) -> bool:
        grant = server.oauth.refresh(Secret(f"r{number}"))
        return grant.access_token == Secret(f"for-r{number}") and grant.refresh_token == Secret(f"r{number}")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(refresh, range(160)))


# Introspection and revocation


def test_introspection_says_whose_token_it_is() -> None:
    server = Server(ok(INFO))
    info = server.oauth.introspect(Secret("canary-access"))
    assert info == TokenInfo(
        hub_id=123,
        user_id=7,
        app_id=39522895,
        client_id="client-1",
        scopes=("oauth",),
        token_use="access_token",
        expires_in=1799,
        hublet="eu1",
        user_email="canary@example.com",
        hub_domain="example.com",
    )
    assert "canary" not in repr(info)
    assert str(server.hubspot.asked[0].url) == "https://api.hubapi.com/oauth/2026-03/token/introspect"
    assert server.forms() == [
        {
            "token": "canary-access",
            "token_type_hint": "access_token",
            "client_id": "client-1",
            "client_secret": "canary-secret+&é",
        }
    ]


def test_introspection_of_a_refresh_token_has_no_expiry() -> None:
    body = {**without(without(INFO, "expires_in"), "signed_access_token"), "token_use": "refresh_token"}
    info = Server(ok(body)).oauth.introspect(REFRESH, "refresh_token")
    assert info is not None
    assert (info.expires_in, info.hublet, info.token_use) == (None, None, "refresh_token")


def test_introspection_of_a_dead_token_is_none() -> None:
    assert Server(ok({"active": False})).oauth.introspect(REFRESH) is None


@pytest.mark.parametrize("body", [{}, {"active": "true"}, {"active": True}, {**INFO, "user_id": "7"}, [], None])
def test_an_introspection_that_does_not_say_is_no_success(body: object) -> None:
    reply = httpx2.Response(200, json=body)
    with pytest.raises(errors.ResponseInvalid):
        Server(reply).oauth.introspect(REFRESH)


@pytest.mark.parametrize("reply", [ok({}), ok(status=204), httpx2.Response(200), ok({"anything": 1})])
def test_a_revocation_needs_no_body(reply: httpx2.Response) -> None:
    server = Server(reply)
    server.oauth.revoke(REFRESH)
    assert str(server.hubspot.asked[0].url) == "https://api.hubapi.com/oauth/2026-03/token/revoke"
    assert server.forms()[0]["token"] == "na1-canary-refresh"
    assert server.forms()[0]["token_type_hint"] == "refresh_token"


# Gate, log, time


def test_each_call_passes_the_gate_and_leaves_one_record() -> None:
    asked: list[Bucket] = []

    class Watching(OpenGate):
        def admit(self, bucket: Bucket, longest: float) -> Permit:
            asked.append(bucket)
            return super().admit(bucket, longest)

    log, time = Log(), Time()
    oauth = OAuth(
        client_id="client-1",
        client_secret=Secret("canary-secret"),
        api_url="http://localhost:8765/",
        version="v3",
        surroundings=surroundings(time, log, gate=Watching()),
        transport=httpx2.MockTransport(HubSpot([ok(GRANT)])),
    )
    oauth.refresh(REFRESH, 123)
    assert asked == [Bucket.OAUTH]
    (record,) = log.records
    assert (record.hub_id, record.method, record.path) == (123, "POST", "/oauth/{version}/token")
    assert (record.status, record.bucket, record.attempts, record.error) == (200, Bucket.OAUTH, 1, "")
    assert record.bytes_sent > 50
    assert record.bytes_received > 100
    assert "canary" not in repr(record)


def test_the_app_shows_no_secret() -> None:
    shown = repr(Server(ok()).oauth)
    assert shown == "OAuth(client_id='client-1', api_url='https://api.hubapi.com', version='2026-03')"


def test_a_token_endpoint_that_drips_is_left_at_the_deadline() -> None:
    def drips(server: Any, connection: Any) -> None:
        server.read_request(connection)
        connection.sendall(HEAD + b"Content-Length: 600\r\n\r\n")
        server.drip(connection, b" " * 600, 0.05)

    with serving(drips) as server, PooledTransport() as transport:
        oauth = OAuth(client_id="c", client_secret=Secret("s"), api_url=server.url, transport=transport, deadline=0.25)
        with pytest.raises(errors.DeadlineExceeded):
            oauth.refresh(REFRESH)
    assert len(server.requests) == 1


def test_a_token_answer_that_never_ends_is_cut_off() -> None:
    with pytest.raises(errors.AnswerTooLarge):
        Server(httpx2.Response(200, content=b" " * 1_100_000)).oauth.refresh(REFRESH)
