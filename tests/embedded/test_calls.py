"""Whose requests for a card are answered: those that HubSpot signed, as they are, now, for our app."""

from __future__ import annotations

import json
import logging

import pytest
from django.conf import settings as configured
from django.test import Client
from pytest_django import Settings

from embedded.calls import LARGEST_BODY
from hubapp import settings as as_started
from tests.pages.furniture import OWNER, browser_of, furnished

from .asking import CARD, OFFER, SIGNATURE, TIMESTAMP, Call, call

pytestmark = pytest.mark.django_db
OTHER_SECRET = "00000000-1111-2222-3333-444444444444"  # noqa: HS001 - of nobody


@pytest.fixture(params=[CARD, OFFER])
def asked(request: pytest.FixtureRequest) -> Call:
    portal = furnished()
    return call(portal, OWNER).but(path=request.param)


def test_what_hubspot_signed_is_answered(asked: Call) -> None:
    answer = asked.send()
    assert answer.status_code == 200, answer.content
    assert answer.headers["Content-Type"] == "application/json"
    assert not answer.cookies
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.usefixtures("standing_time")
@pytest.mark.parametrize(
    ("age_s", "status"), [(0, 200), (300, 200), (300.001, 401), (-60, 200), (-60.001, 401), (1e6, 401)]
)
def test_it_is_believed_for_five_minutes(asked: Call, age_s: float, status: int) -> None:
    assert asked.but(age_s=age_s).send().status_code == status


def forgeries(asked: Call) -> dict[str, Call | tuple[Call, dict[str, str]]]:
    """Return what somebody else than HubSpot could send, by what is wrong with it."""
    headers = asked.headers()
    own, other = configured.PUBLIC_URL, "https://evil.example"
    path = OFFER if asked.path == CARD else CARD
    return {
        "signed with another secret": asked.but(secret=OTHER_SECRET),
        "signed with no secret": asked.but(secret=""),
        "signed for another host": asked.but(address=other + asked.target),
        "signed for our address without its query": asked.but(address=own + asked.path),
        "signed for our other address": asked.but(address=own + asked.but(path=path).target),
        "signed for another method": (asked, asked.but(method="GET").headers()),
        "another user": (asked.saying(userId=2), headers),
        "another account": (asked.saying(portalId=4711), headers),
        "another app": (asked.saying(appId=4711), headers),
        "a parameter more": (asked.saying(more=1), headers),
        "another body": (asked.but(body=asked.body.replace(b"11", b"12")), headers),
        "no body": (asked.but(body=b""), headers),
        "no signature": (asked, {TIMESTAMP: headers[TIMESTAMP]}),
        "no timestamp": (asked, {SIGNATURE: headers[SIGNATURE]}),
        "two signatures": (asked, headers | {SIGNATURE: f"{headers[SIGNATURE]},{headers[SIGNATURE]}"}),
        "the first kind of signature only": (asked, {"X-HubSpot-Signature": "0" * 64}),
        "nothing": (asked, {}),
    }


def test_nothing_else_is(asked: Call, caplog: pytest.LogCaptureFixture) -> None:
    for what, forged in forgeries(asked).items():
        one, headers = forged if isinstance(forged, tuple) else (forged, None)
        answer = one.send(headers)
        assert answer.status_code == 401, what
        assert set(answer.json()) == {"error"}, what
        assert not answer.cookies, what
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_every_byte_is_signed(asked: Call) -> None:
    """Of the address, the body and the signature: each in turn is another one."""
    headers = asked.headers()
    changed = [
        asked.but(body=asked.body[:at] + bytes([asked.body[at] ^ 1]) + asked.body[at + 1 :])
        for at in range(len(asked.body))
    ]
    changed += [
        asked.but(
            query=tuple((name, text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]) for name, text in asked.query)
        )
        for at in range(min(len(text) for _, text in asked.query))
    ]
    statuses = {one.send(headers).status_code for one in changed}
    for at, char in enumerate(headers[SIGNATURE][:-1]):  # the last one is padding, of which there is one form
        other = "A" if char != "A" else "B"
        spoilt = headers[SIGNATURE][:at] + other + headers[SIGNATURE][at + 1 :]
        statuses.add(asked.send(headers | {SIGNATURE: spoilt}).status_code)
    for at in range(len(headers[TIMESTAMP]) - 5, len(headers[TIMESTAMP])):
        digit = "1" if headers[TIMESTAMP][at] != "1" else "2"
        spoilt = headers[TIMESTAMP][:at] + digit + headers[TIMESTAMP][at + 1 :]
        statuses.add(asked.send(headers | {TIMESTAMP: spoilt}).status_code)
    assert statuses == {401}
    assert asked.send(headers).status_code == 200, "and as it was it is believed"


