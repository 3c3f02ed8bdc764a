"""The journals as a snapshot holds them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from emulator.journal.files import Journal, JournalFile, new_file
from emulator.journal.filters import Condition, Filter
from emulator.journal.journals import Journals
from emulator.journal.snapshots import Snapshot
from emulator.journal.subscriptions import Kind, Subscription, Wanted

Json = dict[str, Any]

_SETS = ("object_ids", "list_ids", "associated_object_type_ids")


def save_journals(journals: Journals) -> Json:
    registry = journals.registry
    saved = {client_id: _journal(each, journals.now()) for client_id, each in list(journals.all().items())}
    return {
        "secret": journals.secret.hex(),
        "latest_subscription": registry.latest_subscription,
        "latest_filter": registry.latest_filter,
        "subscriptions": [_subscription(each) for each in registry.all()],
        "snapshots": [asdict(each) for each in journals.snapshots.all()],
        # An empty one came of somebody's looking into it.
        "journals": {client_id: each for client_id, each in saved.items() if each["files"] or each["open"]},
    }


def _subscription(subscription: Subscription) -> Json:
    saved = asdict(subscription)
    saved["wanted"] |= {name: sorted(saved["wanted"][name]) for name in _SETS}
    return saved


def _journal(journal: Journal, now: int) -> Json:
    files, opened_at, entries = journal.contents(now)
    return {
        "files": [_file(each) for each in files],
        "opened_at": opened_at,
        "open": [[hub_id, text.decode()] for hub_id, text in entries],
    }


def _file(file: JournalFile) -> Json:
    return {
        "offset": file.offset,
        "published_at": file.published_at,
        "events": [[hub_id, text.decode()] for hub_id, text in file.entries],
    }


def load_journals(journals: Journals, saved: Json) -> None:
    """Raises KeyError, TypeError or ValueError when the snapshot is damaged."""
    registry = journals.registry
    journals.secret = bytes.fromhex(saved["secret"])
    registry.latest_subscription = int(saved["latest_subscription"])
    registry.latest_filter = int(saved["latest_filter"])
    registry.restore(_load_subscription(each) for each in saved["subscriptions"])
    for each in saved["snapshots"]:
        journals.snapshots.keep(Snapshot(**each))
    for client_id, each in saved["journals"].items():
        files = [_load_file(file) for file in each["files"]]
        journals.of(client_id).restore(files, int(each["opened_at"]), _entries(each["open"]))


def _entries(saved: list[list[Any]]) -> list[tuple[int, bytes]]:
    return [(int(hub_id), text.encode()) for hub_id, text in saved]


def _load_file(saved: Json) -> JournalFile:
    return new_file(_entries(saved["events"]), int(saved["published_at"]), saved["offset"])


def _load_subscription(saved: Json) -> Subscription:
    wanted = saved["wanted"]
    return Subscription(
        **{
            **saved,
            "wanted": Wanted(
                **{
                    **wanted,
                    "kind": Kind(wanted["kind"]),
                    "actions": tuple(wanted["actions"]),
                    "properties": tuple(wanted["properties"]),
                    **{name: frozenset(wanted[name]) for name in _SETS},
                }
            ),
            "filters": tuple(_load_filter(each) for each in saved["filters"]),
        }
    )


def _load_filter(saved: Json) -> Filter:
    conditions = [
        Condition(**{**each, "values": tuple(each["values"]) if each["values"] is not None else None})
        for each in saved["conditions"]
    ]
    return Filter(saved["id"], saved["created_at"], tuple(conditions))
