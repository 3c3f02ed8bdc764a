"""The associations that HubSpot defines, with their ids in both directions.

The table "Associate records" of developers.hubspot.com/docs/guides/api/crm/associations: contact to company is 279,
its "Primary" is 1; ticket to company is 339, its "Primary" 26; 15 is contact to ticket.
"""

from __future__ import annotations

from dataclasses import dataclass

from emulator.crm.object_types import COMPANY, CONTACT, DEAL, TICKET, ObjectType

HUBSPOT_DEFINED = "HUBSPOT_DEFINED"


@dataclass(frozen=True, slots=True)
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

    @property
    def webhook_name(self) -> str:
        return f"{self.from_type.constant}_TO_{self.to_type.constant}"

    def spec(self) -> dict[str, object]:
        return {"category": HUBSPOT_DEFINED, "typeId": self.type_id, "label": self.label}


def _both(
    from_type: ObjectType, to_type: ObjectType, type_id: int, inverse_id: int, suffix: str = ""
) -> list[AssociationType]:
    """The plain type of a pair, which accompanies every label."""
    there = AssociationType(
        type_id, from_type, to_type, f"{from_type.name}_to_{to_type.name}{suffix}", None, inverse_id
    )
    if type_id == inverse_id:
        return [there]
    back = AssociationType(inverse_id, to_type, from_type, f"{to_type.name}_to_{from_type.name}{suffix}", None, type_id)
    return [there, back]


def _primary(from_type: ObjectType, type_id: int, inverse_id: int) -> list[AssociationType]:
    return [
        AssociationType(
            type_id, from_type, COMPANY, f"{from_type.name}_to_company", "Primary", inverse_id, True, exclusive=True
        ),
        AssociationType(inverse_id, COMPANY, from_type, f"company_to_{from_type.name}", "Primary", type_id, True),
    ]


_DEFINED = [
    *_both(CONTACT, COMPANY, 279, 280, "_unlabeled"),
    *_primary(CONTACT, 1, 2),
    *_both(CONTACT, CONTACT, 449, 449),
    *_both(COMPANY, COMPANY, 450, 450),
    AssociationType(13, COMPANY, COMPANY, "parent_to_child_company", "Child Company", 14),
    AssociationType(14, COMPANY, COMPANY, "child_to_parent_company", "Parent Company", 13),
    *_both(DEAL, CONTACT, 3, 4),
    *_both(DEAL, COMPANY, 341, 342, "_unlabeled"),
    *_primary(DEAL, 5, 6),
    *_both(TICKET, CONTACT, 16, 15),
    *_both(TICKET, COMPANY, 339, 340, "_unlabeled"),
    *_primary(TICKET, 26, 25),
    *_both(DEAL, TICKET, 27, 28),
    *_both(DEAL, DEAL, 451, 451),
    *_both(TICKET, TICKET, 452, 452),
]

BY_ID: dict[int, AssociationType] = {kind.type_id: kind for kind in _DEFINED}

_BY_PAIR: dict[tuple[str, str], list[AssociationType]] = {}
for _kind in _DEFINED:
    _BY_PAIR.setdefault((_kind.from_type.type_id, _kind.to_type.type_id), []).append(_kind)


def types_between(from_type: ObjectType, to_type: ObjectType) -> list[AssociationType]:
    return _BY_PAIR.get((from_type.type_id, to_type.type_id), [])


def plain_type(from_type: ObjectType, to_type: ObjectType) -> AssociationType | None:
    return next((kind for kind in types_between(from_type, to_type) if kind.label is None), None)


def primary_type(from_type: ObjectType, to_type: ObjectType) -> AssociationType | None:
    return next((kind for kind in types_between(from_type, to_type) if kind.primary), None)
