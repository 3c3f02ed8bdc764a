"""The matches of the latest few queries of a portal."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from emulator.crm.records import Record

_KEPT = 4


class SearchCache:
    """Forgets everything at the first look after a change."""

    def __init__(self) -> None:
        self._version = -1
        self._found: dict[Hashable, Sequence[Record]] = {}

    def get(self, version: int, key: Hashable) -> Sequence[Record] | None:
        if version != self._version:
            self._found.clear()
            self._version = version
        return self._found.get(key)

    def put(self, key: Hashable, found: Sequence[Record]) -> None:
        """After a look that found nothing, and before any further change."""
        if len(self._found) >= _KEPT:
            del self._found[next(iter(self._found))]
        self._found[key] = found
