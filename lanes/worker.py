"""The loop of a worker process: claim a lane, run its slice, put it back, until nothing is due."""

from __future__ import annotations

import logging
import random
import threading
import time
from datetime import datetime, timedelta

from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone

from hubspot_api.errors import HubSpotError
from installations import log_context
from installations.errors import PortalNotConnected, TryLater

from . import claims
from .kinds import kind_of
from .slices import LeaseLost, Slice

logger = logging.getLogger(__name__)

_TURN_S = 20.0  # how long one turn of the loop lasts at most
_NEXT_WITHIN_S = 1.0  # a lane due this soon is waited for in place
_LONGEST_BACKOFF_S = 300.0

# The task and the process' own tick both come here; one of them works, the other goes away.
_working = threading.Lock()
_stopping = threading.Event()


def work(*, with_bulk: bool = True, turn_s: float = _TURN_S) -> int:
    """Run slices until nothing is due or the turn is over; return how many. At most one caller per process works.

    Doing nothing is right when another thread of this process is at it, or when the database is away: the rows
    wait, and the next tick looks again.
    """
    if not _working.acquire(blocking=False):
        return 0
    try:
        close_old_connections()
        return _work_until(time.monotonic() + turn_s, with_bulk=with_bulk)
    except DatabaseError:
        logger.exception("The database does not answer; work waits for it.")
        return 0
    finally:
        close_old_connections()
        _working.release()


def stop(patience_s: float) -> bool:
    """Begin no more slices in this process, and wait for the one under way; False when it outlasts our patience."""
    _stopping.set()
    return _working.acquire(timeout=patience_s)


def _work_until(end: float, *, with_bulk: bool) -> int:
    slices = 0
    while time.monotonic() < end and not _stopping.is_set():
        claimed = claims.claim(with_bulk=with_bulk)
        if claimed is not None:
            with log_context.work_for(claimed.portal_id):
                run(claimed)
            slices += 1
            continue
        pause = claims.seconds_until_due(_NEXT_WITHIN_S, with_bulk=with_bulk)
        if pause is None:
            break
        time.sleep(pause + 0.01)
    return slices


def run(claimed: claims.Claim) -> None:
    """Run one slice and put the lane back, whatever happens to the slice."""
    turn = Slice(claimed)
    try:
        with turn.kept():
            next_at = kind_of(claimed.kind).work(turn)
    except LeaseLost as error:
        logger.info("Lane %s of portal %s: %s", claimed.kind, claimed.portal_id, error)
    except PortalNotConnected as error:
        # Parking is done by whoever found out. Should nobody have, this lane must not sleep for ever.
        later = timezone.now() + timedelta(seconds=_LONGEST_BACKOFF_S)
        claims.release(claimed, due_at=None, not_before=later, failures=claimed.failures, error=str(error))
    except TryLater as error:
        claims.release(claimed, due_at=None, not_before=error.retry_at, failures=claimed.failures)
    except HubSpotError as error:
        _put_back_failed(claimed, error, error.retry_at)
    except Exception as error:
        logger.exception("Lane %s of portal %s failed.", claimed.kind, claimed.portal_id)
        _put_back_failed(claimed, error)
    else:
        claims.release(claimed, due_at=next_at)


def _put_back_failed(claimed: claims.Claim, error: Exception, retry_at: datetime | None = None) -> None:
    failures = claimed.failures + 1
    not_before = max(retry_at or timezone.now(), timezone.now() + backoff(failures))
    reason = f"{type(error).__name__}: {error}"
    logger.warning(
        "Lane %s of portal %s failed %s times, again at %s: %s",
        *(claimed.kind, claimed.portal_id, failures, not_before.isoformat(), reason),
    )
    claims.release(claimed, due_at=None, not_before=not_before, failures=failures, error=reason[:500])


def backoff(failures: int) -> timedelta:
    """How long to wait after that many failures in a row: doubling from 2 s up to 5 minutes, with jitter."""
    ceiling = min(2.0 ** min(failures, 16), _LONGEST_BACKOFF_S)
    return timedelta(seconds=random.uniform(ceiling / 2, ceiling))  # noqa: S311 - jitter, not a secret
