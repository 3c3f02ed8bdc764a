"""Round trips to HubSpot: a state that works once, within ten minutes, in the browser that started."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from ..bites import delete_in_bites
from ..models import OAuthFlow

LIVES = timedelta(minutes=10)
PENDING_AT_MOST = 5  # per browser
_BROWSER = "browser"  # the session's key for a random value that names this browser


class FlowProblem(StrEnum):
    """Why a state is not accepted."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    USED = "used"
    EXPIRED = "expired"
    OTHER_BROWSER = "other_browser"
    OTHER_USER = "other_user"


class FlowRefused(Exception):
    """The callback does not belong to a flow that this browser started and has not finished."""

    def __init__(self, problem: FlowProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True)
class Started:
    """A flow that has come back from HubSpot, once."""

    purpose: OAuthFlow.Purpose
    hub_id: int | None
    user_id: int | None  # None: nobody was signed in

    def require_user(self, user_id: int) -> None:
        """Refuse a flow that HubSpot says another user has finished than started it. Raises FlowRefused."""
        if self.user_id not in {None, user_id}:
            raise FlowRefused(FlowProblem.OTHER_USER)


def begin(
    session: SessionBase, purpose: OAuthFlow.Purpose, *, hub_id: int | None = None, user_id: int | None = None
) -> str:
    """Start a flow in this browser and return its state: 32 random bytes that we do not keep."""
    state = secrets.token_urlsafe(32)
    browser = _browser_digest(session, make=True)
    OAuthFlow.objects.create(
        state_digest=_digest(state), browser_digest=browser, purpose=purpose, hub_id=hub_id, user_id=user_id
    )
    _drop_old(browser)
    return state


def finish(session: SessionBase, state: str, *, user_id: int | None = None) -> Started:
    """Use up a state. Raises FlowRefused; the state is used up all the same: first popped, then compared.

    `user_id` is who is signed in now; a flow that somebody signed in has started only they may finish.
    """
    if not state:
        raise FlowRefused(FlowProblem.MISSING)
    digest, now = _digest(state), timezone.now()
    is_first = OAuthFlow.objects.filter(state_digest=digest, used_at=None).update(used_at=now)
    flow = OAuthFlow.objects.filter(state_digest=digest).first()
    if flow is None:
        raise FlowRefused(FlowProblem.UNKNOWN)
    browser = _browser_digest(session, make=False)
    if not secrets.compare_digest(bytes(flow.browser_digest), browser):
        raise FlowRefused(FlowProblem.OTHER_BROWSER)
    if not is_first:
        raise FlowRefused(FlowProblem.USED)
    if flow.started_at < now - LIVES:
        raise FlowRefused(FlowProblem.EXPIRED)
    if flow.user_id is not None and flow.user_id != user_id:
        raise FlowRefused(FlowProblem.OTHER_USER)
    return Started(OAuthFlow.Purpose(flow.purpose), flow.hub_id, flow.user_id)


def purge() -> int:
    """Delete flows that are long over; return how many. In bites: anybody may begin any number."""
    return delete_in_bites(OAuthFlow.objects.filter(started_at__lt=timezone.now() - timedelta(days=1)))


def _drop_old(browser: bytes) -> None:
    flows = OAuthFlow.objects.filter(browser_digest=browser, used_at=None).order_by("-started_at")
    OAuthFlow.objects.filter(pk__in=list(flows.values_list("pk", flat=True)[PENDING_AT_MOST:])).delete()


def _browser_digest(session: SessionBase, *, make: bool) -> bytes:
    if make and _BROWSER not in session:
        session[_BROWSER] = secrets.token_urlsafe(32)
    return _digest(session.get(_BROWSER, ""))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
