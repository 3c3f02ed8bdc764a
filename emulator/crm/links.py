"""Associations of one portal, stored from both sides."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from emulator.crm.association_types import AssociationType, AssociationTypes
from emulator.crm.changes import Associated
from emulator.crm.object_types import ObjectType

# What one record is linked to on one side: the other's id, and the keys of the association types.
Targets = dict[int, tuple[int, ...]]

# Beyond this many, the sorted ids of a record's partners are kept between pages.
_KEEP_ORDER_FROM = 200


class Links:
    """Read and changed under the portal's lock only."""

    def __init__(self, types: AssociationTypes) -> None:
        self.types = types
        self._sides: dict[tuple[str, str], dict[int, Targets]] = {}
        self._orders: dict[tuple[str, str, int], list[int]] = {}
        self._type_sets: dict[tuple[int, ...], tuple[int, ...]] = {}
        self.count = 0

    def targets(self, from_type: ObjectType, from_id: int, to_type: ObjectType) -> Mapping[int, tuple[int, ...]]:
        return self._sides.get((from_type.type_id, to_type.type_id), {}).get(from_id, {})

    def from_index(self, from_type: ObjectType, from_id: int, to_type: ObjectType, after: int) -> Iterator[int]:
        """The partners' ids in ascending order, from `after` on."""
        order = self._order(from_type, from_id, to_type)
        for position in range(bisect_left(order, after), len(order)):
            yield order[position]

    def _order(self, from_type: ObjectType, from_id: int, to_type: ObjectType) -> list[int]:
        targets = self.targets(from_type, from_id, to_type)
        if len(targets) < _KEEP_ORDER_FROM:
            return sorted(targets)
        key = (from_type.type_id, to_type.type_id, from_id)
        order = self._orders.get(key)
        if order is None:
            order = self._orders[key] = sorted(targets)
        return order

    def add(self, kind: AssociationType, from_id: int, to_id: int) -> list[Associated]:
        """Associate, with the plain type beside a label, and tell what became true on either side."""
        facts: list[Associated] = []
        if kind.primary:
            facts += self._displace_primary(kind, from_id, to_id)
        plain = self.types.plain(kind.from_type, kind.to_type)
        for each in dict.fromkeys((plain or kind, kind)):
            facts += self._add_both(each, from_id, to_id)
        return facts

    def _displace_primary(self, kind: AssociationType, from_id: int, to_id: int) -> list[Associated]:
        if not kind.exclusive:
            kind, from_id, to_id = self.types.inverse(kind), to_id, from_id
        holders = [
            other
            for other, types in self.targets(kind.from_type, from_id, kind.to_type).items()
            if kind.key in types and other != to_id
        ]
        return [fact for other in holders for fact in self._remove_both(kind, from_id, other)]

    def _add_both(self, kind: AssociationType, from_id: int, to_id: int) -> list[Associated]:
        if kind.key in self.targets(kind.from_type, from_id, kind.to_type).get(to_id, ()):
            return []
        back = self.types.inverse(kind)
        self._put(kind, from_id, to_id)
        self._put(back, to_id, from_id)
        return self._both_sides(kind, from_id, to_id, removed=False)

    def _put(self, kind: AssociationType, from_id: int, to_id: int) -> None:
        side = self._sides.setdefault((kind.from_type.type_id, kind.to_type.type_id), {})
        targets = side.setdefault(from_id, {})
        types = targets.get(to_id)
        if types is None:
            self.count += 1
            self._orders.pop((kind.from_type.type_id, kind.to_type.type_id, from_id), None)
            types = ()
        if kind.key not in types:
            wanted = tuple(sorted((*types, kind.key)))
            targets[to_id] = self._type_sets.setdefault(wanted, wanted)

    def remove(self, kind: AssociationType, from_id: int, to_id: int) -> list[Associated]:
        """Take one type away. Taking the plain type away takes all labels too."""
        if kind.label is None:
            return self.remove_all(kind.from_type, from_id, kind.to_type, to_id)
        return self._remove_both(kind, from_id, to_id)

    def remove_all(self, from_type: ObjectType, from_id: int, to_type: ObjectType, to_id: int) -> list[Associated]:
        types = self.targets(from_type, from_id, to_type).get(to_id, ())
        return [fact for key in types for fact in self._remove_both(self.types[key], from_id, to_id)]

    def _remove_both(self, kind: AssociationType, from_id: int, to_id: int) -> list[Associated]:
        if kind.key not in self.targets(kind.from_type, from_id, kind.to_type).get(to_id, ()):
            return []
        self._take(kind, from_id, to_id)
        self._take(self.types.inverse(kind), to_id, from_id)
        return self._both_sides(kind, from_id, to_id, removed=True)

    def _take(self, kind: AssociationType, from_id: int, to_id: int) -> None:
        side = self._sides[(kind.from_type.type_id, kind.to_type.type_id)]
        targets = side.get(from_id, {})
        left = tuple(key for key in targets.get(to_id, ()) if key != kind.key)
        if left:
            targets[to_id] = self._type_sets.setdefault(left, left)
        elif to_id in targets:
            del targets[to_id]
            self.count -= 1
            self._orders.pop((kind.from_type.type_id, kind.to_type.type_id, from_id), None)
            if not targets:
                del side[from_id]

    def of_record(self, kind: ObjectType, record_id: int) -> list[tuple[AssociationType, int]]:
        """All that a record is associated with, to any kind."""
        return [
            (self.types[key], to_id)
            for (from_type, _), side in self._sides.items()
            if from_type == kind.type_id
            for to_id, types in side.get(record_id, {}).items()
            for key in types
        ]

    def forget(self, kind: ObjectType, record_id: int) -> list[Associated]:
        return [
            fact
            for each, to_id in self.of_record(kind, record_id)
            for fact in self._remove_both(each, record_id, to_id)
        ]

    def put_unchecked(self, kind: AssociationType, from_id: int, to_id: int) -> None:
        """For seeds and snapshots: both sides, nothing derived, nobody told."""
        self._put(kind, from_id, to_id)
        self._put(self.types.inverse(kind), to_id, from_id)

    def rows(self) -> Iterator[tuple[int, int, int]]:
        """Every association type once per pair: (key, from, to)."""
        for side in self._sides.values():
            for from_id, targets in side.items():
                for to_id, types in targets.items():
                    yield from ((key, from_id, to_id) for key in types if self._speaks(key, from_id, to_id))

    def _speaks(self, key: int, from_id: int, to_id: int) -> bool:
        """Of the two directions of an association, whether this is the one that a snapshot writes down."""
        type_ = self.types[key]
        return type_.type_id < type_.inverse_id or (type_.type_id == type_.inverse_id and from_id < to_id)

    def _both_sides(self, kind: AssociationType, from_id: int, to_id: int, *, removed: bool) -> list[Associated]:
        return [
            Associated(kind, from_id, to_id, removed),
            Associated(self.types.inverse(kind), to_id, from_id, removed),
        ]

    def uses(self, type_: AssociationType) -> bool:
        """Whether any two records are associated like this."""
        side = self._sides.get((type_.from_type.type_id, type_.to_type.type_id), {})
        return any(type_.key in types for targets in side.values() for types in targets.values())
