from __future__ import annotations

import pytest
from django.conf import settings

from hubapp.scrubbing import scrub

UUID = "4f0e7a2c-9b1d-4c55-8c31-2f1f6ad0c001"
# As HubSpot's look: protocol buffers in base64 without dots, of both cases and digits.
ACCESS = "CNiv1eGgMRIOAAEAUAAAAgAAAAAAAGEYl-KOFSCT5PkmKJvjAzIU" + "uG0ZXq3r7B-k9m2_Lw5t8yPzQvA6sDfGhJ" * 2


@pytest.mark.parametrize(
    "secret",
    [
        f"na1-{UUID}",
        f"eu1-{UUID}",
        f"pat-na1-{UUID}",
        ACCESS,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "v1.q2Zk8s1+4Vh0Cw7hXk3bD1yJrT5nUe9zLg==",
        settings.HUBSPOT_CLIENT_SECRET,
        settings.SECRET_KEY,
    ],
)
@pytest.mark.parametrize("around", ["{}", "token {} refused", "<Token {!r}>", '{{"x": "{}"}}', "a={},b", "({})"])
def test_what_has_the_shape_of_a_secret_goes(secret: str, around: str) -> None:
    found = scrub(around.format(secret))
    assert secret not in found
    assert "***" in found


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("authorization: bearer   abc", "authorization: bearer ***"),
        ("GET /oauth/callback?code=x1&state=y2&step=3", "GET /oauth/callback?code=***&state=***&step=3"),
        ("grant_type=refresh_token&client_secret=s%2Bs&refresh_token=r", None),
        ('{"access_token": "short", "expires_in": 1800}', '{"access_token": "***", "expires_in": 1800}'),
        ("{'refresh_token': 'short'}", "{'refresh_token': '***'}"),
        ('{"password":"hunter2"}', '{"password":"***"}'),
    ],
)
def test_what_stands_where_secrets_stand_goes(text: str, left: str | None) -> None:
    left = left or "grant_type=refresh_token&client_secret=***&refresh_token=***"
    assert scrub(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "Lane backfill of portal 7 failed 3 times, again at 2026-01-01T00:00:00+00:00: ServerError",
        f"HubSpot answered 500 (correlation {UUID}) to GET /crm/objects/2026-03/contacts",
        "event key 018f2b6e9f20" + "0f" * 32,
        "call https://api-eu1.hubapi.com/oauth/v3/token in na1 or eu1",
        "Portal 4000001 moved to needs_reconnect",
        "tests/installations/test_a_module_with_a_rather_long_name.py::test_that_says_what_it_is_about_in_many_words",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert scrub(text) == text
