from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from installations.models import Portal
from tests.events import sent
from tests.portals import make_portal
from webhooks.models import Event
from webhooks.views import LARGEST_BODY

from .signing import PATH, SIGNATURE, TIMESTAMP, body_of, signed

pytestmark = pytest.mark.django_db
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture
def portal() -> Portal:
    return make_portal()


def post(body: bytes, headers: Mapping[str, str] | None = None, *, query: str = "") -> HttpResponse:
    """Send a delivery, signed unless other headers are given, as somebody without cookies or CSRF tokens."""
    response: HttpResponse = Client(enforce_csrf_checks=True, raise_request_exception=False).post(  # type: ignore[assignment]
        PATH,
        body,
        content_type="application/json",
        headers=signed(body) if headers is None else dict(headers),
        QUERY_STRING=query,
    )
    assert_safe(response)
    return response


def assert_safe(response: HttpResponse) -> None:
    """Whatever the answer is, it carries what every answer carries, and nothing about a session."""
    assert {name: response.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert response["X-Request-ID"]
    assert not response.cookies


def test_a_signed_delivery_is_stored_and_answered_with_nothing(portal: Portal) -> None:
    response = post(body_of(sent(portal), sent(portal)))
    assert (response.status_code, response.content) == (204, b"")
    assert Event.objects.filter(portal=portal).count() == 2


def test_events_of_unknown_portals_are_answered_alike(portal: Portal) -> None:
    known, unknown = post(body_of(sent(portal))), post(body_of(sent(666_001)))
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


def test_a_delivery_repeated_a_thousand_times_is_one_row(portal: Portal) -> None:
    body = body_of(sent(portal))
    headers = signed(body)
    assert {post(body, headers).status_code for _ in range(1000)} == {204}
    assert Event.objects.count() == 1


# ── Signatures ──────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("header", [SIGNATURE, TIMESTAMP])
@pytest.mark.parametrize(
    "value", [None, "", " ", "é✓"[:1], "\u00ff\u00fe", "1" * 5000, "0x10", "-1", "1e3", "٣", "a,b", "\t"]
)
def test_a_header_that_is_missing_or_odd_is_refused(portal: Portal, header: str, value: str | None) -> None:
    body = body_of(sent(portal))
    headers = {name: given for name, given in (signed(body) | {header: value}).items() if given is not None}
    assert post(body, headers).status_code == 401
    assert not Event.objects.exists()


@pytest.mark.parametrize("header", [SIGNATURE, TIMESTAMP])
def test_a_header_sent_twice_is_refused(portal: Portal, header: str) -> None:
    """Servers join the two with a comma."""
    body = body_of(sent(portal))
    headers = signed(body)
    assert post(body, headers | {header: f"{headers[header]},{headers[header]}"}).status_code == 401


def test_one_changed_byte_is_refused(portal: Portal) -> None:
    body = body_of(sent(portal))
    headers = signed(body)
    for at in range(0, len(body), 7):
        forged = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        assert post(forged, headers).status_code == 401
    assert not Event.objects.exists()


def test_another_secret_or_method_or_address_is_refused(portal: Portal, settings: Settings) -> None:
    body = body_of(sent(portal))
    for wrong in (
        signed(body, secret="not-ours"),
        signed(body, method="GET"),
        signed(body, address=f"{settings.PUBLIC_URL}{PATH}/"),
        signed(body, address=f"https://elsewhere.example{PATH}"),
    ):
        assert post(body, wrong).status_code == 401


@pytest.mark.usefixtures("standing_time")
@pytest.mark.parametrize(
    ("age_s", "status"), [(300, 204), (300.001, 401), (301, 401), (-60, 204), (-60.001, 401), (-365 * 86400, 401)]
)
def test_a_delivery_is_accepted_for_five_minutes_and_one_ahead(portal: Portal, age_s: float, status: int) -> None:
    body = body_of(sent(portal))
    assert post(body, signed(body, age_s=age_s)).status_code == status


def test_the_secret_before_is_accepted_while_it_is_configured(portal: Portal, settings: Settings) -> None:
    body = body_of(sent(portal))
    headers = signed(body, secret="the-one-before")
    assert post(body, headers).status_code == 401
    settings.HUBSPOT_CLIENT_SECRET_PREVIOUS = "the-one-before"
    assert post(body, headers).status_code == 204
    assert post(body, signed(body)).status_code == 204


def test_without_a_secret_nothing_is_accepted(portal: Portal, settings: Settings) -> None:
    body = body_of(sent(portal))
    settings.HUBSPOT_CLIENT_SECRET = ""
    assert post(body, signed(body, secret="anything")).status_code == 401


@pytest.mark.parametrize(
    "spoofed",
    [{"X-Forwarded-Host": "evil.example"}, {"X-Forwarded-Proto": "https"}, {"Forwarded": "host=evil.example"}],
)
def test_what_a_proxy_may_say_changes_nothing(portal: Portal, spoofed: dict[str, str]) -> None:
    body = body_of(sent(portal))
    assert post(body, signed(body) | spoofed).status_code == 204
    for address in (f"http://evil.example{PATH}", f"https://localhost:8000{PATH}"):
        assert post(body, signed(body, address=address) | spoofed).status_code == 401


def test_an_address_that_is_not_ours_is_refused_however_it_is_signed(portal: Portal) -> None:
    body = body_of(sent(portal))
    for headers in (signed(body), signed(body, address=f"http://evil.example{PATH}")):
        assert post(body, headers | {"Host": "evil.example"}).status_code == 400
    assert not Event.objects.exists()


def test_the_query_is_signed_too(portal: Portal, settings: Settings) -> None:
    """HubSpot signs it with these escapes undone, and no others."""
    body = body_of(sent(portal))
    headers = signed(body, address=f"{settings.PUBLIC_URL}{PATH}?a=1/2&b=%20")
    assert [post(body, headers, query=query).status_code for query in ("a=1%2F2&b=%20", "a=1&b=%20", "")] == [
        204,
        401,
        401,
    ]


# ── Bodies ──────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"{}",
        b"[]",
        b"[1, null, []]",
        b'[{"portalId": "1"}]',
        b'[{"portalId": 0}]',
        b'[{"portalId": 9223372036854775808}]',
        b'[{"portalId": NaN}]',
        b'[{"portalId": 1, "x": 1e999}]',
        b'[{"portalId": ' + b"9" * 5000 + b"}]",
        b'[{"portalId": 1, "x": ' + b"9" * 5000 + b"}]",
        b"[" * 100_000,
        b'[{"portalId": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        b'{"a":' * 100_000,
        b"\xff\xfe[",
        b'[{"portalId": 1}',
    ],
    ids=lambda body: repr(body[:30]),
)
def test_what_is_no_delivery_is_refused_though_it_is_signed(body: bytes) -> None:
    assert post(body).status_code == 400
    assert not Event.objects.exists()


