"""Association labels of a portal's own, and how many records a label may lead to.

developers.hubspot.com/docs/guides/api/crm/associations/associations-v4
"""

from __future__ import annotations

from emulator.crm.association_types import USER_DEFINED, AssociationType, AssociationTypes
from emulator.crm.object_types import ObjectType
from emulator.crm.store import Crm
from emulator.errors import Conflict, InvalidInput, ResourceNotFound

MOST_LABELS = 10
# Of records that one record may be associated with by a type.
MOST_TARGETS = 50_000


def define_label(
    crm: Crm, from_type: ObjectType, to_type: ObjectType, name: str, label: str, inverse_label: str | None
) -> list[AssociationType]:
    """Both directions of a new label; one, if it reads the same from both sides of a kind.

    Raises Conflict or InvalidInput.
    """
    types = crm.association_types
    own = own_labels(crm, from_type, to_type)
    if any(each.name == name or each.label == label for each in own):
        raise Conflict(f"An association label named {name} or {label} already exists.")
    if len(own) >= MOST_LABELS:
        raise InvalidInput(f"At most {MOST_LABELS} labels can lead from {from_type.constant} to {to_type.constant}")
    return define_pair(types, from_type, to_type, name, label, inverse_label or label)


def define_pair(
    types: AssociationTypes,
    from_type: ObjectType,
    to_type: ObjectType,
    name: str,
    label: str | None,
    inverse_label: str | None,
) -> list[AssociationType]:
    there = types.next_id()
    alone = from_type is to_type and label == inverse_label
    back = there if alone else there + 1
    made = [AssociationType(there, from_type, to_type, name, label, back, category=USER_DEFINED)]
    if not alone:
        inverse = f"{name}_inverse" if label else f"{to_type.name}_to_{from_type.name}"
        made.append(AssociationType(back, to_type, from_type, inverse, inverse_label, there, category=USER_DEFINED))
    for each in made:
        types.add(each)
    return made


def own_labels(crm: Crm, from_type: ObjectType, to_type: ObjectType) -> list[AssociationType]:
    between = crm.association_types.between(from_type, to_type)
    return [each for each in between if each.category == USER_DEFINED and each.label]


def own_label(crm: Crm, from_type: ObjectType, to_type: ObjectType, type_id: int) -> AssociationType:
    """A label of the portal's own between two kinds.

    Raises ResourceNotFound.
    """
    found = crm.association_types.get(-type_id)
    if found is None or not found.label or found.from_type is not from_type or found.to_type is not to_type:
        raise ResourceNotFound(f"No association label {type_id} from {from_type.name} to {to_type.name} exists.")
    return found


def rename_label(crm: Crm, type_: AssociationType, label: str, inverse_label: str | None) -> None:
    """Raises Conflict."""
    others = [each for each in own_labels(crm, type_.from_type, type_.to_type) if each is not type_]
    if any(each.label == label for each in others):
        raise Conflict(f"An association label named {label} already exists.")
    type_.label = label
    inverse = crm.association_types.inverse(type_)
    if inverse is not type_:
        inverse.label = inverse_label or label


def remove_label(crm: Crm, type_: AssociationType) -> None:
    """Raises InvalidInput while records are associated by it."""
    if crm.links.uses(type_):
        raise InvalidInput(f"The association label {type_.label} is in use and cannot be deleted")
    for each in dict.fromkeys((type_, crm.association_types.inverse(type_))):
        crm.association_types.remove(each)
        crm.association_limits.pop(each.key, None)


def limit(crm: Crm, type_: AssociationType, most: int) -> None:
    """Raises InvalidInput for what is more than HubSpot allows, or less than there is already."""
    if not 1 <= most <= MOST_TARGETS:
        raise InvalidInput(f"maxToObjectIds must be between 1 and {MOST_TARGETS}")
    crm.association_limits[type_.key] = most


def check_limit(crm: Crm, type_: AssociationType, from_id: int, to_id: int) -> None:
    """Raises InvalidInput when one more association of this type would be too many, on either side."""
    if not crm.association_limits:
        return
    # The plain type comes along with every label.
    plain = crm.association_types.plain(type_.from_type, type_.to_type)
    for each in dict.fromkeys((plain or type_, type_)):
        _check_one_way(crm, each, from_id, to_id)
        _check_one_way(crm, crm.association_types.inverse(each), to_id, from_id)


def _check_one_way(crm: Crm, each: AssociationType, start: int, end: int) -> None:
    most = crm.association_limits.get(each.key)
    if most is not None:
        targets = crm.links.targets(each.from_type, start, each.to_type)
        if each.key not in targets.get(end, ()) and sum(each.key in types for types in targets.values()) >= most:
            raise InvalidInput(
                f"{each.from_type.constant} {start} is already associated with {most} records by type {each.type_id}"
            )
