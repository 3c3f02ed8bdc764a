from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubspot_api import errors
from hubspot_api.answers import answer_from, error_from, load_json, oauth_error_from
from hubspot_api.errors import HubSpotError, RatePolicy
from hubspot_api.said import Call
from tests.hubspot_api.fakes import CORRELATION_ID, START

CALL = Call("GET", "/crm/objects/{version}/{object_type}", 123)
HTML = b"<!DOCTYPE html><html><body>canary</body></html>"


def from_json(status: int, body: object, headers: Mapping[str, str] | None = None) -> HubSpotError:
    return from_bytes(status, json.dumps(body).encode(), headers)


def from_bytes(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> HubSpotError:
    return error_from(status, httpx2.Headers(headers), body, call=CALL, now=START)


def from_oauth(status: int, body: object) -> HubSpotError:
    return oauth_error_from(status, httpx2.Headers(), json.dumps(body).encode(), call=CALL, now=START)


def body(category: str = "", message: str = "", **more: object) -> dict[str, object]:
    return {"status": "error", "message": message, "correlationId": CORRELATION_ID, "category": category, **more}


BAD_EMAIL = (
    'Property values were not valid: [{"isValid":false,"message":"Email address canary is invalid",'
    '"error":"INVALID_EMAIL","name":"email"},{"isValid":false,"message":"x","error":"PROPERTY_DOESNT_EXIST",'
    '"name":"shoe_size"}]'
)

# One line for each status that HubSpot's page "Error handling" and recorded answers name.
STATUSES: list[tuple[int, object, type[HubSpotError]]] = [
    (400, body("VALIDATION_ERROR", BAD_EMAIL), errors.ValidationFailed),
    (400, body("VALIDATION_ERROR", "The maximum number of inputs supported is 100"), errors.ValidationFailed),
    (400, body(errors=[{"message": "no", "code": "INVALID_LONG"}]), errors.ValidationFailed),
    (400, body("", "Invalid input JSON on line 1, column 11: x"), errors.BadRequest),
    (400, {"message": "Unable to infer object type from: butterflies"}, errors.BadRequest),
    (400, body("VALIDATION_ERROR", "Cannot have more than 250 identities on a profile"), errors.TooManyIdentities),
    (401, body("INVALID_AUTHENTICATION", "Authentication credentials not found. This"), errors.TokenMissing),
    (401, {"message": "Authentication credentials not found. This API"}, errors.TokenMissing),
    (401, body("EXPIRED_AUTHENTICATION", context={"expire time": ["2026-03-10T23:04:41.164Z"]}), errors.TokenExpired),
    (401, body("EXPIRED_AUTHENTICATION"), errors.TokenExpired),
    (
        401,
        body("EXPIRED_AUTHENTICATION", context={"expire time": ["1970-01-01T00:00:00Z"]}),
        errors.TokenUnreadable,
    ),
    (401, body("SOMETHING_NEW"), errors.Unauthorized),
    (403, body("MISSING_SCOPES"), errors.MissingScopes),
    (403, body(errors=[{"message": "m", "context": {"requiredScopes": ["contacts"]}}]), errors.MissingScopes),
    (403, body("BANNED"), errors.Forbidden),
    (404, body("OBJECT_NOT_FOUND", "Object not found.  objectId are usually numeric."), errors.NotFound),
    (404, {"message": "resource not found"}, errors.NotFound),
    (409, body("CONFLICT", "Contact already exists. Existing ID: 101"), errors.Conflict),
    (410, body(), errors.Refused),
    (414, body("", "Cannot have more than 250 identities on a profile"), errors.TooManyIdentities),
    (415, body(), errors.Refused),
    (423, body(), errors.Locked),
    (429, body("RATE_LIMITS", "You have reached your secondly limit."), errors.RateLimited),
    (500, {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}, errors.RateLimited),
    (500, body("RATE_LIMITS"), errors.RateLimited),
    (477, {"status": "error", "message": "Hub 123 is currently being migrated"}, errors.Migrating),
    (488, {"message": "Hub 5865761 is unknown to this Hublet", "correctHublet": "eu1"}, errors.WrongHublet),
    (500, body(), errors.ServerFailed),
    (501, body(), errors.ServerFailed),
    *[(status, body(), errors.Overloaded) for status in (502, 503, 504, 521, 523, 524)],
    *[(status, body(), errors.EdgeFailed) for status in (520, 522, 525, 526, 530)],
    (301, body(), errors.UnexpectedStatus),
    (302, body(), errors.UnexpectedStatus),
    (304, body(), errors.UnexpectedStatus),
    (103, body(), errors.UnexpectedStatus),
    (600, body(), errors.UnexpectedStatus),
]


@pytest.mark.parametrize(("status", "sent", "kind"), STATUSES)
def test_each_answer_has_its_exception(status: int, sent: object, kind: type[HubSpotError]) -> None:
    error = from_json(status, sent)
    assert type(error) is kind
    assert error.status == status
    assert error.hub_id == 123
    assert error.call == CALL


BY_STATUS_ALONE: list[tuple[int, type[HubSpotError]]] = [
    (400, errors.BadRequest),
    (401, errors.Unauthorized),
    (403, errors.Forbidden),
    (404, errors.NotFound),
    (409, errors.Conflict),
    (414, errors.UriTooLong),
    (423, errors.Locked),
    (429, errors.RateLimited),
    (477, errors.Migrating),
    (488, errors.WrongHublet),
    (500, errors.ServerFailed),
    (503, errors.Overloaded),
    (530, errors.EdgeFailed),
]


@pytest.mark.parametrize(("status", "kind"), BY_STATUS_ALONE)
@pytest.mark.parametrize(
    "sent",
    [
        b"",
        HTML,
        b'{"status":"error","categ',
        b'"text"',
        b"[1]",
        b"null",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"message":1,"category":[],"context":"x","errors":{"a":1},"correlationId":7,"errorType":null}',
        b'{"errors":[1,null,{"code":[],"context":[1]},{"context":{"propertyName":{"a":1}}}]}',
    ],
)
def test_a_body_of_any_shape_is_survived(status: int, kind: type[HubSpotError], sent: bytes) -> None:
    error = from_bytes(status, sent)
    assert type(error) is kind
    assert "canary" not in str(error)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
