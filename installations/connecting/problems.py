"""What to tell a person when connecting did not work: what happened, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from hubspot_api.errors import (
    AuthCodeExpired,
    AuthCodeInvalid,
    ClientInvalid,
    GrantInvalid,
    HubGone,
    HubSpotError,
    Migrating,
    OAuthRefused,
    RateLimited,
)

from ..calls.switches import CallsStopped
from ..errors import InstallationError, TryLater
from ..leaving.uninstalling import BeingUninstalled
from .exchanges import ExchangeProblem, ExchangeRefused
from .flows import FlowProblem, FlowRefused
from .install import IdentityMismatch


@dataclass(frozen=True)
class Problem:
    """A page's worth of explanation. `status` is the HTTP status it is shown with."""

    title: str
    what_happened: str
    what_to_do: str
    status: int = 400


CANCELLED = Problem(
    "You did not connect HubSpot",
    "You cancelled on HubSpot's page, so nothing was installed and nothing was changed.",
    "If that was not what you wanted, start again. You will see the list of permissions once more before you agree.",
    200,
)
REFUSED_BY_HUBSPOT = Problem(
    "HubSpot did not allow the connection",
    "HubSpot sent you back without a permission to connect.",
    "Somebody with super admin or App Marketplace permissions in your HubSpot account may have to install the app.",
)
NOT_STARTED_HERE = Problem(
    "This link does not belong to a connection you started",
    "The address you came back with carries no sign that this browser asked HubSpot to connect.",
    "Do not follow links to this page that somebody sent you. To connect your account, start here.",
)
RETURN_ELSEWHERE = Problem(
    "This link leads to a place we do not know",
    "It asks us to send you to an address that is not HubSpot's.",
    "Start the installation again from HubSpot's marketplace.",
)

_FLOWS = {
    FlowProblem.MISSING: NOT_STARTED_HERE,
    FlowProblem.UNKNOWN: NOT_STARTED_HERE,
    FlowProblem.USED: Problem(
        "This connection was finished before",
        "The address you opened works once, and it has been used. Perhaps the page was reloaded.",
        "If you are connected already, sign in. Otherwise start again.",
    ),
    FlowProblem.EXPIRED: Problem(
        "That took too long",
        "More than ten minutes passed between starting the connection and coming back from HubSpot.",
        "Start again; nothing was installed.",
    ),
    FlowProblem.OTHER_BROWSER: Problem(
        "This connection was started in another browser",
        "For your safety a connection can only be finished in the browser that began it, with its cookies.",
        "Start again in this browser. If you block cookies for this site, allow them first.",
    ),
    FlowProblem.OTHER_USER: Problem(
        "This connection was started by somebody else",
        "You signed in as another HubSpot user since it began.",
        "Start again.",
    ),
}

_USED_CODE = Problem(
    "HubSpot's permission was used before",
    "The code that HubSpot gave your browser works once. It was used already, or is not one of HubSpot's.",
    "If you are connected already, sign in. Otherwise start again.",
)
_EXCHANGES = {
    ExchangeProblem.SEEN: _USED_CODE,
    ExchangeProblem.TOO_MANY: Problem(
        "Too many connections at once",
        "From your network more connections were begun within a minute than we take to HubSpot.",
        "Wait a minute, then start again.",
        429,
    ),
}

_HUBSPOT: list[tuple[type[Exception], Problem]] = [
    (
        AuthCodeExpired,
        Problem(
            "HubSpot's permission ran out",
            "The code that HubSpot gave your browser is only good for a short time, and it has expired.",
            "Start again; nothing was installed.",
        ),
    ),
    (AuthCodeInvalid, _USED_CODE),
    (
        HubGone,
        Problem(
            "HubSpot says that this account is not there",
            "The account was deleted, or the app was removed from it at this very moment.",
            "Start again and choose the account anew.",
        ),
    ),
    (
        ClientInvalid,
        Problem(
            "This app is not set up correctly",
            "HubSpot does not accept our own credentials. This is our mistake, not yours; nothing was installed.",
            "Please tell the people who run this app. Trying again will not help before they have mended it.",
            502,
        ),
    ),
    (GrantInvalid, REFUSED_BY_HUBSPOT),
    (
        OAuthRefused,
        Problem(
            "HubSpot refused the connection",
            "HubSpot did not accept what we sent. Nothing was installed.",
            "Start again. If it happens once more, please tell the people who run this app.",
            502,
        ),
    ),
    (
        IdentityMismatch,
        Problem(
            "HubSpot's answers do not fit together",
            "The permission that came back belongs to another app or account than HubSpot says. We stored nothing.",
            "Start again. If it happens once more, please tell the people who run this app.",
            502,
        ),
    ),
]
_BUSY = Problem(
    "HubSpot does not answer just now",
    "We could not finish the connection, because HubSpot is busy or out of reach.",
    "Wait a minute, then start again.",
    503,
)
_STOPPED = Problem(
    "Connections to HubSpot are switched off",
    "The people who run this app have stopped all its calls to HubSpot for the moment, as a precaution.",
    "Try again later. Nothing was changed in your account.",
    503,
)
_BEING_UNINSTALLED = Problem(
    "The app is just leaving this account",
    "Somebody disconnected it a moment ago, and HubSpot is being told. What you connected now would be lost again.",
    "Wait a minute, then start again.",
    503,
)


def _moving(error: Migrating) -> Problem:
    again = f"after {error.retry_at:%d %b %Y, %H:%M} UTC" if error.retry_at else "in some hours: it may take a day"
    return Problem(
        "HubSpot is moving this account",
        "It is on its way to another data centre, and nothing can be read or written meanwhile. Nothing was connected "
        "here, even if HubSpot lists the app among the installed ones already.",
        f"Start again {again}: that connects it, whatever HubSpot lists.",
        503,
    )


def explain(error: FlowRefused | ExchangeRefused | HubSpotError | InstallationError) -> Problem:
    """Return what to tell the person whose connection failed with `error`."""
    if isinstance(error, ExchangeRefused):
        return _EXCHANGES[error.problem]
    if isinstance(error, FlowRefused):
        return _FLOWS[error.problem]
    if isinstance(error, BeingUninstalled):
        return _BEING_UNINSTALLED
    if isinstance(error, CallsStopped):
        return _STOPPED
    if isinstance(error, Migrating):
        return _moving(error)
    if isinstance(error, (RateLimited, TryLater)):
        return _BUSY
    known = (problem for kind, problem in _HUBSPOT if isinstance(error, kind))
    return next(known, _BUSY if getattr(error, "retryable", False) else _HUBSPOT[5][1])