def test_while_a_secret_is_being_rotated_the_one_before_is_good(asked: Call, settings: Settings) -> None:
    settings.HUBSPOT_CLIENT_SECRET_PREVIOUS = OTHER_SECRET
    assert asked.but(secret=OTHER_SECRET).send().status_code == 200
    assert asked.send().status_code == 200


def test_without_a_secret_nothing_is_believed(asked: Call, settings: Settings) -> None:
    settings.HUBSPOT_CLIENT_SECRET = ""
    assert asked.but(secret="").send().status_code == 401


@pytest.mark.parametrize("name", ["userId", "portalId", "appId"])
@pytest.mark.parametrize("value", [None, "", "0", "-1", "01", "1.0", "1e3", "٣", "9" * 30, " 1", "1&", "x"])
def test_who_looks_has_to_be_said_in_full(asked: Call, name: str, value: str | None) -> None:
    assert asked.saying(**{name: value}).send().status_code == 400


@pytest.mark.parametrize("name", ["userId", "portalId", "appId"])
@pytest.mark.parametrize("first", [True, False])
def test_who_looks_is_said_once(asked: Call, name: str, *, first: bool) -> None:
    """A card's own code writes the address to which HubSpot appends: it must not be able to say another user."""
    own = (name, dict(asked.query)[name] if name == "appId" else "2")
    query = (own, *asked.query) if first else (*asked.query, own)
    assert asked.but(query=query).send().status_code == 400


def test_an_address_is_not_needed(asked: Call) -> None:
    """It is for display, and nothing here displays it."""
    assert asked.saying(userEmail=None).send().status_code == 200


def test_another_apps_card_is_refused(asked: Call) -> None:
    assert asked.saying(appId=configured.HUBSPOT_APP_ID + 1).send().status_code == 403


BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "deep": b"[" * 4000,
    "text": b'"x"',
    "no type": json.dumps({"objectId": 1}).encode(),
    "no id": json.dumps({"objectTypeId": "0-1"}).encode(),
    "a type that is none": json.dumps({"objectTypeId": "contacts", "objectId": 1}).encode(),
    "a type with a tail": json.dumps({"objectTypeId": "0-1\n", "objectId": 1}).encode(),
    **{
        f"the id {value!r}": json.dumps({"objectTypeId": "0-1", "objectId": value}).encode()
        for value in (True, None, 0, -1, 1.0, "", "x", "1\n", "٣", 10**20, [1], {"1": 1})
    },
    "a number of many digits": b'{"objectTypeId": "0-1", "objectId": %s}' % (b"1" * 3900),
    "not UTF-8": b'{"objectTypeId": "\xff"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_says_something_else_is_refused(asked: Call, body: bytes) -> None:
    answer = asked.but(body=body).send()
    assert answer.status_code == 400, answer.content
    assert set(answer.json()) == {"error"}


def test_an_id_may_be_text(asked: Call) -> None:
    assert asked.but(body=b'{"objectTypeId": "0-1", "objectId": "11"}').send().status_code == 200


def test_a_long_body_is_refused_before_anybody_looks_at_it(asked: Call) -> None:
    assert asked.but(body=b" " * LARGEST_BODY + asked.body).send({}).status_code == 413


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_none(asked: Call, method: str) -> None:
    one = asked.but(method=method)
    assert one.send().status_code == 405


def test_whatever_the_request_says_of_itself_the_configured_address_counts(asked: Call) -> None:
    headers = asked.headers() | {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    assert asked.send(headers).status_code == 200


def test_a_session_says_nothing_here(asked: Call) -> None:
    """A browser with an owner's cookie, and no signature, is nobody."""
    assert asked.send({}, browser_of(OWNER)).status_code == 401


def test_switched_off_there_is_nothing(asked: Call, settings: Settings) -> None:
    settings.HUBSPOT_APP_CARD = False
    assert asked.send().status_code == 404
    assert Client().get("/embedded/view?token=x").status_code == 404
    assert Client().get("/embedded/card").status_code == 404


def test_it_is_off_by_default() -> None:
    assert as_started.HUBSPOT_APP_CARD is False


def test_two_portals_do_not_mix() -> None:
    first, second = furnished(), furnished()
    for portal in (first, second):
        said = call(portal, OWNER).send().json()
        assert f"/portals/{portal.hub_id}/" in said["links"]["open"]


def test_an_unknown_account_is_told_so() -> None:
    said = call(987_654, OWNER).send().json()
    assert said["connection"]["state"] == "not_connected"
    assert said["record"] is None
    assert said["links"]["connect"] == f"{configured.PUBLIC_URL}/install?hub_id=987654"
