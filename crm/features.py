"""What the mirror can do only with a scope. Each feature has a key, so that it can be closed and opened by itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .object_types import BY_ID


class Kind(StrEnum):
    """What a feature reads."""

    RECORDS = "records"  # of one object type
    ASSOCIATIONS = "associations"  # between two object types
    PIPELINES = "pipelines"  # the names of one object type's pipelines and stages
    OWNERS = "owners"  # their names


_SEPARATOR = ":"
_OWNERS_SCOPE = "crm.objects.owners.read"


@dataclass(frozen=True)
class Feature:
    """One feature: its kind, and the ids of the object types that it is about."""

    kind: Kind
    types: tuple[str, ...] = ()

    @classmethod
    def of(cls, key: str) -> Feature:
        """Return the feature that a key names."""
        kind, *types = key.split(_SEPARATOR)
        return cls(Kind(kind), tuple(types))

    @property
    def key(self) -> str:
        return _SEPARATOR.join((self.kind, *self.types))

    @property
    def scope(self) -> str:
        """What we ask HubSpot for to have it; empty where other features' scopes bring it along."""
        match self.kind:
            case Kind.RECORDS:
                return BY_ID[self.types[0]].scope
            case Kind.OWNERS:
                return _OWNERS_SCOPE
            case _:
                return ""

    @property
    def without(self) -> str:
        """What people have without it: the beginning of a sentence."""
        names = [BY_ID[object_type].plural for object_type in self.types]
        match self.kind:
            case Kind.RECORDS:
                return f"{names[0].capitalize()} are not mirrored"
            case Kind.ASSOCIATIONS:
                return f"Associations between {' and '.join(dict.fromkeys(names))} are not mirrored"
            case Kind.PIPELINES:
                return f"Pipelines and stages of {names[0]} are shown without their names"
            case Kind.OWNERS:
                return "Owners are shown by number instead of name"


OWNERS = Feature(Kind.OWNERS)


def records(object_type: str) -> Feature:
    return Feature(Kind.RECORDS, (object_type,))


def pipelines(object_type: str) -> Feature:
    return Feature(Kind.PIPELINES, (object_type,))


def associations(one: str, other: str) -> Feature:
    """Both directions are one feature: what HubSpot asks for is the same."""
    return Feature(Kind.ASSOCIATIONS, tuple(sorted((one, other))))


BY_SCOPE = (*(records(object_type) for object_type in BY_ID), OWNERS)
