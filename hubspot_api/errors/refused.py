"""4xx: HubSpot refused, and did nothing."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import ClassVar

from .root import HubSpotError, label


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
        pairs = (" ".join([*map(label, detail.properties), detail.code]) for detail in self.said.details)
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

    MOST: ClassVar[int] = 20

    @property
    def scopes(self) -> tuple[str, ...]:
        """What HubSpot asks for, MOST at most. It has been seen to name scopes that no app can select.

        Only what can be a scope's name: it is kept, shown and compared.
        """
        contexts = [self.said.context, *(detail.context for detail in self.said.details)]
        keys = ("requiredGranularScopes", "requiredScopes")
        named = (label(scope) for context in contexts for key in keys for scope in context.get(key, ()))
        return tuple(dict.fromkeys(filter(None, named)))[: self.MOST]

    def _named(self) -> str:
        return " or ".join(self.scopes)


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
