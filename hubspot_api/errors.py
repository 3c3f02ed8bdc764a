"""Everything that can go wrong between us and HubSpot.

    HubSpotError
    ├── NoAnswer                      nothing usable came back
    │   ├── NotSent                     no connection: certainly did not happen
    │   ├── AnswerLost                  sent, then the connection broke: may have happened
    │   └── DeadlineExceeded            sent, then time ran out: may have happened
    ├── AnswerInvalid                 a success that we cannot use: probably happened
    │   ├── AnswerUnreadable            not JSON, cut short, HTML
    │   ├── AnswerTooLarge
    │   ├── ResponseInvalid             a field is missing or has another type
    │   └── UnexpectedStatus            a redirect, an informational status
    ├── Refused                       4xx: certainly did not happen
    │   ├── BadRequest                  400
    │   │   ├── ValidationFailed          names properties and codes
    │   │   └── TooManySubscriptions      beyond 1,000 webhook subscriptions of a legacy app
    │   ├── Unauthorized                401
    │   │   ├── TokenExpired
    │   │   ├── TokenUnreadable           HubSpot could not decode it
    │   │   └── TokenMissing              HubSpot saw no credentials at all
    │   ├── Forbidden                   403
    │   │   ├── MissingScopes
    │   │   └── AddressExpired            a file's signed address is too old, or damaged
    │   ├── NotFound                    404
    │   ├── Conflict                    409
    │   ├── UriTooLong                  414
    │   ├── TooManyIdentities           a merge beyond 250 identities (400 or 414)
    │   ├── Locked                      423
    │   ├── RateLimited                 429
    │   ├── Migrating                   477
    │   └── WrongHublet                 488
    ├── ServerFailed                  5xx: may have happened
    │   ├── Overloaded                  502, 503, 504, 521, 523, 524
    │   └── EdgeFailed                  520, 522, 525, 526, 530: Cloudflare's own
    ├── OAuthError                    the token endpoint refused: certainly did not happen
    │   ├── GrantInvalid                invalid_grant
    │   │   ├── RefreshTokenInvalid       unknown, revoked, uninstalled
    │   │   ├── AuthCodeInvalid           unknown or used before: HubSpot does not say which
    │   │   ├── AuthCodeExpired
    │   │   └── CodeVerifierInvalid       PKCE mismatch
    │   ├── HubGone                     BAD_HUB: the account is deleted or disconnected
    │   ├── ClientInvalid               our client id or secret is wrong: nobody's account is to blame
    │   └── OAuthRefused                any other 4xx: a mistake in configuration
    └── InvalidSignature              a request that claims to come from HubSpot does not carry its signature

Sources: HubSpot's pages "Error handling", "Manage OAuth tokens" and "API usage guidelines and limits".
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from hubspot_api.said import Call, Said

if TYPE_CHECKING:
    from hubspot_api.records import BatchResult


def _label(text: str) -> str:
    """Pass a name, hold back free text."""
    return text if re.fullmatch(r"[\w.-]{1,100}", text, re.ASCII) else ""


class HubSpotError(Exception):
    """Root of all.

    `retryable`: the same call may succeed later without anybody doing anything.
    `certainly_not_done`: HubSpot has not carried out the call, so repeating it cannot double an effect.

    `hub_id`: account the call was made for, when known. `status`: None when there was no answer. `category`,
    `sub_category`: HubSpot's names for the error, "" when it gave none. `correlation_id`: what HubSpot's support asks
    for. `message`: HubSpot's own text, which may quote what somebody typed, so not for logs. `retry_at`: not before
    this time; None when nobody knows. `partial`: what a call in several batches had done when it failed.

    `str()` is safe to log: it holds no token, no value of a property and none of HubSpot's free text.
    """

    retryable: ClassVar[bool] = False
    certainly_not_done: ClassVar[bool] = False
    happened: ClassVar[str] = "the call failed"
    advice: ClassVar[str] = "Give HubSpot's support the correlation id."

    partial: BatchResult | None = None

    def __init__(self, detail: str = "", call: Call | None = None, said: Said | None = None) -> None:
        super().__init__(detail, call, said)
        self.detail = detail
        self.call = call = call or Call()
        self.said = said = said or Said()
        self.hub_id = call.hub_id
        self.status = said.status
        self.category = said.category
        self.sub_category = said.sub_category
        self.correlation_id = said.correlation_id
        self.message = said.message
        self.retry_at = said.retry_at

    def __str__(self) -> str:
        what = ": ".join(filter(None, (self.happened, self.detail or self._named())))
        facts = [str(self.status) if self.status else "", self.category, self.sub_category]
        if self.correlation_id:
            facts.append(f"correlation id {self.correlation_id}")
        said = ", ".join(filter(None, facts))
        return f"{self.call}: {what}" + (f" [{said}]" if said else "") + f". {self.advice}"

    def _named(self) -> str:
        """What a subclass can name: properties, codes, scopes."""
        return ""


# Nothing usable came back


class NoAnswer(HubSpotError):
    """There was no complete answer."""

    retryable = True
    advice = "Try again later; look at the network and at status.hubspot.com if it goes on."


class NotSent(NoAnswer):
    """No connection, so HubSpot has not seen the call."""

    certainly_not_done = True
    happened = "no connection to HubSpot"


class AnswerLost(NoAnswer):
    """The connection broke after the call was sent."""

    happened = "the connection broke before the answer was complete; the call may have been carried out"


class DeadlineExceeded(NoAnswer):
    """The answer was not complete when the call's time was up."""

    happened = "the answer was not complete in time; the call may have been carried out"


