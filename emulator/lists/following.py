"""What a write to records does to lists: dynamic ones take records in and let them go, all lose what is deleted.

What a dynamic list's filters look at besides the record itself is followed too: associated records, and lists.
"""

from __future__ import annotations

from collections.abc import Iterable

from emulator.crm.changes import (
    Associated,
    Change,
    Created,
    Deleted,
    MembershipChanged,
    Merged,
    PrivacyDeleted,
    PropertyChanged,
    RecordChange,
    Restored,
    Write,
)
from emulator.crm.object_types import ObjectType
from emulator.crm.records import Source
from emulator.lists.conversions import convert_due
from emulator.lists.object_list import ObjectList
from emulator.lists.registry import Lists

_BY_TIME = Source("INTERNAL_PROCESSING", "lists")


class Following:
    def __init__(self, lists: Lists) -> None:
        self._lists = lists

    def follow(self, write: Write) -> tuple[Change, ...]:
        """Costs nothing in a portal without lists."""
        if not len(self._lists):
            return ()
        facts: list[Change] = []
        watching = [each for each in self._lists.dynamic() if each.criteria.lists]
        # A record is looked at once, however many of its properties changed.
        for change in dict.fromkeys(map(_blurred, write.changes)):
            if not isinstance(change, MembershipChanged):
                facts += self._follow(change, write.at)
            elif watching:
                facts += self._after_membership(change, watching, write.at)
        return tuple(facts)

    def _follow(self, change: RecordChange, at: int) -> Iterable[Change]:
        match change:
            case Created(kind=kind, record_id=record_id) | Restored(kind=kind, record_id=record_id):
                return self._look(kind, [record_id], at)
            case Deleted(kind=kind, record_id=record_id) | PrivacyDeleted(kind=kind, record_id=record_id):
                return [*self._leave_all(kind, record_id, at), *self._without(kind, record_id, at)]
            case Merged():
                return self._merged(change, at)
            case Associated():
                return self._evaluate(change.type.from_type, [change.from_id], at)
            case PropertyChanged(kind=kind, record_id=record_id):
                return self._look(kind, [record_id], at)

    def _look(self, kind: ObjectType, record_ids: Iterable[int], at: int) -> list[Change]:
        """At the records, and at those whose lists look at them as associated ones."""
        ids = list(record_ids)
        facts = self._evaluate(kind, ids, at)
        for each in self._lists.dynamic():
            if kind.type_id in each.criteria.partners:
                for record_id in ids:
                    facts += self._test(each, list(self._lists.crm.links.targets(kind, record_id, each.kind)), at)
        return facts

    def _evaluate(self, kind: ObjectType, record_ids: Iterable[int], at: int) -> list[Change]:
        ids = list(record_ids)
        dynamic = [each for each in self._lists.of_kind(kind) if each.dynamic]
        return [fact for each in dynamic for fact in self._test(each, ids, at)]

    def _test(self, found: ObjectList, record_ids: Iterable[int], at: int) -> tuple[Change, ...]:
        table = self._lists.table(found.kind)
        joining: list[int] = []
        leaving: list[int] = []
        for record_id in record_ids:
            record = table.live_record(record_id)
            accepted = record is not None and found.criteria.accepts(record)
            (joining if accepted else leaving).append(record_id)
        return self._lists.move(found, joining, leaving, at)

    def _leave_all(self, kind: ObjectType, record_id: int, at: int) -> list[Change]:
        return [fact for each in self._lists.of_kind(kind) for fact in self._lists.move(each, (), [record_id], at)]

    def _without(self, kind: ObjectType, record_id: int, at: int) -> list[Change]:
        """Lists that looked at it as an associated record. With whom it was is not known if it is gone for good."""
        if record_id in self._lists.table(kind).records:
            return self._look(kind, [record_id], at)
        return [
            fact
            for each in self._lists.dynamic()
            if kind.type_id in each.criteria.partners
            for fact in self._lists.evaluate(each, at)
        ]

    def _merged(self, change: Merged, at: int) -> list[Change]:
        """The new record takes the places of both on lists that are kept by hand."""
        facts: list[Change] = []
        for each in self._lists.of_kind(change.kind):
            if change.primary_id in each.members or change.merged_id in each.members:
                joining = () if each.dynamic else (change.new_id,)
                facts += self._lists.move(each, joining, (change.primary_id, change.merged_id), at)
        return [*facts, *self._look(change.kind, [change.new_id], at)]

    def _after_membership(self, change: MembershipChanged, watching: list[ObjectList], at: int) -> list[Change]:
        facts: list[Change] = []
        for each in watching:
            if change.list_id not in each.criteria.lists:
                continue
            ids = [change.record_id] if each.kind.type_id == change.kind.type_id else []
            if change.kind.type_id in each.criteria.partners:
                ids += self._lists.crm.links.targets(change.kind, change.record_id, each.kind)
            facts += self._test(each, ids, at)
        return facts

    def time_passed(self) -> None:
        """Filters may look at the clock."""
        self._lists.purge_deleted()
        convert_due(self._lists)
        for each in self._lists.dynamic():
            if each.criteria.timed:
                self._lists.announce(self._lists.evaluate(each, self._lists.crm.clock.now_ms()), _BY_TIME)


def _blurred(change: Change) -> Change:
    """Which property changed does not matter here."""
    return PropertyChanged(change.kind, change.record_id, "", "") if isinstance(change, PropertyChanged) else change
