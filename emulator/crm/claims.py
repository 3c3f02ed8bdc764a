"""Unique values that the inputs of one batch want, before any of them is written."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.crm.object_types import ObjectType
from emulator.crm.store import Crm
from emulator.crm.writes import unique_keys
from emulator.errors import Conflict


class Claims:
    """The table knows what records hold; this knows what they will hold when the batch is through."""

    def __init__(self, crm: Crm, kind: ObjectType) -> None:
        self._crm = crm
        self._kind = kind
        self._taken: dict[tuple[str, str], int] = {}

    def take(self, values: Mapping[str, str], record_id: int) -> None:
        """Raises Conflict, with nothing taken, when an earlier input wants one of these."""
        wanted = unique_keys(self._crm, self._kind, values)
        for key in wanted:
            if self._taken.get(key, record_id) != record_id:
                raise Conflict(f"{self._kind.title} already exists. Existing ID: {self._taken[key]}")
        self._taken.update(dict.fromkeys(wanted, record_id))