class AnswerInvalid(HubSpotError):
    """A success that we cannot use."""

    happened = "HubSpot's answer cannot be used; the call was probably carried out"


class AnswerUnreadable(AnswerInvalid):
    """Not JSON: cut short, an HTML page, a broken encoding."""

    retryable = True
    happened = "HubSpot's answer is not readable JSON; the call was probably carried out"
    advice = "Try again later; something between us and HubSpot may answer in its place."


class AnswerTooLarge(AnswerInvalid):
    """More bytes than we accept."""

    happened = "HubSpot's answer is larger than we accept"
    advice = "Ask for fewer records or fewer properties."


class ResponseInvalid(AnswerInvalid):
    """A field is missing or has another type; `detail` names it."""

    happened = "HubSpot's answer has another shape than documented"
    advice = "Compare with HubSpot's API reference: it may have changed."


class UnexpectedStatus(AnswerInvalid):
    """Neither a success nor an error: a redirect (never followed) or an informational status."""

    happened = "HubSpot answered with a status that means nothing to us"
    advice = "Check the address the client was given."


# 4xx


class Refused(HubSpotError):
    """HubSpot refused, and did nothing."""

    certainly_not_done = True
    happened = "HubSpot refused"


class BadRequest(Refused):
    """400: the call itself is wrong."""

    happened = "HubSpot does not understand the request"
    advice = "Correct the request: sending it again gives the same answer."


class ValidationFailed(BadRequest):
    """400: a value, a property or the number of inputs is not accepted."""

    happened = "HubSpot does not accept the values"
    advice = "Correct the values named: sending them again gives the same answer."

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes such as INVALID_EMAIL, PROPERTY_DOESNT_EXIST, INVALID_OPTION."""
        return tuple(dict.fromkeys(detail.code for detail in self.said.details if detail.code))

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of the properties that are wrong."""
        return tuple(dict.fromkeys(name for detail in self.said.details for name in detail.properties))

    def _named(self) -> str:
        pairs = (" ".join([*map(_label, detail.properties), detail.code]) for detail in self.said.details)
        return ", ".join(dict.fromkeys(filter(None, map(str.strip, pairs))))


class TooManySubscriptions(BadRequest):
    """A legacy app may have 1,000 webhook subscriptions, all accounts together."""

    happened = "the app has as many webhook subscriptions as it may"
    advice = "Delete some; the webhooks journal tells of all properties with one subscription per account."


class Unauthorized(Refused):
    """401."""

    happened = "HubSpot does not accept the access token"
    advice = "If a fresh token is refused too, the app was probably uninstalled: the account has to connect again."