named_fields = st.dictionaries(
    st.sampled_from(["message", "category", "errors", "context", "correctHublet", "status", "error", "policyName"]),
    json_values,
)


@given(status=st.integers(300, 599), sent=named_fields, retry_after=st.text(max_size=12))
def test_no_json_breaks_the_reading(status: int, sent: dict[str, Any], retry_after: str) -> None:
    raw = json.dumps(sent).encode()
    headers = {"retry-after": retry_after}
    for read in (error_from, oauth_error_from):
        error = read(status, headers, raw, call=CALL, now=START)
        assert error.status == status
        assert str(error)


def test_validation_names_codes_and_properties_from_the_list() -> None:
    listed = [
        {"message": "canary", "code": "INVALID_EMAIL", "in": "email", "context": {"propertyName": ["email"]}},
        {"message": "m", "code": "INVALID_OPTION", "context": {"propertyName": ["stage"]}},
    ]
    error = from_json(400, body("VALIDATION_ERROR", "canary", errors=listed))
    assert isinstance(error, errors.ValidationFailed)
    assert error.codes == ("INVALID_EMAIL", "INVALID_OPTION")
    assert error.properties == ("email", "stage")
    assert "email INVALID_EMAIL, stage INVALID_OPTION" in str(error)
    assert "canary" not in str(error) + repr(error)


