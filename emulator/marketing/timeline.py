"""Events in the order of time, read page by page from either end."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar


class Happening(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def at(self) -> int: ...


Event = TypeVar("Event", bound=Happening)
# What an event is ordered by: its time, then its id.
Place = tuple[int, str]


def place_of(event: Happening) -> Place:
    return event.at, event.id


class Timeline(Generic[Event]):
    """Read and changed under the portal's lock only."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def add(self, event: Event) -> None:
        if self._events and place_of(self._events[-1]) > place_of(event):
            insort(self._events, event, key=place_of)
        else:
            self._events.append(event)

    def latest(
        self,
        *,
        low: int = 0,
        high: int | None = None,
        behind: Place | None = None,
        wanted: Callable[[Event], bool] | None = None,
        most: int,
    ) -> tuple[list[Event], Place | None]:
        """Newest first, of those in [low, high]; and the place that the next page is behind."""
        stop = len(self._events) if high is None else bisect_right(self._events, high, key=_time)
        if behind is not None:
            stop = min(stop, bisect_left(self._events, behind, key=place_of))
        start = bisect_left(self._events, low, key=_time)
        return self._page(range(stop - 1, start - 1, -1), wanted, most)

    def earliest(
        self,
        *,
        low: int = 0,
        high: int | None = None,
        behind: Place | None = None,
        wanted: Callable[[Event], bool] | None = None,
        most: int,
    ) -> tuple[list[Event], Place | None]:
        """Oldest first."""
        start = bisect_left(self._events, low, key=_time)
        if behind is not None:
            start = max(start, bisect_right(self._events, behind, key=place_of))
        stop = len(self._events) if high is None else bisect_right(self._events, high, key=_time)
        return self._page(range(start, stop), wanted, most)

    def _page(
        self, positions: range, wanted: Callable[[Event], bool] | None, most: int
    ) -> tuple[list[Event], Place | None]:
        found: list[Event] = []
        for position in positions:
            event = self._events[position]
            if wanted is not None and not wanted(event):
                continue
            if len(found) == most:
                return found, place_of(found[-1])
            found.append(event)
        return found, None


def _time(event: Happening) -> int:
    return event.at
