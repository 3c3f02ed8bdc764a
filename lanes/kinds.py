"""The kinds of lane there are. Rooms to the left register theirs; this room knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from installations.ratelimit import WorkClass

if TYPE_CHECKING:
    from .slices import Slice


@dataclass(frozen=True)
class LaneKind:
    """How one kind of lane works.

    `work` runs one slice and returns when it wants to be run again: a time, or None for "when signalled".
    `find_forgotten` returns ids of lanes that have work but no due time; the expected answer is none.
    """

    name: str
    work_class: WorkClass
    work: Callable[[Slice], datetime | None]
    find_forgotten: Callable[[], Iterable[int]] | None = None


class KindUnknown(Exception):
    """A lane's row names a kind that no room registered: an old row after a downgrade."""


_kinds: dict[str, LaneKind] = {}


def register(kind: LaneKind) -> None:
    """Make a kind known. Called once, from an app's ready()."""
    if kind.name in _kinds:
        raise ValueError(f"Lane kind {kind.name!r} is registered twice.")
    _kinds[kind.name] = kind


def kind_of(name: str) -> LaneKind:
    """Raises KindUnknown."""
    try:
        return _kinds[name]
    except KeyError:
        raise KindUnknown(f"No lane kind {name!r} is registered.") from None


def all_kinds() -> list[LaneKind]:
    return list(_kinds.values())
