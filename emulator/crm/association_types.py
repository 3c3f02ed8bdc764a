"""The ways in which two records can be associated: HubSpot's own, and those that a portal defines.

A type leads in one direction and has an inverse. The ids of HubSpot's own types and of a portal's are counted apart, so
that only category and id together name one, as in HubSpot; `key` is both in one number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from emulator.crm.object_types import ObjectType

HUBSPOT_DEFINED = "HUBSPOT_DEFINED"
USER_DEFINED = "USER_DEFINED"
CATEGORIES = (HUBSPOT_DEFINED, USER_DEFINED)


@dataclass(eq=False, slots=True)
class AssociationType:
    type_id: int
    from_type: ObjectType
    to_type: ObjectType
    # As the older API names it, for example contact_to_company_unlabeled.
    name: str
    label: str | None
    inverse_id: int
    # A record has at most one primary company. The other direction is the same fact seen from the company.
    primary: bool = False
    exclusive: bool = False
    category: str = HUBSPOT_DEFINED

    @property
    def key(self) -> int:
        return self._signed(self.type_id)

    @property
    def inverse_key(self) -> int:
        return self._signed(self.inverse_id)

    def _signed(self, type_id: int) -> int:
        return type_id if self.category == HUBSPOT_DEFINED else -type_id

    @property
    def webhook_name(self) -> str:
        return f"{self.from_type.constant}_TO_{self.to_type.constant}"

    def spec(self) -> dict[str, object]:
        return {"category": self.category, "typeId": self.type_id, "label": self.label}

    def written_spec(self) -> dict[str, object]:
        """The same, as answers to writes have it."""
        return {"associationCategory": self.category, "associationTypeId": self.type_id}


def key_of(category: str, type_id: int) -> int | None:
    """None: no type can have this category."""
    if category == HUBSPOT_DEFINED:
        return type_id
    return -type_id if category == USER_DEFINED else None


class AssociationTypes:
    """All that one portal knows, by key and by pair of kinds."""

    def __init__(self, types: Iterable[AssociationType] = ()) -> None:
        self._by_key: dict[int, AssociationType] = {}
        self._by_pair: dict[tuple[str, str], list[AssociationType]] = {}
        for each in types:
            self.add(each)

    def __iter__(self) -> Iterator[AssociationType]:
        return iter(list(self._by_key.values()))

    def __getitem__(self, key: int) -> AssociationType:
        return self._by_key[key]

    def copy(self) -> AssociationTypes:
        """Types are shared, the collections are not."""
        copied = AssociationTypes()
        copied._by_key = dict(self._by_key)
        copied._by_pair = {pair: list(types) for pair, types in self._by_pair.items()}
        return copied

    def get(self, key: int | None) -> AssociationType | None:
        return self._by_key.get(key) if key is not None else None

    def add(self, type_: AssociationType) -> None:
        self._by_key[type_.key] = type_
        self._by_pair.setdefault(_pair(type_), []).append(type_)

    def remove(self, type_: AssociationType) -> None:
        del self._by_key[type_.key]
        self._by_pair[_pair(type_)].remove(type_)

    def inverse(self, type_: AssociationType) -> AssociationType:
        return self._by_key[type_.inverse_key]

    def between(self, from_type: ObjectType, to_type: ObjectType) -> list[AssociationType]:
        return self._by_pair.get((from_type.type_id, to_type.type_id), [])

    def of_kind(self, kind: ObjectType) -> list[AssociationType]:
        """All that lead from or to a kind."""
        return [each for each in self._by_key.values() if kind in (each.from_type, each.to_type)]

    def plain(self, from_type: ObjectType, to_type: ObjectType) -> AssociationType | None:
        """The type without a label, which accompanies every label of the pair."""
        return next((each for each in self.between(from_type, to_type) if each.label is None), None)

    def primary(self, from_type: ObjectType, to_type: ObjectType) -> AssociationType | None:
        return next((each for each in self.between(from_type, to_type) if each.primary), None)

    def default(self, from_type: ObjectType, to_type: ObjectType) -> AssociationType | None:
        return self.plain(from_type, to_type) or next(iter(self.between(from_type, to_type)), None)

    def next_id(self) -> int:
        """For a type of the portal's own."""
        return 1 + max((each.type_id for each in self._by_key.values() if each.category == USER_DEFINED), default=0)


def _pair(type_: AssociationType) -> tuple[str, str]:
    return (type_.from_type.type_id, type_.to_type.type_id)
