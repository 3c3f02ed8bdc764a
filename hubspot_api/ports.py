"""What the client asks of its surroundings: a token, leave to call, somebody to tell. Defaults for none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from hubspot_api.secret import Secret


class Bucket(StrEnum):
    """Which of HubSpot's allowances a call draws on ("API usage guidelines and limits"; "Search the CRM")."""

    BURST = "burst"  # the rolling ten seconds per app and account
    SEARCH = "search"  # per second, shared by all apps of the account; exempt from burst
    ASSOCIATIONS = "associations"  # association batches and labels: exempt from burst, their own allowance
    OAUTH = "oauth"  # the token endpoint, all accounts together
    DAILY = "daily"  # until the account's midnight, shared by its private apps; taken beside the others, never named
    JOURNAL = "journal"  # the webhooks journal: per second and app, no account's
    JOURNAL_SUBSCRIPTIONS = "journal_subscriptions"
    JOURNAL_SNAPSHOTS = "journal_snapshots"
    EXEMPT = "exempt"  # counted by nobody: files at signed addresses, the app's own settings


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A live access token.

    `generation` grows with every refresh, so that "the token that was rejected" can be named without the token.
    `hublet` ("eu1") is where the account is known to live; None lets HubSpot route by the token.
    """

    value: Secret
    generation: int = 0
    hublet: str | None = None


class TokenSource(Protocol):
    """Where tokens come from. Called from several threads at once."""

    def current(self) -> AccessToken:
        """Return a token that is valid now, refreshing it if need be."""
        ...

    def rejected(self, token: AccessToken) -> AccessToken:
        """HubSpot answered 401 to `token`: return a newer one, or the same when there is none to be had.

        Asked at most once per call. May raise instead, which ends the call.
        """
        ...


class Permit(Protocol):
    """Leave for one attempt at HubSpot.

    Left without `answered` when no answer was seen; it may have been counted by HubSpot all the same, unless the
    exception it is left with has `certainly_not_done` set and is a `NotSent`.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Told as soon as the answer's head is there; `headers` has lower-case names."""
        ...


class Gate(Protocol):
    """The rate limiter. Bound to an account and a class of work by whoever made it."""

    def admit(self, bucket: Bucket, longest: float) -> Permit:
        """Wait for, and return, leave for one attempt; raise when waiting would take too long.

        `longest` is how many seconds the attempt can at most be under way.
        """
        ...


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One attempt that failed: how HubSpot called it, if it answered, and how we do."""

    status: int | None
    category: str
    error: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What one call was and cost. Nothing in it is secret or personal: no values, no bodies, no query."""

    started_at: datetime
    hub_id: int | None
    method: str
    path: str  # the template, "/crm/objects/{version}/{object_type}/{record_id}"
    bucket: Bucket
    status: int | None  # of the last answer; None: there was none
    category: str  # HubSpot's error category, "" when it named none
    correlation_id: str
    attempts: int
    waited: float  # seconds for a token, at the gate and between attempts
    took: float  # seconds at HubSpot
    bytes_sent: int
    bytes_received: int  # bodies, decoded
    error: str  # class name of what the caller got instead of an answer, "" for success
    failed: tuple[FailedAttempt, ...] = ()  # in order, also of a call that succeeded in the end


class CallObserver(Protocol):
    """Somebody who keeps the call log."""

    def called(self, record: CallRecord) -> None:
        """Told once per call, successful or not. What it raises is logged, never passed to the caller."""
        ...


class StaticToken:
    """A token that never changes, such as a private app's."""

    def __init__(self, value: str | Secret) -> None:
        self._token = AccessToken(value if isinstance(value, Secret) else Secret(value))

    def current(self) -> AccessToken:
        """Return the token."""
        return self._token

    def rejected(self, token: AccessToken) -> AccessToken:
        """Return the same token: there is no other."""
        return token


class _OpenPermit:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was taken, so nothing is given back."""

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Learn nothing: nobody counts."""


class OpenGate:
    """Lets every call through. For scripts and tests; HubSpot answers 429 to those who hurry."""

    def admit(self, bucket: Bucket, longest: float) -> Permit:  # noqa: ARG002 - the protocol's names
        """Return leave at once."""
        return _OpenPermit()


class SilentObserver:
    """Keeps no log."""

    def called(self, record: CallRecord) -> None:
        """Forget it."""
