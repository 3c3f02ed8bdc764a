"""What HubSpot's answers look like at their worst: errors that repeat what they were sent, in every field and form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Fault = dict[str, Any]


def answer(status: int, body: object, **headers: str) -> Fault:
    return {"action": "status", "params": {"status": status, "body": body, "headers": headers}}


def repeating(status: int) -> Fault:
    """An error that has all of its own request: its secrets where HubSpot has names, the whole where it has texts."""
    return {"action": "echo", "params": {"status": status}}


def of_calls(secrets: Sequence[str]) -> list[Fault]:
    """Everything that a call can be answered with and that is no use."""
    said = " ".join(secrets)
    statuses = (400, 401, 403, 404, 409, 414, 423, 429, 477, 488, 500, 502, 503, 530)
    return [
        *map(repeating, statuses),
        answer(403, _named("MISSING_SCOPES", said)),
        answer(400, _named("VALIDATION_ERROR", said)),
        answer(400, f"Bad request: Bearer {said}"),
        answer(500, f"<html><body>Traceback: Authorization: Bearer {said}</body></html>"),
        answer(200, f"Bearer {said}"),
        answer(200, json.dumps({"id": said, "properties": said})[:-9]),
        answer(200, {"id": [said], "properties": said}),
        answer(302, said, Location=f"https://elsewhere.example/?token={secrets[0]}"),
        answer(500, {"message": said}, **{"Retry-After": secrets[0]}),
        {"action": "truncate"},
        {"action": "reset"},
        {"action": "html"},
        {"action": "migrating"},
    ]


def _named(category: str, said: str) -> dict[str, object]:
    detail = {"message": said, "code": "INVALID", "context": {"propertyName": [said], "requiredGranularScopes": [said]}}
    context = {"requiredGranularScopes": [said], "requiredScopes": [said]}
    return {"status": "error", "category": category, "message": said, "errors": [detail], "context": context}


def of_callbacks(secrets: Sequence[str]) -> list[tuple[str, Fault]]:
    """What goes wrong after HubSpot sent somebody back, by the path that it happens at."""
    return [
        ("/oauth/*/token", repeating(500)),
        ("/oauth/*/token", of_renewals(secrets, secrets[0])[0]),
        ("/oauth/*/token", answer(200, " ".join(secrets))),
        ("/oauth/*/token/introspect", repeating(400)),
        ("/account-info/", repeating(500)),
        ("/account-info/", repeating(403)),
    ]


def of_renewals(secrets: Sequence[str], made_up: str) -> list[Fault]:
    """Refusals of the token endpoint in its own form, and answers that are no grants. `made_up`: a token in those."""
    said = " ".join(secrets)
    return [
        *(
            answer(status, {"status": name, "error": error, "error_description": said, "message": said})
            for status, name, error in (
                (400, "BAD_REFRESH_TOKEN", "invalid_grant"),
                (400, "BAD_CLIENT_SECRET", "invalid_client"),
                (401, "BAD_CLIENT_ID", "invalid_client"),
                (429, "RATE_LIMIT", "too_many"),
                (500, "INTERNAL", "server_error"),
            )
        ),
        *map(repeating, (400, 401, 429, 500)),
        answer(200, f"access_token={made_up}"),
        answer(200, {"access_token": [made_up], "refresh_token": {made_up: made_up}, "expires_in": made_up}),
        answer(200, {"access_token": made_up, "refresh_token": made_up, "error": made_up}),
        answer(200, json.dumps({"access_token": made_up, "refresh_token": made_up})[:-5]),
        {"action": "truncate"},
        {"action": "reset"},
        {"action": "html"},
    ]