def test_validation_names_codes_and_properties_from_the_text() -> None:
    error = from_json(400, body("VALIDATION_ERROR", BAD_EMAIL))
    assert isinstance(error, errors.ValidationFailed)
    assert error.codes == ("INVALID_EMAIL", "PROPERTY_DOESNT_EXIST")
    assert error.properties == ("email", "shoe_size")
    assert "canary" in error.message
    assert "canary" not in str(error) + repr(error)


@pytest.mark.parametrize("listed", ['[{"name":"email"', "[1, null]", '{"a": 1}', "nothing"])
def test_a_text_that_lists_nothing_readable_is_only_a_text(listed: str) -> None:
    error = from_json(400, body("VALIDATION_ERROR", f"Property values were not valid: {listed}"))
    assert isinstance(error, errors.ValidationFailed)
    assert error.properties == ()


@pytest.mark.parametrize(
    ("sent", "scopes"),
    [
        ({"errors": [{"context": {"requiredGranularScopes": ["a.read", "b.read"]}}]}, ("a.read", "b.read")),
        ({"errors": [{"context": {"requiredScopes": ["contacts"]}}]}, ("contacts",)),
        ({"context": {"requiredGranularScopes": ["a.read"]}}, ("a.read",)),
        ({"category": "MISSING_SCOPES"}, ()),
    ],
)
def test_missing_scopes_are_listed(sent: dict[str, object], scopes: tuple[str, ...]) -> None:
    error = from_json(403, sent)
    assert isinstance(error, errors.MissingScopes)
    assert error.scopes == scopes
    assert " or ".join(scopes) in str(error)


def test_only_names_count_as_scopes_and_not_without_end() -> None:
    """They are kept, shown and compared: what no scope can be called is none."""
    odd = ["a\0b", "half \ud800", "two words", "x" * 101, "", 5.0, None]
    error = from_json(403, {"errors": [{"context": {"requiredGranularScopes": [*odd, "a.read"]}}]})
    assert isinstance(error, errors.MissingScopes)
    assert error.scopes == ("a.read",)
    assert type(from_json(403, {"context": {"requiredScopes": odd}})) is errors.Forbidden
    many = from_json(403, {"context": {"requiredScopes": [f"scope{number}" for number in range(1000)]}})
    assert isinstance(many, errors.MissingScopes)
    assert len(many.scopes) == errors.MissingScopes.MOST


@pytest.mark.parametrize(
    ("message", "more", "existing"),
    [
        ("Contact already exists. Existing ID: 101", {}, 101),
        ("Contact already exists.", {"errors": [{"context": {"existingId": ["7"]}}]}, 7),
        ("Contact already exists.", {}, None),
        ("Contact already exists. Existing ID: none", {}, None),
        (f"Existing ID: {'9' * 30}", {}, None),
    ],
)
def test_a_conflict_names_the_record_in_the_way(message: str, more: dict[str, Any], existing: int | None) -> None:
    error = from_json(409, body("CONFLICT", message, **more))
    assert isinstance(error, errors.Conflict)
    assert error.existing_id == existing


