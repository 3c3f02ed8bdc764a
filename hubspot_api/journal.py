"""The webhooks journal: everything that happened, in files that are read in order and kept for three days.

    app = Client(AppTokens(oauth, journal.SCOPES))
    for event in journal.events(app, after=stored):
        handle(event)
        stored = event.resume_after

What is written into it is up to `journal_subscriptions`. Calls take the app's own token, of no account, and draw on
none of an account's allowances but on the app's: 100 reads of the journal a second, 50 calls about subscriptions, 10
snapshots.

Source: HubSpot's page "Webhooks journal: journal entries".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hubspot_api.answers import Answer, error_details
from hubspot_api.client import Client
from hubspot_api.errors import ResponseInvalid
from hubspot_api.fields import Fields
from hubspot_api.journal_events import JournalEvent, read_event
from hubspot_api.ports import Bucket
from hubspot_api.presigned import fetch_json
from hubspot_api.said import ErrorDetail
from hubspot_api.secret import Secret

SCOPES = tuple(
    f"developer.webhooks_journal.{name}"
    for name in ("read", "subscriptions.read", "subscriptions.write", "snapshots.read", "snapshots.write")
)
MOST_ENTRIES = 100  # of one call

_JOURNAL = "/webhooks-journal/journal/{version}"
_FILE = "journal file"  # stands for its address in errors and records


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a file of the journal is. Its `url` is good until `expires_at`, for whoever has it."""

    offset: str
    url: Secret
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class EntryBatch:
    """Some entries in order; `errors` says which offsets could not be had."""

    results: tuple[Entry, ...]
    errors: tuple[ErrorDetail, ...]


@dataclass(frozen=True, slots=True)
class JournalFile:
    """A file: up to 10,000 events, maybe none. Reading goes on after `offset`.

    `odd` is what stood between the events and is none, or lacks what every event has, as HubSpot sent it.
    """

    offset: str
    published_at: datetime
    events: tuple[JournalEvent, ...]
    odd: tuple[object, ...] = field(default=(), repr=False)


def earliest(client: Client, *, hub_id: int | None = None) -> Entry | None:
    """Return the oldest entry there is, None when there is none. `hub_id`: only what is about that account."""
    return _entry(client, _JOURNAL + "/earliest", {}, hub_id)


def latest(client: Client, *, hub_id: int | None = None) -> Entry | None:
    """Return the newest entry, None when there is none."""
    return _entry(client, _JOURNAL + "/latest", {}, hub_id)


def following(client: Client, offset: str, *, hub_id: int | None = None) -> Entry | None:
    """Return the entry after `offset`, None at the end. Raises NotFound when `offset` is older than three days.

    At the end HubSpot has been seen to answer 204; its pages are silent. The same entry again would be no news either.
    """
    entry = _entry(client, _JOURNAL + "/offset/{offset}/next", {"offset": offset}, hub_id)
    return None if entry is not None and entry.offset == offset else entry


def earliest_many(client: Client, count: int = MOST_ENTRIES, *, hub_id: int | None = None) -> EntryBatch:
    """Return the oldest entries, none at all when there are none."""
    return _entries(client, _JOURNAL + "/batch/earliest/{count}", {"count": count}, hub_id)


def latest_many(client: Client, count: int = MOST_ENTRIES, *, hub_id: int | None = None) -> EntryBatch:
    """Return the newest entries."""
    return _entries(client, _JOURNAL + "/batch/latest/{count}", {"count": count}, hub_id)


def following_many(client: Client, offset: str, count: int = MOST_ENTRIES, *, hub_id: int | None = None) -> EntryBatch:
    """Return the entries after `offset`, none at the end. Raises NotFound as `following` does."""
    values: dict[str, str | int] = {"offset": offset, "count": count}
    return _entries(client, _JOURNAL + "/batch/{offset}/next/{count}", values, hub_id)


def find(client: Client, offsets: Sequence[str]) -> EntryBatch:
    """Return entries by their offsets, a hundred at most; those that are gone are named in `errors`."""
    answer = client.request(
        "POST", _JOURNAL + "/batch/read", json={"inputs": list(offsets)}, bucket=Bucket.JOURNAL, idempotent=True
    )
    return _batch(answer)


def read_file(client: Client, entry: Entry) -> JournalFile:
    """Read what an entry points to.

    Raises AddressExpired after `entry.expires_at` (find the entry again), NotFound when the file is gone.
    """
    fields = fetch_json(client, entry.url, _FILE).fields
    if fields.text("offset") != entry.offset:
        raise ResponseInvalid("$.offset should be the entry's, is another", fields.call)
    return JournalFile(entry.offset, fields.moment("publishedAt"), *fields.each_readable("journalEvents", read_event))


def files(client: Client, after: str | None = None, *, hub_id: int | None = None) -> Iterator[JournalFile]:
    """Yield the files after an offset (None: all there are), up to the end. Each is asked for when its turn comes.

    Raises NotFound when `after` is older than three days: what happened since may be lost, so read the records anew
    and begin with None.
    """
    while True:
        entry = following(client, after, hub_id=hub_id) if after else earliest(client, hub_id=hub_id)
        if entry is None:
            return
        yield read_file(client, entry)
        after = entry.offset


def events(client: Client, after: str | None = None, *, hub_id: int | None = None) -> Iterator[JournalEvent]:
    """Yield the events after an offset (None: all there are), up to the end.

    Store `resume_after` of each once it is dealt with: to begin there loses none, and repeats what came before it in
    the same file. Raises what `files` raises.
    """
    for file in files(client, after, hub_id=hub_id):
        for event in file.events[:-1]:
            yield replace(event, resume_after=after)
        for event in file.events[-1:]:
            yield replace(event, resume_after=file.offset)
        after = file.offset


def _entry(client: Client, path: str, values: dict[str, str | int], hub_id: int | None) -> Entry | None:
    answer = _ask(client, path, values, hub_id)
    return None if answer.status == 204 else _read_entry(answer.fields)


def _entries(client: Client, path: str, values: dict[str, str | int], hub_id: int | None) -> EntryBatch:
    return _batch(_ask(client, path, values, hub_id))


def _ask(client: Client, path: str, values: dict[str, str | int], hub_id: int | None) -> Answer:
    params = {"installPortalId": hub_id}
    return client.request("GET", path, path_params=values, params=params, bucket=Bucket.JOURNAL)


def _batch(answer: Answer) -> EntryBatch:
    fields = answer.fields
    return EntryBatch(fields.each("results", _read_entry), error_details(fields.values.get("errors")))


def _read_entry(fields: Fields) -> Entry:
    offset = fields.text("currentOffset")
    if not offset:
        raise ResponseInvalid(f"{fields.path}.currentOffset should name an entry, is empty", fields.call)
    return Entry(offset, Secret(fields.text("url")), fields.moment("expiresAt"))
