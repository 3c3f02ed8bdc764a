"""Branches: what a record must pass, all or any of it, and what its associated records must."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from emulator.crm.association_types import HUBSPOT_DEFINED, key_of
from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.errors import UnknownObjectType
from emulator.lists.filters.fields import InvalidFilter, Json, choice, rows, text, truth, unsupported, whole
from emulator.lists.filters.properties import Predicate, condition

_DEEPEST = 20
_IN_LIST = ("IN_LIST", "NOT_IN_LIST")
_GROUPS: dict[str, Callable[[Sequence[Predicate], Record], bool]] = {
    "AND": lambda tests, record: all(test(record) for test in tests),
    "OR": lambda tests, record: any(test(record) for test in tests),
    "NOT_ALL": lambda tests, record: not all(test(record) for test in tests),
    "NOT_ANY": lambda tests, record: not any(test(record) for test in tests),
}


class MembersOf(Protocol):
    def __call__(self, list_id: int, kind: ObjectType) -> Container[int]:
        """Who is on the list. Raises InvalidFilter for one that is not there or holds another kind."""


@dataclass
class Criteria:
    """A list's filters, ready for use, and what else than the record itself they look at."""

    accepts: Predicate = lambda _record: False
    lists: set[int] = field(default_factory=set)
    partners: dict[str, ObjectType] = field(default_factory=dict)
    timed: bool = False


def criteria(crm: Crm, kind: ObjectType, members_of: MembersOf, branch: object) -> Criteria:
    """The root is an OR of ANDs, as HubSpot insists.

    Raises InvalidFilter.
    """
    if not isinstance(branch, dict):
        raise InvalidFilter("filterBranch must be an object")
    branches = rows(branch, "filterBranches")
    if text(branch, "filterBranchType") != "OR" or rows(branch, "filters"):
        raise InvalidFilter("the root filter branch must be an OR branch without filters")
    if not branches or any(each.get("filterBranchType") != "AND" for each in branches):
        raise InvalidFilter("the root filter branch must hold one or more AND branches, and nothing else")
    reader = _Reader(crm, members_of)
    reader.found.accepts = reader.branch(kind, branch, 0)
    return reader.found


class _Reader:
    def __init__(self, crm: Crm, members_of: MembersOf) -> None:
        self._crm = crm
        self._members_of = members_of
        self.found = Criteria()

    def branch(self, kind: ObjectType, given: Json, depth: int) -> Predicate:
        if depth > _DEEPEST:
            raise InvalidFilter("branches are nested too deep")
        type_ = text(given, "filterBranchType")
        if type_ == "ASSOCIATION":
            return self._associated(kind, given, depth)
        if type_ not in _GROUPS:
            raise unsupported(f"filterBranchType {type_[:50]}")
        tests = [self.branch(kind, each, depth + 1) for each in rows(given, "filterBranches")]
        tests += [self._filter(kind, each) for each in rows(given, "filters")]
        if not tests:
            raise InvalidFilter(f"an {type_} branch is empty")
        group = _GROUPS[type_]
        return lambda record: group(tests, record)

    def _filter(self, kind: ObjectType, given: Json) -> Predicate:
        match text(given, "filterType"):
            case "PROPERTY":
                read = condition(self._crm, kind, given)
                self.found.timed |= read.timed
                return read.accepts
            case "IN_LIST":
                return self._in_list(kind, given)
            case "ASSOCIATION":
                return self._partner_in_list(kind, given)
            case "CONSTANT":
                accept = truth(given, "shouldAccept", default=True)
                return lambda _record: accept
            case other:
                raise unsupported(f"filterType {other[:50]}")

    def _in_list(self, kind: ObjectType, given: Json) -> Predicate:
        wanted = choice(given, "operator", _IN_LIST) == "IN_LIST"
        members = self._members(whole(given, "listId"), kind)
        return lambda record: (record.id in members) == wanted

    def _members(self, list_id: int, kind: ObjectType) -> Container[int]:
        members = self._members_of(list_id, kind)
        self.found.lists.add(list_id)
        return members

    def _partner_in_list(self, kind: ObjectType, given: Json) -> Predicate:
        partner = self._partner(text(given, "toObjectTypeId"))
        wanted = choice(given, "operator", _IN_LIST) == "IN_LIST"
        members = self._members(whole(given, "listId"), partner)
        partners = self._partners(kind, partner, given)
        return lambda record: any(other in members for other in partners(record)) == wanted

    def _associated(self, kind: ObjectType, given: Json, depth: int) -> Predicate:
        """Some associated record passes all filters of the branch."""
        if not depth or rows(given, "filterBranches"):
            raise InvalidFilter("an ASSOCIATION branch stands inside an AND branch and holds no further branches")
        partner = self._partner(text(given, "objectTypeId"))
        wanted = choice(given, "operator", _IN_LIST, "IN_LIST") == "IN_LIST"
        tests = [self._filter(partner, each) for each in rows(given, "filters")]
        partners = self._partners(kind, partner, given)
        table = self._crm.table(partner)

        def passes(other: int) -> bool:
            record = table.live_record(other)
            return record is not None and all(test(record) for test in tests)

        return lambda record: any(passes(other) for other in partners(record)) == wanted

    def _partner(self, name: str) -> ObjectType:
        try:
            partner = self._crm.object_type(name)
        except UnknownObjectType as unknown:
            raise InvalidFilter(str(unknown)) from None
        self.found.partners[partner.type_id] = partner
        return partner

    def _partners(self, kind: ObjectType, partner: ObjectType, given: Json) -> Callable[[Record], list[int]]:
        key = key_of(text(given, "associationCategory", HUBSPOT_DEFINED), whole(given, "associationTypeId"))
        type_ = self._crm.association_types.get(key)
        if type_ is None or (type_.from_type.type_id, type_.to_type.type_id) != (kind.type_id, partner.type_id):
            raise InvalidFilter(f"association type {key} does not lead from {kind.plural} to {partner.plural}")
        links = self._crm.links

        def associated(record: Record) -> list[int]:
            return [other for other, keys in links.targets(kind, record.id, partner).items() if key in keys]

        return associated