@pytest.mark.parametrize(
    ("sent", "headers", "policy", "seconds"),
    [
        ({"policyName": "DAILY", "message": "You have reached your daily limit."}, {}, RatePolicy.DAILY, None),
        ({"message": "You have reached your daily limit."}, {"Retry-After": "3600"}, RatePolicy.DAILY, 3600),
        ({"policyName": "TEN_SECONDLY_ROLLING"}, {}, RatePolicy.TEN_SECONDLY, 10),
        ({"message": "You have reached your ten_secondly_rolling limit."}, {}, RatePolicy.TEN_SECONDLY, 10),
        ({"policyName": "TEN_SECONDLY_ROLLING"}, {"Retry-After": "4"}, RatePolicy.TEN_SECONDLY, 4),
        ({"policyName": "TEN_SECONDLY_ROLLING"}, {"Retry-After": "4500"}, RatePolicy.TEN_SECONDLY, 4.5),
        ({"message": "You have reached your secondly limit."}, {}, RatePolicy.SECONDLY, 1),
        ({"policyName": "SECONDLY"}, {}, RatePolicy.SECONDLY, 1),
        ({}, {}, RatePolicy.UNKNOWN, 10),
        ({}, {"Retry-After": "Fri, 20 Nov 2026 12:00:30 GMT"}, RatePolicy.UNKNOWN, 30),
        ({}, {"Retry-After": "Fri, 20 Nov 2026 11:00:00 GMT"}, RatePolicy.UNKNOWN, 0),
        ({}, {"Retry-After": "soon"}, RatePolicy.UNKNOWN, 10),
        ({}, {"Retry-After": "-5"}, RatePolicy.UNKNOWN, 10),
        ({}, {"Retry-After": "0.5"}, RatePolicy.UNKNOWN, 0.5),
    ],
)
def test_a_429_names_its_allowance_and_when_to_come_back(
    sent: dict[str, object], headers: dict[str, str], policy: RatePolicy, seconds: float | None
) -> None:
    error = from_json(429, sent, headers)
    assert isinstance(error, errors.RateLimited)
    assert error.policy is policy
    assert error.retry_at == (None if seconds is None else START + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (477, {"Retry-After": "86400"}, 86_400),
        (477, {}, None),
        (423, {}, 2),
        (423, {"Retry-After": "1"}, 2),
        (423, {"Retry-After": "7"}, 7),
        (503, {"Retry-After": "5"}, 5),
        (503, {"Retry-After": "600"}, 600),
        (503, {"Retry-After": "30000"}, 30),
        (500, {"Retry-After": "Fri, 20 Nov 2026 14:00:00 GMT"}, 7_200),
        (423, {"Retry-After": "2500"}, 2.5),
        (503, {}, None),
    ],
)
def test_others_carry_the_time_they_name(status: int, headers: dict[str, str], seconds: float | None) -> None:
    error = from_json(status, {}, headers)
    assert error.retry_at == (None if seconds is None else START + timedelta(seconds=seconds))


@pytest.mark.parametrize("hublet", ["eu1", "na2", "na1", "ap1"])
def test_a_wrong_hublet_names_the_right_one(hublet: str) -> None:
    error = from_json(488, {"correctHublet": hublet})
    assert isinstance(error, errors.WrongHublet)
    assert error.correct_hublet == hublet


@pytest.mark.parametrize("hublet", ["", "eu1.evil.example/#", "EU1", "evil", "eu1\n", 1, None, ["eu1"]])
def test_nothing_else_becomes_a_host_name(hublet: object) -> None:
    error = from_json(488, {"correctHublet": hublet})
    assert isinstance(error, errors.WrongHublet)
    assert error.correct_hublet is None


def test_the_correlation_id_is_found_in_the_body_or_the_header() -> None:
    assert from_json(500, body()).correlation_id == CORRELATION_ID
    assert from_bytes(502, HTML, {"X-HubSpot-Correlation-Id": "abc-1"}).correlation_id == "abc-1"
    assert from_json(500, {"correlationId": "free text\nwith lines"}).correlation_id == ""


