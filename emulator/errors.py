"""What HubSpot answers when it refuses.

HubSpotError                 any answer that is not a success
├── InvalidInput             400 VALIDATION_ERROR
│   ├── InvalidProperties    400, one entry per property
│   └── UnknownObjectType    400 without a category
├── Unauthenticated          401 INVALID_AUTHENTICATION
├── TokenExpired             401 EXPIRED_AUTHENTICATION
├── MissingScopes            403 MISSING_SCOPES
├── ResourceNotFound         404 without a category
├── ObjectNotFound           404 OBJECT_NOT_FOUND
├── Conflict                 409 CONFLICT
├── UriTooLong               414 in HTML, from the edge
├── RateLimited              429
├── Migrating                477
├── WrongHublet              488
└── OAuthRefused             400 of the token endpoints, in RFC 6749's words

Bodies: developers.hubspot.com/docs/api-reference/error-handling and recorded answers; see README.md for what is
documented and what was observed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.instants import iso

Json = dict[str, Any]

SCOPES_URL = "https://developers.hubspot.com/scopes"


class HubSpotError(Exception):
    status = 400
    category: str | None = None
    content_type = "application/json;charset=utf-8"

    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields
        self.headers: dict[str, str] = {}

    def body(self, correlation_id: str) -> Json:
        answer: Json = {"status": "error", "message": self.message, "correlationId": correlation_id}
        answer.update(self.fields)
        if self.category:
            answer["category"] = self.category
        return answer

    def payload(self, correlation_id: str) -> bytes:
        return json.dumps(self.body(correlation_id), separators=(",", ":")).encode()


class InvalidInput(HubSpotError):
    category: str | None = "VALIDATION_ERROR"


class InvalidProperties(InvalidInput):
    """`problems` is one mapping per property: code, message, name."""

    def __init__(self, problems: Sequence[Mapping[str, str]], hub_id: int) -> None:
        details = [
            {
                "isValid": False,
                "message": problem["message"],
                "error": problem["code"],
                "name": problem["name"],
                "localizedErrorMessage": problem["message"],
                "portalId": hub_id,
            }
            for problem in problems
        ]
        errors = [
            {"message": p["message"], "code": p["code"], "context": {"propertyName": [p["name"]]}} for p in problems
        ]
        text = json.dumps(details, separators=(",", ":"), ensure_ascii=False)
        super().__init__(f"Property values were not valid: {text}", errors=errors)


class UnknownObjectType(InvalidInput):
    category = None

    def __init__(self, name: str) -> None:
        super().__init__(f"Unable to infer object type from: {name}")


class InvalidJson(InvalidInput):
    category = None

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"Invalid input JSON on line {line}, column {column}: {reason}")


class Unauthenticated(HubSpotError):
    status = 401
    category = "INVALID_AUTHENTICATION"

    def __init__(self) -> None:
        super().__init__(
            "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more"
            " details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
        )
        self.headers["X-HubSpot-Auth-Failure"] = "401 Unauthorized"


class TokenExpired(HubSpotError):
    """The units of the message vary with the age; epoch zero means "this is a token, but not one I can read"."""

    status = 401
    category = "EXPIRED_AUTHENTICATION"

    def __init__(self, expired_at_ms: int, now_ms: int) -> None:
        super().__init__(
            f"The OAuth token used to make this call expired {_ago(now_ms - expired_at_ms)} ago.",
            context={"expire time": [iso(expired_at_ms)]},
        )
        self.headers["X-HubSpot-Auth-Failure"] = "401 Unauthorized"


def _ago(elapsed_ms: int) -> str:
    seconds = max(0, elapsed_ms // 1000)
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return f"{math.floor(seconds / size)} {unit}(s)"
    return f"{seconds} second(s)"


class MissingScopes(HubSpotError):
    """Any one of the scopes named would have sufficed."""

    status = 403
    category = "MISSING_SCOPES"

    def __init__(self, scopes: Sequence[str]) -> None:
        super().__init__(
            "This app hasn't been granted all required scopes to make this call. Read more about required scopes"
            f" here: {SCOPES_URL}.",
            errors=[
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": list(scopes)},
                }
            ],
            links={"scopes": SCOPES_URL},
        )


class ResourceNotFound(HubSpotError):
    status = 404

    def __init__(self, message: str = "resource not found") -> None:
        super().__init__(message)


class ObjectNotFound(HubSpotError):
    status = 404
    category = "OBJECT_NOT_FOUND"

    def __init__(self, message: str = "Object not found.  objectId are usually numeric.") -> None:
        super().__init__(message)


class Conflict(HubSpotError):
    status = 409
    category = "CONFLICT"


class UriTooLong(HubSpotError):
    status = 414
    content_type = "text/html"

    def __init__(self) -> None:
        super().__init__("Request-URI Too Large")

    def payload(self, _correlation_id: str) -> bytes:
        return edge_page("414 Request-URI Too Large")


def edge_page(title: str) -> bytes:
    """The page that HubSpot's edge shows instead of JSON."""
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
    ).encode()


class RateLimited(HubSpotError):
    """`policy` is TEN_SECONDLY_ROLLING, SECONDLY or DAILY. HubSpot documents no Retry-After here."""

    status = 429
    _words = {
        "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
        "SECONDLY": "You have reached your secondly limit.",
        "DAILY": "You have reached your daily limit.",
    }

    def __init__(self, policy: str, group: str | None = None) -> None:
        fields: Json = {"errorType": "RATE_LIMIT", "policyName": policy}
        if group:
            fields["groupName"] = group
        super().__init__(self._words[policy], **fields)
        if policy == "SECONDLY":
            self.category = "RATE_LIMITS"


class Migrating(HubSpotError):
    """The account is on its way to another data centre; Retry-After is in seconds."""

    status = 477

    def __init__(self, hub_id: int | None, retry_after_s: int) -> None:
        super().__init__(f"Hub {hub_id} is currently being migrated")
        self.headers["Retry-After"] = str(retry_after_s)


class WrongHublet(HubSpotError):
    status = 488

    def __init__(self, hub_id: int | None, correct: str) -> None:
        super().__init__(
            f"Hub {hub_id} is unknown to this Hublet, but it appears to exist in Hublet {correct}",
            correctHublet=correct,
        )
        # Read by HubSpot's own web app.
        self.headers["X-HubSpot-Correct-Hublet"] = correct


class OAuthRefused(HubSpotError):
    """developers.hubspot.com/changelog/new-oauth-v3-api-endpoints-and-standardized-error-responses"""

    def __init__(self, error: str, status: str, message: str) -> None:
        super().__init__(message)
        self.error = error
        self.reason = status

    def body(self, _correlation_id: str) -> Json:
        return {
            "error": self.error,
            "error_description": self.message,
            "status": self.reason,
            "message": self.message,
        }