class TokenExpired(Unauthorized):
    """401: the token's time is over."""

    happened = "the access token has expired"
    advice = "Refresh it by its `expires_in`, ahead of time."


class TokenUnreadable(Unauthorized):
    """401: HubSpot cannot decode the token ("expired" since 1970), or it cannot be sent at all."""

    happened = "the access token is not one that HubSpot can read"
    advice = "It is damaged or of another kind (a refresh token, an API key): get a new one."


class TokenMissing(Unauthorized):
    """401: HubSpot found no credentials."""

    happened = "HubSpot found no credentials in the request"
    advice = "Look for a proxy that removes the Authorization header, or a token that is none."


class Forbidden(Refused):
    """403."""

    happened = "HubSpot does not allow this"
    advice = "Do not repeat it: the account's plan, a permission or the app's approval stands in the way."


class MissingScopes(Forbidden):
    """403: the token lacks a scope; any one of `scopes` suffices."""

    happened = "the app has not been granted a scope"
    advice = "Stop calling this and ask an administrator of the account to re-authorize the app."

    @property
    def scopes(self) -> tuple[str, ...]:
        """What HubSpot asks for. It has been seen to name scopes that no app can select."""
        contexts = [self.said.context, *(detail.context for detail in self.said.details)]
        keys = ("requiredGranularScopes", "requiredScopes")
        return tuple(dict.fromkeys(scope for context in contexts for key in keys for scope in context.get(key, ())))

    def _named(self) -> str:
        return " or ".join(filter(None, map(_label, self.scopes)))


class AddressExpired(Forbidden):
    """403: an address that carries its own permission is too old, or was changed on its way."""

    happened = "the file's address is no longer good"
    advice = "Ask HubSpot for a new one: they live for minutes."


class NotFound(Refused):
    """404: no such record, or no such path."""

    happened = "HubSpot knows nothing there"
    advice = "The record may be archived or deleted; an unknown object type answers the same."


class Conflict(Refused):
    """409: it exists already."""

    happened = "it exists already"
    advice = "Update the existing record instead."

    @property
    def existing_id(self) -> int | None:
        """Id of the record in the way. HubSpot gives it in its text only, and not always."""
        given = [key for detail in self.said.details for key in detail.context.get("existingId", ())]
        found = re.search(r"Existing ID:\s*([0-9]{1,19})\b", self.said.message, re.IGNORECASE)
        texts = [*given, *([found[1]] if found else [])]
        return next((int(text) for text in texts if text.isascii() and text.isdigit()), None)


class UriTooLong(Refused):
    """414."""

    happened = "the address is too long"
    advice = "Send long lists of properties in the body: batch read or search."


class TooManyIdentities(Refused):
    """A merge would give the contact more than 250 identities."""

    happened = "the merge would exceed 250 identities on one contact"
    advice = "The two cannot be merged."


class Locked(Refused):
    """423: somebody writes there right now. HubSpot's locks last two seconds."""

    retryable = True
    happened = "the record is locked"
    advice = "Wait two seconds or more."


class RatePolicy(StrEnum):
    """Which allowance a 429 is about."""

    DAILY = "daily"
    TEN_SECONDLY = "ten_secondly"
    SECONDLY = "secondly"
    UNKNOWN = "unknown"


class RateLimited(Refused):
    """429."""

    retryable = True
    happened = "an allowance is used up"
    advice = "Wait until retry_at (daily: until midnight in the account's time zone) and slow down."

    @property
    def policy(self) -> RatePolicy:
        """Which allowance."""
        text = f"{self.said.policy} {self.said.message}".lower()
        if "daily" in text:
            return RatePolicy.DAILY
        if "ten_secondly" in text:
            return RatePolicy.TEN_SECONDLY
        return RatePolicy.SECONDLY if "secondly" in text else RatePolicy.UNKNOWN

    def _named(self) -> str:
        return self.policy


