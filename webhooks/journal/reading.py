"""Read the journal file by file. Each is dealt with in the transaction that also moves us past it."""

from __future__ import annotations

import json
import logging
import random
import time
from datetime import timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from hubspot_api import journal
from hubspot_api.client import Client
from hubspot_api.errors import (
    AddressExpired,
    AnswerInvalid,
    BadRequest,
    Forbidden,
    HubSpotError,
    NotFound,
    OAuthRefused,
    Unauthorized,
)
from hubspot_api.journal import Entry
from installations.clients import journal_client
from installations.errors import TryLater

from .. import quarantine
from ..models import JournalReader
from . import kinds, lifecycle
from .lease import Held, LeaseLost, claim

logger = logging.getLogger(__name__)

EVERY = timedelta(seconds=15)
KEPT = timedelta(days=3)  # how long HubSpot keeps what it wrote
SUBSCRIBE_EVERY = timedelta(days=1)
REFUSED_PAUSE = timedelta(hours=1)
TRIES = 5  # of a file that cannot be read: then it is passed over
MOST_KEPT = 100  # of what is no event in one file; all of it is counted
_TURN_S = 10.0
_LONGEST_PAUSE_S = 300.0


class FileUnreadable(Exception):
    """A file that HubSpot names is gone, or is none. What it told is lost if that stays so."""


def is_wanted() -> bool:
    """Whether the journal is to be read at all."""
    return bool(settings.HUBSPOT_JOURNAL and settings.HUBSPOT_CLIENT_ID and settings.HUBSPOT_CLIENT_SECRET)


def read() -> int:
    """Read what is new, if it is time and nobody else does; return how many files.

    Raises nothing that HubSpot causes: how it went is in the row, for the console and the metrics.
    """
    held = claim() if is_wanted() else None
    if held is None:
        return 0
    before = held.row.files
    try:
        wait = _turn(held, journal_client())
    except LeaseLost as error:
        logger.info("%s", error)
    except (OAuthRefused, Unauthorized, Forbidden, NotFound) as error:
        _refused(held, error)
    except (HubSpotError, TryLater, FileUnreadable) as error:
        _failed(held, error)
    except Exception as error:
        logger.exception("Reading the journal failed.")
        _failed(held, error)
    else:
        held.give_back(wait=wait, failures=0, latest_error="", refused_at=None)
    return held.row.files - before


def hurry() -> None:
    """Have it read at the next tick: something is different from when HubSpot last refused, or failed."""
    JournalReader.objects.update(next_at=timezone.now())


def _turn(held: Held, client: Client) -> timedelta:
    """Read until the end of the journal, or of our turn; return when the next turn is."""
    end = time.monotonic() + _TURN_S
    _subscribe(held, client)
    while time.monotonic() < end:
        entry = _next(held, client)
        if entry is None:
            held.note(caught_up_at=timezone.now())
            return EVERY
        _deal_with(held, client, entry)
    return timedelta()


def _subscribe(held: Held, client: Client) -> None:
    """Once a day, should somebody have ended the subscriptions."""
    since = held.row.subscribed_at
    if since is None or timezone.now() - since > SUBSCRIBE_EVERY:
        lifecycle.subscribe(client)
        held.note(subscribed_at=timezone.now())


def _next(held: Held, client: Client) -> Entry | None:
    if not held.row.offset:
        return _earliest(held, client)
    try:
        return journal.following(client, held.row.offset)
    except (NotFound, BadRequest):
        return _beyond_what_is_kept(held, client)


def _beyond_what_is_kept(held: Held, client: Client) -> Entry | None:
    """HubSpot does not know our place any more: it is older than three days, which may mean nothing or a gap.

    Some report the same answer for "nothing new"; then our place is the latest there is.
    """
    newest = journal.latest(client)
    if newest is not None and newest.offset == held.row.offset:
        return None
    if newest is None:
        held.note(offset="")
        return None
    return _earliest(held, client)


def _earliest(held: Held, client: Client) -> Entry | None:
    """Begin with the oldest there is. Something was missed if we were not at the end while it was still kept."""
    row = held.row
    at_end, now = row.caught_up_at, timezone.now()
    if (at_end is not None and now - at_end > KEPT) or (at_end is None and row.offset):
        since = at_end.isoformat() if at_end else "the beginning"
        logger.error(
            "HubSpot's journal was not read to its end since %s, and keeps three days: what it told before is lost. "
            "Uninstalls among it are noticed when HubSpot refuses to renew a token.",
            since,
        )
        held.note(offset="", gaps=F("gaps") + 1, gap_at=now, caught_up_at=now)
    return journal.earliest(client)


def _deal_with(held: Held, client: Client, entry: Entry) -> None:
    """Read one file, and move past it with all that comes of it."""
    try:
        file = journal.read_file(client, entry)
    except (AnswerInvalid, NotFound, AddressExpired) as error:
        _pass_over(held, entry, error)
        return
    with held.fence(
        offset=file.offset,
        published_at=file.published_at,
        files=F("files") + 1,
        file_failures=0,
        events=F("events") + len(file.events),
        odd=F("odd") + len(file.odd),
    ):
        quarantine.set_aside("journal", [json.dumps(each) for each in file.odd[:MOST_KEPT]])
        ignored = kinds.deal_with(file.events)
    if ignored or file.odd:
        logger.warning(
            "The journal's file %s: %s events that nobody deals with, %s that are none.",
            *(file.offset, ignored, len(file.odd)),
        )


def _pass_over(held: Held, entry: Entry, error: HubSpotError) -> None:
    """Move past a file that stays unreadable, and say so; before that, raise FileUnreadable."""
    if held.row.file_failures + 1 < TRIES:
        held.note(file_failures=F("file_failures") + 1)
        raise FileUnreadable(f"File {entry.offset} cannot be read: {error}") from error
    logger.error("The journal's file %s cannot be read and is passed over: %s", entry.offset, error)
    held.note(offset=entry.offset, file_failures=0, gaps=F("gaps") + 1, gap_at=timezone.now())


def _refused(held: Held, error: HubSpotError) -> None:
    """Without access there is no journal: say so once, and look again now and then."""
    if held.row.refused_at is None:
        logger.warning(
            "HubSpot does not let the app read the webhooks journal; uninstalls are noticed when it refuses to renew "
            "a token: %s",
            error,
        )
    since = held.row.refused_at or timezone.now()
    held.give_back(wait=REFUSED_PAUSE, failures=0, latest_error=str(error)[:500], refused_at=since)


def _failed(held: Held, error: Exception) -> None:
    failures = held.row.failures + 1
    wait = max(_pause(failures), _not_before(error))
    reason = f"{type(error).__name__}: {error}"[:500]
    logger.warning("The journal could not be read, %s times in a row, again in %s: %s", failures, wait, reason)
    held.give_back(wait=wait, failures=failures, latest_error=reason)


def _not_before(error: Exception) -> timedelta:
    retry_at = error.retry_at if isinstance(error, (HubSpotError, TryLater)) else None
    return retry_at - timezone.now() if retry_at else timedelta()


def _pause(failures: int) -> timedelta:
    """Doubling from a quarter of a minute up to five, with jitter."""
    ceiling = min(EVERY.total_seconds() * 2.0 ** min(failures - 1, 16), _LONGEST_PAUSE_S)
    return timedelta(seconds=random.uniform(ceiling / 2, ceiling))  # noqa: S311 - jitter
