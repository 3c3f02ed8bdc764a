"""What a stream of a program should bring: everything there is, or what changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from compat.hub import Json
from compat.truth import Known, Truth

# Of a key: the program knows the record as deleted.
DELETED = "/deleted"


class Again(StrEnum):
    """What a second sync brings."""

    EVERYTHING = "everything"
    # The same, and what has gone without a word stays: nobody tells of records that were merged away.
    PILED_UP = "piled up"
    # What changed, and once more what had changed last: the cursor is compared with "at or after".
    FROM_LATEST = "from latest"
    # What changed.
    AFTER_LATEST = "after latest"


@dataclass(frozen=True)
class Stream:
    known: Callable[[Truth], Known]
    # Tells the program's records apart as `known` does.
    key: Callable[[Json], str]
    again: Again = Again.FROM_LATEST
    # The stream whose cursor this one goes by, if not its own.
    paced_by: str | None = None
    # Where the cursor of a program stands that goes by time rather than by what it saw.
    cursor: Callable[[], int] | None = None


@dataclass(frozen=True)
class Row:
    """One stream of one sync, compared."""

    stream: str
    sync: str
    got: frozenset[str]
    wanted: frozenset[str]

    @property
    def ok(self) -> bool:
        return self.got == self.wanted

    def __str__(self) -> str:
        verdict = (
            "ok"
            if self.ok
            else f"WRONG, missing {_some(self.wanted - self.got)}, extra {_some(self.got - self.wanted)}"
        )
        return f"{self.stream:30} {self.sync:12} {len(self.got):6} of {len(self.wanted):6}  {verdict}"


def _some(ids: Iterable[str]) -> str:
    return str(sorted(ids)[:5])


Streams = dict[str, Stream]
Records = dict[str, list[Json]]
State = dict[str, Known]


def state_of(streams: Streams, truth: Truth) -> State:
    return {name: stream.known(truth) for name, stream in streams.items()}


def full(streams: Streams, records: Records, now: State) -> list[Row]:
    return [Row(name, "full", _keys(streams[name], records.get(name, [])), frozenset(now[name])) for name in streams]


def incremental(streams: Streams, records: Records, before: State, now: State) -> list[Row]:
    return [
        Row(name, "incremental", _keys(stream, records.get(name, [])), _wanted(name, stream, before, now))
        for name, stream in streams.items()
    ]


def _keys(stream: Stream, records: list[Json]) -> frozenset[str]:
    return frozenset(map(stream.key, records))


def _wanted(name: str, stream: Stream, before: State, now: State) -> frozenset[str]:
    if stream.again is Again.EVERYTHING:
        return frozenset(now[name])
    if stream.again is Again.PILED_UP:
        return frozenset(now[name]) | {key for key in before[name] if key + DELETED not in now[name]}
    latest = stream.cursor() if stream.cursor else max(before[stream.paced_by or name].values(), default=0)
    inclusive = stream.again is Again.FROM_LATEST
    return frozenset(key for key, at in now[name].items() if at > latest or (inclusive and at == latest))
