"""All lists of one portal."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from emulator.crm.changes import Change, MembershipChanged, Write
from emulator.crm.object_types import CONTACT, ObjectType
from emulator.crm.records import Source, Table
from emulator.crm.store import Crm
from emulator.errors import InvalidInput, ResourceNotFound
from emulator.instants import DAY_MS
from emulator.lists.errors import DuplicateListName, InvalidProcessingType, ListNameNotFound, ListNotFound
from emulator.lists.filters.branches import Criteria, criteria
from emulator.lists.filters.fields import InvalidFilter
from emulator.lists.folders import Folders
from emulator.lists.object_list import MANUAL, PROCESSING_TYPES, SNAPSHOT, Json, ObjectList

# Deleted lists can be restored for 90 days.
RETENTION_MS = 90 * DAY_MS
# Lists of contacts had other numbers in the first generation of the API.
LEGACY_OFFSET = 5_000


def number_of(text: str) -> int:
    """An id as it came; -1, which nothing has, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else -1


@dataclass(frozen=True)
class _MembersOf:
    """Who is on a list, as another list's filter sees it: a deleted list is empty."""

    found: ObjectList

    def __contains__(self, record_id: object) -> bool:
        return self.found.live and record_id in self.found.members


class Lists:
    """Read and changed under the portal's `crm.lock` only."""

    def __init__(self, crm: Crm) -> None:
        self.crm = crm
        self.by_id: dict[int, ObjectList] = {}
        self.folders = Folders()
        self.next_id = 1
        self._names: dict[str, int] = {}
        self._of_kind: dict[str, dict[int, ObjectList]] = {}
        self._dynamic: dict[int, ObjectList] = {}

    def __len__(self) -> int:
        return len(self._names)

    def table(self, kind: ObjectType) -> Table:
        """The records; none of a kind that the portal has no more."""
        found = self.crm.tables.get(kind.type_id)
        return found if found is not None else Table(kind, frozenset())

    # -- finding ---------------------------------------------------------------------------------------------------

    def live(self) -> Iterator[ObjectList]:
        return (each for each in self.by_id.values() if each.live)

    def of_kind(self, kind: ObjectType) -> Iterable[ObjectList]:
        """Those that are not deleted."""
        return self._of_kind.get(kind.type_id, {}).values()

    def dynamic(self) -> list[ObjectList]:
        """Those that HubSpot keeps up to date, and that are not deleted."""
        return list(self._dynamic.values())

    def find(self, text: str, *, deleted: bool = False) -> ObjectList:
        """Raises ListNotFound."""
        found = self.by_id.get(number_of(text))
        if found is None or not (found.live or deleted):
            raise ListNotFound(text)
        return found

    def named(self, kind: ObjectType, name: str) -> ObjectList:
        """Raises ListNameNotFound."""
        found = self.by_id.get(self._names.get(name.lower(), 0))
        if found is None or found.kind.type_id != kind.type_id:
            raise ListNameNotFound(name)
        return found

    def legacy_id(self, found: ObjectList) -> int:
        return found.list_id + LEGACY_OFFSET

    def from_legacy(self, text: str) -> ObjectList | None:
        found = self.by_id.get(number_of(text) - LEGACY_OFFSET)
        return found if found is not None and found.live and found.kind.type_id == CONTACT.type_id else None

    def references(self, found: ObjectList) -> int:
        return sum(found.list_id in each.criteria.lists for each in self._dynamic.values())

    # -- changing --------------------------------------------------------------------------------------------------

    def create(self, new: ObjectList, source: Source) -> ObjectList:
        """Raises InvalidInput."""
        self._check_name(new.name)
        self.folders.find(new.folder_id)
        if new.processing_type not in PROCESSING_TYPES:
            raise InvalidProcessingType(f"Invalid processing type {new.processing_type[:50]}.")
        if new.filter_branch is None and new.processing_type != MANUAL:
            raise InvalidInput(f"A filter branch is required for {new.processing_type} lists.")
        if new.filter_branch is not None:
            if new.processing_type == MANUAL:
                raise InvalidInput("A MANUAL list cannot have a filter branch.")
            new.criteria = self._criteria(new, new.filter_branch)
        new.list_id = self.next_id
        self.next_id += 1
        self.add(new)
        self.announce(self.evaluate(new, self.crm.stamp()), source)
        return new

    def add(self, new: ObjectList) -> None:
        """As it is, telling nobody."""
        self.by_id[new.list_id] = new
        if new.live:
            self._names[new.name.lower()] = new.list_id
            self._of_kind.setdefault(new.kind.type_id, {})[new.list_id] = new
            if new.dynamic:
                self._dynamic[new.list_id] = new

    def load_criteria(self, found: ObjectList) -> None:
        """Of a list that was loaded; once all lists that it may look at are there.

        Its filters may name what is not there any more: then it keeps the members that it has.
        """
        if found.filter_branch is None:
            return
        try:
            found.criteria = self._criteria(found, found.filter_branch)
        except InvalidFilter:
            found.criteria = Criteria(lambda record: record.id in found.members)

    def _check_name(self, name: str) -> None:
        if not name.strip():
            raise InvalidInput("The name of a list cannot be blank.")
        if name.lower() in self._names:
            raise DuplicateListName(name)

    def _criteria(self, of: ObjectList, branch: Json) -> Criteria:
        found = criteria(self.crm, of.kind, self._members_of, branch)
        if of.list_id in self._looked_at(found.lists):
            raise InvalidFilter("a list cannot depend on itself")
        return found

    def _members_of(self, list_id: int, kind: ObjectType) -> Container[int]:
        found = self.by_id.get(list_id)
        if found is None or found.kind.type_id != kind.type_id:
            raise InvalidFilter(f"there is no list {list_id} of {kind.plural}")
        return _MembersOf(found)

    def _looked_at(self, first: set[int]) -> set[int]:
        """These lists and all that their filters lead to."""
        seen: set[int] = set()
        open_ = list(first)
        while open_:
            list_id = open_.pop()
            if list_id not in seen:
                seen.add(list_id)
                open_ += self.by_id[list_id].criteria.lists
        return seen

    def rename(self, found: ObjectList, name: str, user_id: int | None) -> None:
        """Raises DuplicateListName."""
        if name.lower() != found.name.lower():
            self._check_name(name)
        del self._names[found.name.lower()]
        self._names[name.lower()] = found.list_id
        found.name = name
        found.touch(self.crm.stamp(), user_id)

    def refilter(self, found: ObjectList, branch: Json, user_id: int | None, source: Source) -> None:
        """Raises InvalidProcessingType and InvalidFilter."""
        if not found.dynamic:
            raise InvalidProcessingType(f"The filters of a {found.processing_type} list cannot be updated.")
        found.criteria = self._criteria(found, branch)
        found.filter_branch = branch
        at = self.crm.stamp()
        found.version += 1
        found.filters_updated_at = at
        found.touch(at, user_id)
        self.announce(self.evaluate(found, at), source)

    def make_static(self, found: ObjectList, at: int) -> None:
        """Its members stay, and stay as they are."""
        found.processing_type, found.converted_at = SNAPSHOT, at
        found.touch(at, None)
        self._dynamic.pop(found.list_id, None)

    def delete(self, found: ObjectList, user_id: int | None, source: Source) -> None:
        at = self.crm.stamp()
        del self._names[found.name.lower()]
        del self._of_kind[found.kind.type_id][found.list_id]
        self._dynamic.pop(found.list_id, None)
        found.deleted_at = at
        found.touch(at, user_id)
        self._tell_dependents(found, source)

    def restore(self, found: ObjectList, user_id: int | None, source: Source) -> None:
        """Records that went meanwhile are not put back. Raises DuplicateListName."""
        if found.live:
            return
        self._check_name(found.name)
        at = self.crm.stamp()
        found.deleted_at = None
        found.touch(at, user_id)
        self.add(found)
        table = self.table(found.kind)
        gone = [record_id for record_id in found.members if table.live_record(record_id) is None]
        changes = self.move(found, (), gone, at)
        self.announce(changes + (self.evaluate(found, at) if found.dynamic else ()), source)
        self._tell_dependents(found, source)

    def _tell_dependents(self, found: ObjectList, source: Source) -> None:
        for each in self.dynamic():
            if found.list_id in each.criteria.lists:
                self.announce(self.evaluate(each, self.crm.stamp()), source)

    def purge_deleted(self) -> None:
        limit = self.crm.clock.now_ms() - RETENTION_MS
        for each in list(self.by_id.values()):
            # One that another list's filters still name is kept for their sake.
            if each.deleted_at is not None and each.deleted_at <= limit and not self.references(each):
                del self.by_id[each.list_id]

    # -- members ---------------------------------------------------------------------------------------------------

    def evaluate(self, found: ObjectList, at: int) -> tuple[Change, ...]:
        """Look at every record anew."""
        if found.filter_branch is None:
            return ()
        table, accepts = self.table(found.kind), found.criteria.accepts
        wanted = {record_id for record_id in table.live if accepts(table.records[record_id])}
        joining = sorted(record_id for record_id in wanted if record_id not in found.members)
        leaving = [record_id for record_id in found.members if record_id not in wanted][::-1]
        return self.move(found, joining, leaving, at)

    def move(self, found: ObjectList, joining: Iterable[int], leaving: Iterable[int], at: int) -> tuple[Change, ...]:
        """Put records on the list and take others off it; those that were there or were not are passed over."""
        taken = [MembershipChanged(found.kind, found.list_id, each, False) for each in leaving if found.take(each, at)]
        put = [MembershipChanged(found.kind, found.list_id, each, True) for each in joining if found.put(each, at)]
        return (*taken, *put)

    def announce(self, changes: tuple[Change, ...], source: Source) -> None:
        if changes:
            self.crm.announce(Write(self.crm.stamp(), source, changes))

    def find_static(self, text: str) -> ObjectList:
        """A list whose members can be put on it by hand. Raises ListNotFound and InvalidProcessingType."""
        found = self.find(text)
        if found.dynamic:
            raise InvalidProcessingType("The memberships of a DYNAMIC list cannot be changed by hand.")
        return found

    def record(self, kind: ObjectType, text: str) -> int:
        """Raises ResourceNotFound."""
        number = self.table(kind).resolve(number_of(text))
        if self.table(kind).live_record(number) is None:
            raise ResourceNotFound
        return number
