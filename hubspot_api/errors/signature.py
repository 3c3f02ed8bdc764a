"""Requests that claim to come from HubSpot."""

from __future__ import annotations

from enum import StrEnum

from .root import HubSpotError


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