INVALID = "refresh token is invalid, expired or revoked"
TOKEN_ENDPOINT: list[tuple[int, object, type[HubSpotError]]] = [
    (400, {"error": "invalid_grant", "status": "BAD_REFRESH_TOKEN", "message": INVALID}, errors.RefreshTokenInvalid),
    (400, {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}, errors.RefreshTokenInvalid),
    (400, {"error": "invalid_grant"}, errors.GrantInvalid),
    (400, {"error": "invalid_grant", "status": "SOMETHING_NEW"}, errors.GrantInvalid),
    (400, {"status": "BAD_AUTH_CODE", "message": "missing or unknown auth code"}, errors.AuthCodeInvalid),
    (400, {"error": "invalid_grant", "status": "BAD_AUTH_CODE"}, errors.AuthCodeInvalid),
    (400, {"error": "invalid_grant", "status": "EXPIRED_AUTH_CODE"}, errors.AuthCodeExpired),
    (400, {"status": "BAD_CODE_VERIFIER"}, errors.CodeVerifierInvalid),
    (400, {"status": "BAD_HUB", "message": "missing or unknown hub id", "error": "access_denied"}, errors.HubGone),
    (403, {"status": "BAD_HUB", "correlationId": "c", "requestId": "r"}, errors.HubGone),
    (400, {"error": "invalid_client", "status": "BAD_CLIENT_ID"}, errors.ClientInvalid),
    (401, {"error": "invalid_client"}, errors.ClientInvalid),
    (400, {"status": "BAD_CLIENT_SECRET"}, errors.ClientInvalid),
    (400, {"error": "invalid_grant", "status": "BAD_CLIENT_SECRET"}, errors.ClientInvalid),
    (400, {"error": "invalid_scope", "status": "BAD_SCOPES"}, errors.OAuthRefused),
    (400, {"status": "BAD_REDIRECT_URI"}, errors.OAuthRefused),
    (400, {"error": "invalid_grant", "status": "BAD_REDIRECT_URI"}, errors.OAuthRefused),
    (400, {"error": "access_denied"}, errors.OAuthRefused),
    (400, {"error": ["invalid_grant"], "status": {"a": 1}}, errors.OAuthRefused),
    (403, {}, errors.OAuthRefused),
    (404, body(), errors.OAuthRefused),
    (418, "text", errors.OAuthRefused),
    (429, body("RATE_LIMITS"), errors.RateLimited),
    (477, body(), errors.Migrating),
    (488, {"correctHublet": "eu1"}, errors.WrongHublet),
    (500, {"error": "invalid_grant"}, errors.ServerFailed),
    (502, body(), errors.Overloaded),
    (302, body(), errors.UnexpectedStatus),
]


@pytest.mark.parametrize(("status", "sent", "kind"), TOKEN_ENDPOINT)
def test_each_refusal_of_the_token_endpoint_has_its_exception(
    status: int, sent: object, kind: type[HubSpotError]
) -> None:
    assert type(from_oauth(status, sent)) is kind


def test_a_refusal_of_the_token_endpoint_carries_its_names() -> None:
    error = from_oauth(400, {"error": "invalid_grant", "error_description": "gone", "status": "BAD_REFRESH_TOKEN"})
    assert error.category == "BAD_REFRESH_TOKEN"
    assert error.message == "gone"
    assert from_oauth(400, {"error": "invalid_grant"}).category == "invalid_grant"


def test_a_success_is_parsed() -> None:
    answer = answer_from(200, httpx2.Headers({"X-HubSpot-Correlation-Id": "c-1"}), b'{"a":1}', call=CALL, now=START)
    assert answer.json == {"a": 1}
    assert answer.correlation_id == "c-1"
    assert answer.fields.integer("a") == 1
    assert answer_from(204, httpx2.Headers(), b"", call=CALL, now=START).json is None
    assert answer_from(207, httpx2.Headers(), b" \n", call=CALL, now=START).json is None


@pytest.mark.parametrize("sent", [HTML, b'{"results":[{"id":"1"', b"{'a':1}", b'{"a":NaN}', b"\xff", b"[" * 100_000])
def test_a_success_that_is_no_json_is_unreadable(sent: bytes) -> None:
    with pytest.raises(errors.AnswerUnreadable) as caught:
        answer_from(200, httpx2.Headers({"x-hubspot-correlation-id": "c-1"}), sent, call=CALL, now=START)
    assert caught.value.status == 200
    assert caught.value.correlation_id == "c-1"
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("sent", [b"NaN", b"[Infinity]", b"-Infinity", b"1" * 5000, b"", b"{", b"[" * 100_000])
def test_what_is_no_json_is_a_value_error(sent: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of them will do
        load_json(sent)
