"""Read an answer: a success with its JSON, or the exception that names the failure. Pure: no I/O, no clock.

Sources: HubSpot's pages "Error handling" and "Manage OAuth tokens", and answers recorded from the live API.
Every field of an error body is treated as optional; a body may be HTML, empty or cut short.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from hubspot_api import errors
from hubspot_api.addresses import is_hublet
from hubspot_api.echoes import without
from hubspot_api.errors import AnswerUnreadable, HubSpotError
from hubspot_api.fields import Fields
from hubspot_api.said import Call, ErrorDetail, Said
from hubspot_api.secret import Secret

_BY_STATUS: Mapping[int, type[HubSpotError]] = {
    404: errors.NotFound,
    409: errors.Conflict,
    414: errors.UriTooLong,
    423: errors.Locked,
    429: errors.RateLimited,
    477: errors.Migrating,
    488: errors.WrongHublet,
    **dict.fromkeys((502, 503, 504, 521, 523, 524), errors.Overloaded),
    **dict.fromkeys((520, 522, 525, 526, 530), errors.EdgeFailed),
}
_BY_OAUTH_STATUS: Mapping[str, type[HubSpotError]] = {
    "BAD_REFRESH_TOKEN": errors.RefreshTokenInvalid,
    "BAD_AUTH_CODE": errors.AuthCodeInvalid,
    "EXPIRED_AUTH_CODE": errors.AuthCodeExpired,
    "BAD_CODE_VERIFIER": errors.CodeVerifierInvalid,
    "BAD_HUB": errors.HubGone,
    "BAD_REDIRECT_URI": errors.OAuthRefused,  # our mistake, whatever `error` goes with it
}
_ROLLING_WINDOW = 10.0  # seconds; what an unknown 429 waits for
LONGEST_SECONDS = 600.0  # a Retry-After beyond this can only be milliseconds, but for migrations and whole days


@dataclass(frozen=True, slots=True)
class Answer:
    """A success. `json` is the parsed body, None when there was none; header names look up in any case."""

    call: Call
    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    json: Any = field(default=None, repr=False)

    @property
    def fields(self) -> Fields:
        """The body as an object to be checked. Raises ResponseInvalid when it is none."""
        return Fields.of(self.json, self.call)

    @property
    def correlation_id(self) -> str:
        """What HubSpot's support asks for, "" when it named none."""
        return _label(self.headers.get("x-hubspot-correlation-id"))


class _Refusal(Protocol):
    def __call__(
        self, status: int, headers: Mapping[str, str], body: bytes, *, call: Call, now: datetime
    ) -> HubSpotError: ...


def answer_from(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    call: Call,
    now: datetime,
    refusal: _Refusal | None = None,
    sent: Iterable[Secret] = (),
) -> Answer:
    """Return a success, or raise: `refusal` (default `error_from`) for any other status, AnswerUnreadable for a body
    that is no JSON. `sent` are the secrets that the request carried: no error repeats them.
    """
    if not 200 <= status < 300:
        headers, body = without(sent, headers, body)
        raise (refusal or error_from)(status, headers, body, call=call, now=now)
    if not body.strip():
        return Answer(call, status, headers, body)
    try:
        return Answer(call, status, headers, body, load_json(body))
    except ValueError as error:
        headers, _ = without(sent, headers, b"")
        said = Said(status=status, correlation_id=_label(headers.get("x-hubspot-correlation-id")))
        raise AnswerUnreadable(f"{len(body)} bytes that are no JSON", call, said) from error


def error_from(status: int, headers: Mapping[str, str], body: bytes, *, call: Call, now: datetime) -> HubSpotError:
    """Return the exception for an answer of the API that is no success.

    `headers` must look names up in lower case; `now` dates a Retry-After.
    """
    fields = _object(body)
    said = _said(status, headers, fields, now)
    return _kind(said, fields)("", call, said)


def oauth_error_from(
    status: int, headers: Mapping[str, str], body: bytes, *, call: Call, now: datetime
) -> HubSpotError:
    """Return the exception for an answer of the token endpoint that is no success.

    Classified on `error` first, then on `status`: both occur alone. An answer that is not OAuth's (429, 477, 488,
    5xx, a redirect) is what it would be anywhere else.
    """
    fields = _object(body)
    said = _said(status, headers, fields, now)
    general = _kind(said, fields)
    if not 400 <= status < 500 or general.retryable or general is errors.WrongHublet:
        return general("", call, said)
    return _oauth_kind(_text(fields.get("error")), _text(fields.get("status")))("", call, _oauth_said(said, fields))


def storage_error_from(
    status: int, headers: Mapping[str, str], body: bytes, *, call: Call, now: datetime
) -> HubSpotError:
    """Return the exception for an answer of the storage behind signed addresses, which speaks XML."""
    error = error_from(status, headers, body, call=call, now=now)
    return errors.AddressExpired("", call, error.said) if status == 403 else error


def error_details(listed: object) -> tuple[ErrorDetail, ...]:
    """Read HubSpot's `errors` list, of an error body or of a batch answer. What is no list is none."""
    if not isinstance(listed, list):
        return ()
    return tuple(_detail(entry) for entry in listed if isinstance(entry, dict))


