"""From which index a group of filters gets its candidates: the smallest of those that cover it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emulator.crm.object_types import ObjectType
from emulator.crm.records import Table
from emulator.crm.search.request import ASSOCIATIONS, Filter
from emulator.crm.store import Crm
from emulator.errors import InvalidInput
from emulator.ids import id_of
from emulator.instants import parse_instant


@dataclass
class Bounds:
    """An inclusive range of whole numbers; None is open."""

    low: int | None = None
    high: int | None = None

    def narrow(self, low: int | None, high: int | None) -> None:
        if low is not None:
            self.low = low if self.low is None else max(self.low, low)
        if high is not None:
            self.high = high if self.high is None else min(self.high, high)

    @property
    def open(self) -> bool:
        return self.low is None and self.high is None


def range_of(wanted: Filter, numbers: tuple[int, int]) -> tuple[int | None, int | None] | None:
    """The range that a comparison leaves, or None if it leaves no range."""
    low, high = numbers
    match wanted.operator:
        case "EQ":
            return low, low
        case "GT":
            return low + 1, None
        case "GTE":
            return low, None
        case "LT":
            return None, low - 1
        case "LTE":
            return None, low
        case "BETWEEN":
            return low, high
    return None


def numbers_of(wanted: Filter, *, instants: bool) -> tuple[int, int]:
    """Raises InvalidInput when the values are not what the property holds."""
    read = parse_instant if instants else _whole
    try:
        low = read(wanted.value)
        return low, read(wanted.high) if wanted.high else low
    except (ValueError, OverflowError):
        raise InvalidInput(f"Invalid value {wanted.value[:50]} for property {wanted.name}") from None


def _whole(text: str) -> int:
    return int(float(text)) if "." in text or "e" in text.lower() else int(text)


def candidates(crm: Crm, kind: ObjectType, groups: Sequence[Sequence[Filter]]) -> Sequence[int]:
    """Ids of live records, ascending, of which every match is one."""
    table = crm.table(kind)
    if not groups:
        return table.live
    if len(groups) == 1:
        return _of_group(crm, kind, groups[0])
    found: set[int] = set()
    for group in groups:
        ids = _of_group(crm, kind, group)
        if ids is table.live:
            return table.live
        found.update(ids)
    return sorted(found)


def _of_group(crm: Crm, kind: ObjectType, group: Sequence[Filter]) -> Sequence[int]:
    table = crm.table(kind)
    few = [ids for each in group if (ids := _exact(crm, kind, each)) is not None]
    if few:
        return _live(table, min(few, key=len))
    by_id, modified = bounds(kind, group)
    start = bisect_left(table.live, by_id.low) if by_id.low is not None else 0
    stop = bisect_right(table.live, by_id.high) if by_id.high is not None else len(table.live)
    first, last = table.modified.span(modified.low, modified.high)
    if not modified.open and last - first < stop - start:
        return _live(table, table.modified.between(modified.low, modified.high))
    return table.live if by_id.open else table.live[start:stop]


def _live(table: Table, ids: list[int]) -> list[int]:
    return sorted({record_id for record_id in ids if table.live_record(record_id) is not None})


def bounds(kind: ObjectType, group: Sequence[Filter]) -> tuple[Bounds, Bounds]:
    """What a group's filters on the id and on the last-modified time leave."""
    ids, modified = Bounds(), Bounds()
    for wanted in group:
        narrowed = {"hs_object_id": ids, kind.modified_property: modified}.get(wanted.name)
        if narrowed is None or not wanted.value:
            continue
        numbers = numbers_of(wanted, instants=narrowed is modified)
        if (left := range_of(wanted, numbers)) is not None:
            narrowed.narrow(*left)
    return ids, modified


def _exact(crm: Crm, kind: ObjectType, wanted: Filter) -> list[int] | None:
    """The few ids that an exact filter can match; None if no index tells."""
    table = crm.table(kind)
    if wanted.name.startswith(ASSOCIATIONS):
        return list(partners_of(crm, kind, wanted))
    given = {"EQ": (wanted.value,), "IN": wanted.values}.get(wanted.operator)
    if given is None:
        return None
    if wanted.name == "hs_object_id":
        return [number for text in given if (number := id_of(text)) is not None]
    if wanted.name in table.unique:
        found = (table.holder(wanted.name, text) for text in given)
        return [number for number in found if number is not None]
    return None


def partners_of(crm: Crm, kind: ObjectType, wanted: Filter) -> Mapping[int, object]:
    """Records associated with the one that `associations.{kind}` names, by id.

    Raises InvalidInput: records of custom objects cannot be named.
    """
    partner = crm.object_type(wanted.name.removeprefix(ASSOCIATIONS))
    if partner.custom:
        raise InvalidInput(f"Filtering on associations with {partner.plural} is not supported")
    return crm.links.targets(partner, id_of(wanted.value) or -1, kind)
