"""How much of everything an account may have, by its tier. What the limits API tells; most of it nothing enforces.

legal.hubspot.com/hubspot-product-and-services-catalog
"""

from __future__ import annotations

from collections.abc import Iterator

from emulator.crm.labels import MOST_TARGETS
from emulator.crm.object_types import DEAL, TICKET, ObjectType
from emulator.crm.store import Crm

MOST_RECORDS = 15_000_000
MOST_RECORDS_OF_CUSTOM_OBJECTS = 1_500_000
MOST_PROPERTIES = {"free": 10, "starter": 1_000, "professional": 1_000, "enterprise": 1_000}
MOST_CALCULATED = {"free": 0, "starter": 0, "professional": 25, "enterprise": 200}
MOST_OBJECT_TYPES = {"free": 0, "starter": 0, "professional": 0, "enterprise": 10}
MOST_PIPELINES = {"free": 1, "starter": 2, "professional": 15, "enterprise": 100}
MOST_PIPELINES_OF_CUSTOM_OBJECTS = 100

# From here on a record is near its limit.
NEAR = 0.8


def percentage(usage: int, limit: int) -> float:
    return round(100 * usage / limit, 2) if limit else 0.0


def pipelines_limit(kind: ObjectType, tier: str) -> int:
    return MOST_PIPELINES[tier] if kind in (DEAL, TICKET) else MOST_PIPELINES["enterprise"]


def partners_limit(crm: Crm, from_type: ObjectType, to_type: ObjectType) -> int:
    """Of records of one kind that a record may be associated with: the strictest of what is configured."""
    keys = [each.key for each in crm.association_types.between(from_type, to_type) if each.label is None]
    return min([crm.association_limits[key] for key in keys if key in crm.association_limits], default=MOST_TARGETS)


def crowded(crm: Crm, from_type: ObjectType, to_type: ObjectType) -> Iterator[tuple[int, int]]:
    """Records that are near their limit or at it, with how many they are associated with."""
    floor = NEAR * partners_limit(crm, from_type, to_type)
    for record_id in crm.table(from_type).live:
        count = len(crm.links.targets(from_type, record_id, to_type))
        if count >= floor:
            yield record_id, count