def load_json(body: bytes) -> Any:
    """Parse strictly. Raises ValueError, also for NaN, an endless number or a bottomless nesting."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = load_json(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _kind(said: Said, fields: Mapping[str, Any]) -> type[HubSpotError]:
    status = said.status or 0
    if _is_rate_limit(said, fields):  # the same body has been seen to arrive with status 500
        return errors.RateLimited
    if status in (400, 414) and "identities on a profile" in said.message:
        return errors.TooManyIdentities
    if status == 400 and "maximum number allowed per application" in said.message:
        return errors.TooManySubscriptions
    if found := _BY_STATUS.get(status):
        return found
    match status:
        case 400:
            return errors.ValidationFailed if _names_values(said) else errors.BadRequest
        case 401:
            return _unauthorized_kind(said)
        case 403:
            return errors.MissingScopes if _names_scopes(said) else errors.Forbidden
    if 400 <= status < 500:
        return errors.Refused
    return errors.ServerFailed if 500 <= status < 600 else errors.UnexpectedStatus


def _is_rate_limit(said: Said, fields: Mapping[str, Any]) -> bool:
    marks = (said.category, _text(fields.get("errorType")))
    return said.status == 429 or (said.status == 500 and any(mark.startswith("RATE_LIMIT") for mark in marks))


def _names_values(said: Said) -> bool:
    return said.category == "VALIDATION_ERROR" or any(detail.code or detail.properties for detail in said.details)


def _names_scopes(said: Said) -> bool:
    return said.category == "MISSING_SCOPES" or bool(errors.MissingScopes("", None, said).scopes)


def _unauthorized_kind(said: Said) -> type[HubSpotError]:
    if said.category == "EXPIRED_AUTHENTICATION":
        # Expired at the epoch: HubSpot could not decode it and took zero for its expiry.
        undecodable = any(time.startswith("1970-01-01") for time in said.context.get("expire time", ()))
        return errors.TokenUnreadable if undecodable else errors.TokenExpired
    missing = said.category == "INVALID_AUTHENTICATION" or said.message.startswith("Authentication credentials not")
    return errors.TokenMissing if missing else errors.Unauthorized


def _oauth_kind(error: str, status: str) -> type[HubSpotError]:
    # Either mark suffices: to blame the app wrongly costs an alarm, to blame an account disconnects it.
    if error == "invalid_client" or status.startswith("BAD_CLIENT_"):
        return errors.ClientInvalid
    unnamed = errors.GrantInvalid if error == "invalid_grant" else errors.OAuthRefused
    return _BY_OAUTH_STATUS.get(status, unnamed)


def _said(status: int, headers: Mapping[str, str], fields: Mapping[str, Any], now: datetime) -> Said:
    message = _text(fields.get("message"))
    details = error_details(fields.get("errors")) + _details_in_text(message)
    return Said(
        status=status,
        category=_label(fields.get("category") or fields.get("errorType")),
        sub_category=_label(fields.get("subCategory")),
        correlation_id=_label(fields.get("correlationId") or headers.get("x-hubspot-correlation-id")),
        message=message,
        details=details,
        context=_context(fields.get("context")),
        policy=_label(fields.get("policyName")),
        correct_hublet=_hublet(fields.get("correctHublet")),
        retry_at=_retry_at(status, headers, fields, now),
    )


def _oauth_said(said: Said, fields: Mapping[str, Any]) -> Said:
    return Said(
        status=said.status,
        category=_label(fields.get("status")) or _label(fields.get("error")),
        correlation_id=said.correlation_id,
        message=said.message or _text(fields.get("error_description")),
    )


def _retry_at(status: int, headers: Mapping[str, str], fields: Mapping[str, Any], now: datetime) -> datetime | None:
    policy = f"{_text(fields.get('policyName'))} {_text(fields.get('message'))}".lower()
    means_hours = status == 477 or (status == 429 and "daily" in policy)
    named = retry_after(headers.get("retry-after", ""), now, longest=None if means_hours else LONGEST_SECONDS)
    if status == 423:
        named = max(named or 0.0, 2.0)
    if status == 429 and named is None and not means_hours:
        named = 1.0 if "secondly" in policy and "ten_secondly" not in policy else _ROLLING_WINDOW
    return None if named is None else now + timedelta(seconds=named)


def retry_after(value: str, now: datetime, *, longest: float | None) -> float | None:
    """Seconds, from an HTTP date or a number, which beyond `longest` is one of milliseconds.

    HubSpot documents it for 477 only, in seconds; others carry it too, and some senders count in milliseconds.
    """
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value):
        number = float(value)
        return number if longest is None or number <= longest else number / 1000
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - now).total_seconds(), 0.0)


def _details_in_text(message: str) -> tuple[ErrorDetail, ...]:
    """Older validation errors carry their list as JSON inside the message."""
    start = message.find("[")
    if not message.startswith("Property values were not valid") or start < 0:
        return ()
    try:
        listed = load_json(message[start:].encode("utf-8", "replace"))
    except ValueError:
        return ()
    entries: Iterable[Any] = listed if isinstance(listed, list) else ()
    return tuple(
        ErrorDetail(
            code=_label(entry.get("error")),
            message=_text(entry.get("message")),
            context={"propertyName": _texts(entry.get("name"))},
        )
        for entry in entries
        if isinstance(entry, dict)
    )


def _detail(entry: Mapping[str, Any]) -> ErrorDetail:
    return ErrorDetail(
        code=_label(entry.get("code")),
        category=_label(entry.get("category")),
        sub_category=_label(entry.get("subCategory")),
        message=_text(entry.get("message")),
        context=_context(entry.get("context")),
    )


def _context(value: object) -> Mapping[str, tuple[str, ...]]:
    return {key: _texts(listed) for key, listed in value.items()} if isinstance(value, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(str(item) for item in listed if isinstance(item, (str, int)) and not isinstance(item, bool))


def _text(value: object) -> str:
    return value[:4000] if isinstance(value, str) else ""


def _label(value: object) -> str:
    """A name that may be logged: no free text passes."""
    return value if isinstance(value, str) and re.fullmatch(r"[\w.:/-]{1,100}", value, re.ASCII) else ""


def _hublet(value: object) -> str:
    return value if isinstance(value, str) and is_hublet(value) else ""