def test_nesting_is_refused_or_kept_but_never_breaks_anything() -> None:
    """Reading and writing JSON have the same limit, but not quite the same distance to it."""
    statuses = [post(b'[{"portalId": 1, "x": ' + b"[" * n + b"]" * n + b"}]").status_code for n in range(700, 1000, 3)]
    assert set(statuses) <= {204, 400}


def test_the_stray_elements_of_a_good_delivery_are_quarantined(portal: Portal) -> None:
    assert post(body_of(sent(portal), 5, None, "x", [], {"portalId": "x"})).status_code == 204
    assert Event.objects.filter(portal=portal).count() == 1
    assert Event.objects.filter(portal=None).count() == 5


def test_a_body_as_long_as_is_allowed_is_stored(portal: Portal) -> None:
    body = body_of(sent(portal, propertyValue="x" * (LARGEST_BODY - 1000)))
    assert post(body.ljust(LARGEST_BODY)).status_code == 204
    assert post(body.ljust(LARGEST_BODY + 1)).status_code == 413
    assert len(json.loads(Event.objects.get().payload)["propertyValue"]) == LARGEST_BODY - 1000


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options", "trace"])
def test_only_post_is_allowed(method: str) -> None:
    response: Any = getattr(Client(), method)(PATH)
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert_safe(response)


def test_a_moment_beyond_the_calendar_is_no_reason_to_lose_an_event(portal: Portal) -> None:
    moments = [253_402_300_799_999, 253_402_300_800_000, 2**63 - 1, 2**63, -1, 0, "soon", None, 1.5]
    assert post(body_of(*(sent(portal, occurredAt=moment) for moment in moments))).status_code == 204
    events = list(Event.objects.order_by("occurred_at"))
    assert len(events) == len(moments)
    assert [event.occurred_at.year for event in events if event.occurred_at] == [9999]


# ── Logs ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_neither_body_nor_signature_reach_the_log(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    body = body_of(sent(portal, propertyValue="canary@example.com"))
    headers = signed(body)
    with caplog.at_level(logging.DEBUG):
        post(body, headers)
        post(body, headers | {SIGNATURE: "canary"})
    assert "canary" not in caplog.text
    assert headers[SIGNATURE] not in caplog.text
