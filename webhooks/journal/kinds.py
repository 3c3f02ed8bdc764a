"""Which kinds of entry somebody here deals with. Others are counted and passed over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hubspot_api.journal_events import JournalEvent

# Called with a file's events of one kind, in order, inside the transaction that also moves the reader on: what it
# writes happens once. It calls nobody; what needs HubSpot opens a lane. Events may be old, repeated, out of order.
Take = Callable[[Sequence[JournalEvent]], None]

_takers: dict[str, Take] = {}


def register(kind: str, take: Take) -> None:
    """Make `take` deal with one kind of event (`JournalEvent.kind`). Called once, from an app's ready()."""
    if kind in _takers:
        raise ValueError(f"The journal's events of kind {kind!r} are dealt with already.")
    _takers[kind] = take


def deal_with(events: Sequence[JournalEvent]) -> int:
    """Hand events to those who deal with them; return how many nobody does."""
    for kind, take in _takers.items():
        if ours := [event for event in events if event.kind == kind]:
            take(ours)
    return sum(event.kind not in _takers for event in events)
