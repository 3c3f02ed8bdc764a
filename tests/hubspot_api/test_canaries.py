"""No secret and nothing personal leaves a failing call, whichever way it fails: text, traceback, log, record."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable

import httpx2
import pytest

from hubspot_api import batches, objects
from hubspot_api.app_tokens import AppTokens
from hubspot_api.app_webhooks import DeveloperKey
from hubspot_api.client import Client
from hubspot_api.errors import HubSpotError
from hubspot_api.fields import Fields
from hubspot_api.oauth import OAuth
from hubspot_api.ports import StaticToken
from hubspot_api.presigned import fetch_json
from hubspot_api.said import Call
from hubspot_api.secret import Secret
from tests.hubspot_api.fakes import HubSpot, Log, Reply, Time, html, ok, refusal, surroundings, world

TOKEN, CODE, SECRET = "canary-token", "canary-code", "canary-secret"
QUERY, VALUE, EMAIL = "canary-query", "canary-value", "canary@example.com"
CANARIES = (TOKEN, CODE, SECRET, QUERY, VALUE, EMAIL)

REPLIES: list[Reply] = [
    *[refusal(status, "SOME_CATEGORY", f"about {EMAIL}") for status in (400, 401, 403, 404, 409, 414, 423)],
    *[refusal(status, "SOME_CATEGORY", f"about {EMAIL}") for status in (429, 477, 488, 500, 502, 530)],
    refusal(400, "VALIDATION_ERROR", f'Property values were not valid: [{{"name":"{EMAIL} x","error":"E"}}]'),
    refusal(403, "MISSING_SCOPES", errors=[{"context": {"requiredGranularScopes": [EMAIL]}}]),
    httpx2.Response(400, json={"error": "invalid_grant", "error_description": EMAIL}),
    html(200),
    ok(EMAIL),
    ok({"results": [{"id": EMAIL}], "id": EMAIL}),
    ok({"access_token": [TOKEN], "id": [EMAIL], "results": EMAIL}),
    httpx2.Response(200, content=b'{"a": "' + EMAIL.encode()),
    httpx2.Response(302, headers={"Location": f"https://{EMAIL}/"}),
    httpx2.ConnectError("refused"),
    httpx2.ReadError("reset"),
    httpx2.ReadTimeout("late"),
    httpx2.RemoteProtocolError("disconnected"),
]
TOKENS = [TOKEN, f"{TOKEN}\n", f"{TOKEN} é"]


def calls(reply: Reply, token: str, log: Log) -> list[Callable[[], object]]:
    client = world(reply, tokens=StaticToken(Secret(token)), observer=log).client
    oauth = OAuth(
        client_id="client-1",
        client_secret=Secret(SECRET),
        surroundings=surroundings(Time(), log),
        transport=httpx2.MockTransport(HubSpot([reply])),
    )
    body = {"email": VALUE}
    key = DeveloperKey(httpx2.MockTransport(HubSpot([reply])))
    developer = Client(StaticToken(Secret(token)), surroundings=surroundings(Time(), log), transport=key)
    app = Client(AppTokens(oauth, ["scope"]), surroundings=surroundings(Time(), log), transport=oauth.transport)
    address = Secret(f"https://files.example.com/{VALUE}?signature={TOKEN}")
    return [
        lambda: Fields.of(client.request("GET", "/crm/owners/{version}", params={"email": QUERY}).json, Call()).id(),
        lambda: objects.create(client, "contacts", body),
        lambda: batches.create(client, "contacts", [batches.NewRecord(body)]),
        lambda: oauth.exchange(Secret(CODE), "https://app.example.com/"),
        lambda: oauth.refresh(Secret(TOKEN)),
        lambda: oauth.introspect(Secret(TOKEN)),
        lambda: Fields.of(developer.request("GET", "/webhooks/{version}/1/settings").json, Call()).id(),
        lambda: Fields.of(app.request("GET", "/webhooks-journal/journal/{version}/latest").json, Call()).id(),
        lambda: Fields.of(fetch_json(client, address, "file").json, Call()).id(),
    ]


SENT = [[TOKEN], [TOKEN], [TOKEN], [CODE, SECRET], [TOKEN, SECRET], [TOKEN, SECRET], [TOKEN], [SECRET], [TOKEN]]


def repeating(status: int, sent: str) -> Reply:
    """An error that has what it was sent wherever it has a name, and where it has a text."""
    detail = {"code": sent, "category": sent, "subCategory": sent, "context": {"propertyName": [sent]}}
    names = dict.fromkeys(("status", "error", "category", "subCategory", "policyName", "correlationId"), sent)
    body = {**names, "message": f"Bearer {sent}", "errors": [detail]}
    return httpx2.Response(status, json=body, headers={"X-HubSpot-Correlation-Id": sent})


@pytest.mark.parametrize(("number", "sent"), [(number, sent) for number in range(9) for sent in SENT[number]])
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 429, 477, 500])
def test_what_was_sent_does_not_come_back(
    number: int, sent: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    log = Log()
    unreadable = httpx2.Response(200, content=b"no JSON", headers={"X-HubSpot-Correlation-Id": sent})
    call = calls(unreadable if status == 200 else repeating(status, sent), TOKEN, log)[number]
    with pytest.raises(HubSpotError) as caught:
        call()
    error = caught.value
    shown = [str(error), repr(error.said), error.message, repr(error.said.details), error.category, repr(log.records)]
    details = [(each.code, each.category, each.message, each.properties, each.context) for each in error.said.details]
    assert sent not in "\n".join([*shown, caplog.text, repr(details)])


@pytest.mark.parametrize("number", range(9))
@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("token", TOKENS)
def test_nothing_leaks(reply: Reply, token: str, number: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    log = Log()
    call = calls(reply, token, log)[number]
    with pytest.raises(HubSpotError) as caught:
        call()
    error = caught.value
    shown = [str(error), repr(error), repr(error.said), *traceback.format_exception(error)]
    everything = "\n".join([*shown, caplog.text, repr(log.records)])
    assert [canary for canary in CANARIES if canary in everything] == []
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own bytes
