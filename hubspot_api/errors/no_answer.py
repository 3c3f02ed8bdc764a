"""Nothing usable came back, or HubSpot itself failed: the call may have been carried out."""

from __future__ import annotations

from .root import HubSpotError


class NoAnswer(HubSpotError):
    """There was no complete answer."""

    retryable = True
    advice = "Try again later; look at the network and at status.hubspot.com if it goes on."


class NotSent(NoAnswer):
    """No connection, so HubSpot has not seen the call."""

    certainly_not_done = True
    happened = "no connection to HubSpot"


class Suspended(NotSent):
    """Not even tried: this part of the API has failed for this account again and again. See `breaker`."""

    happened = "calls are held back, because HubSpot keeps failing them"
    advice = "Come back at retry_at, when one call goes to look whether HubSpot is well again."


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