class Migrating(Refused):
    """477: the account moves between data centres, up to about a day."""

    retryable = True
    happened = "the account is moving to another data centre"
    advice = "Wait until retry_at; nothing can be read or written before."


class WrongHublet(Refused):
    """488: the account lives in another data centre."""

    happened = "the account lives in another data centre"
    advice = "Call the host of `correct_hublet`; if that does not help, the account has to connect again."

    @property
    def correct_hublet(self) -> str | None:
        """Such as "eu1"; None when HubSpot did not say."""
        return self.said.correct_hublet or None

    def _named(self) -> str:
        return self.said.correct_hublet


# 5xx


class ServerFailed(HubSpotError):
    """5xx: HubSpot failed, before or after doing it."""

    retryable = True
    happened = "HubSpot failed; the call may have been carried out"
    advice = "Try again later; look at status.hubspot.com if it goes on."


class Overloaded(ServerFailed):
    """HubSpot is not up to it now."""

    happened = "HubSpot is overloaded or down; the call may have been carried out"
    advice = "Pause for a few seconds, then try again."


class EdgeFailed(ServerFailed):
    """Cloudflare's own errors; 530 has been seen with a malformed token."""

    happened = "HubSpot's edge could not reach HubSpot; the call may have been carried out"
    advice = "Try again later; if it goes on, ask HubSpot's support."


# The token endpoint


class OAuthError(HubSpotError):
    """The token endpoint refused."""

    certainly_not_done = True
    happened = "HubSpot's token endpoint refused"
    advice = "Compare the app's settings at HubSpot with ours."


class GrantInvalid(OAuthError):
    """invalid_grant: the code or refresh token is no longer good."""

    happened = "HubSpot does not accept the grant"
    advice = "The account has to connect again."


class RefreshTokenInvalid(GrantInvalid):
    """Unknown or revoked, the app uninstalled, or another app's credentials."""

    happened = "HubSpot does not accept the refresh token"
    advice = "Try once more a minute later; if it stays so, the account has to connect again."


class AuthCodeInvalid(GrantInvalid):
    """The code is unknown or was used before; HubSpot does not say which."""

    happened = "HubSpot does not know the authorization code, or it was used before"
    advice = "Start the connection again from the install page."


class AuthCodeExpired(GrantInvalid):
    """The code is too old."""

    happened = "the authorization code has expired"
    advice = "Start the connection again from the install page."


class CodeVerifierInvalid(GrantInvalid):
    """PKCE: the verifier does not match the challenge."""

    happened = "the code verifier does not match"
    advice = "Start the connection again, in the browser in which it was begun."


class HubGone(OAuthError):
    """BAD_HUB: the account is deleted or disconnected."""

    happened = "the account no longer exists or has disconnected the app"
    advice = "Stop working for this account until it connects again."


class ClientInvalid(OAuthError):
    """Our client id or secret is wrong. No account is to blame, so touch none."""

    happened = "HubSpot does not accept the app's client id or secret"
    advice = "Compare HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET with the app's Auth tab; leave the accounts alone."


class OAuthRefused(OAuthError):
    """Any other 4xx: a mistake in configuration, never a reason to disconnect an account."""


# Requests that claim to come from HubSpot


class SignatureProblem(StrEnum):
    """Why a signature was not accepted."""

    MISSING = "the signature header is missing or empty"
    DOUBLED = "a signature header was sent twice"
    MALFORMED = "the signature is not of the form that HubSpot sends"
    TIMESTAMP_MISSING = "the timestamp header is missing or empty"
    TIMESTAMP_MALFORMED = "the timestamp is not a number of milliseconds"
    STALE = "the timestamp is too old"
    FUTURE = "the timestamp lies in the future"
    MISMATCH = "the signature does not match"


class InvalidSignature(HubSpotError):
    """A request that claims to come from HubSpot does not carry its signature."""

    certainly_not_done = True
    happened = "the request is not signed by HubSpot"
    advice = "Refuse it. If all are refused, compare the client secret and the public address with the app's settings."

    def __init__(self, problem: SignatureProblem) -> None:
        super().__init__(problem.value)
        self.args = (problem,)
        self.problem = problem
