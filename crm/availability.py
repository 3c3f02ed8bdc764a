"""Which object types a portal lets us read. One that it does not is not asked for, and its page says which scope."""

from __future__ import annotations

from collections.abc import Mapping

from installations.models import Portal

from .models import Sync
from .object_types import OBJECT_TYPES


def closed_types(portal: Portal) -> set[str]:
    """Return the ids of object types that HubSpot does not let us read."""
    closed = Sync.objects.filter(portal=portal, state=Sync.State.UNAVAILABLE)
    return set(closed.values_list("object_type", flat=True))


def close(portal: Portal, refused: Mapping[str, str]) -> None:
    """Stop reading the types that HubSpot refused, for the reasons given."""
    for object_type, problem in refused.items():
        syncs = Sync.objects.filter(portal=portal, object_type=object_type)
        syncs.update(state=Sync.State.UNAVAILABLE, problem=problem)


def open_by_scopes(portal: Portal) -> None:
    """After a connect: begin with every type whose scope is granted, and say of the others what is missing."""
    granted = set(portal.credential.scopes)
    for object_type in OBJECT_TYPES:
        sync, _ = Sync.objects.get_or_create(portal=portal, object_type=object_type.id)
        is_granted = object_type.scope in granted
        if not is_granted:
            sync.state = Sync.State.UNAVAILABLE
            sync.problem = f"The scope {object_type.scope} was not granted."
        elif sync.state == Sync.State.UNAVAILABLE:
            sync.state = Sync.State.FIRST_SYNC if sync.reconciled_to is None else Sync.State.IN_SYNC
            sync.problem = ""
        sync.save(update_fields=["state", "problem"])
