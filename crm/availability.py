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
        Sync.objects.get_or_create(portal=portal, object_type=object_type.id)
        sync = Sync.objects.filter(portal=portal, object_type=object_type.id)
        if object_type.scope not in granted:
            sync.update(state=Sync.State.UNAVAILABLE, problem=f"The scope {object_type.scope} was not granted.")
            continue
        # Others are left as they are: a reading may end at this very moment.
        closed = sync.filter(state=Sync.State.UNAVAILABLE)
        closed.filter(reconciled_to=None).update(state=Sync.State.FIRST_SYNC, problem="")
        closed.update(state=Sync.State.IN_SYNC, problem="")
