"""What a record is associated with, page by page. Archived partners are hidden until they are restored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from emulator.crm.association_types import AssociationType
from emulator.crm.object_types import ObjectType
from emulator.crm.store import Crm


class Partner(NamedTuple):
    record_id: int
    types: tuple[AssociationType, ...]

    def specs(self) -> list[dict[str, object]]:
        return [type_.spec() for type_ in self.types]


def page(
    crm: Crm, from_type: ObjectType, from_id: int, to_type: ObjectType, after: int, limit: int
) -> tuple[list[Partner], int | None]:
    """Partners in id order from `after` on, and the id that the next page begins with."""
    found: list[Partner] = []
    for partner in _live(crm, from_type, from_id, to_type, after):
        if len(found) == limit:
            return found, partner.record_id
        found.append(partner)
    return found, None


def _live(crm: Crm, from_type: ObjectType, from_id: int, to_type: ObjectType, after: int) -> Iterator[Partner]:
    targets = crm.links.targets(from_type, from_id, to_type)
    table = crm.table(to_type)
    for to_id in crm.links.from_index(from_type, from_id, to_type, after):
        if table.live_record(to_id) is not None:
            yield Partner(to_id, tuple(crm.association_types[key] for key in targets[to_id]))


def rows(
    crm: Crm, from_type: ObjectType, from_id: int, to_type: ObjectType, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """The older shape: one row per association type, so that the same id repeats.

    A partner's rows stay together, so a page may hold a row more than `limit`.
    developers.hubspot.com/changelog/announcing-a-change-to-how-v3-crm-apis-return-association-data
    """
    found: list[dict[str, Any]] = []
    for partner in _live(crm, from_type, from_id, to_type, after):
        if len(found) >= limit:
            return found, partner.record_id
        found += [{"id": str(partner.record_id), "type": type_.name} for type_ in partner.types]
    return found, None
