"""What the older paths are asked for: counts, offsets, properties."""

from __future__ import annotations

import falcon

from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.legacy import recent
from emulator.legacy.recent import RecentPage
from emulator.web.exchange import names, number

_HUGE = 10**17


def count(req: falcon.Request, name: str, default: int, most: int) -> int:
    """More than the most is no error in these generations: the most is what one gets."""
    return min(number(req, name, default, 1, _HUGE), most)


def instant(req: falcon.Request, name: str, default: int = 0) -> int:
    return number(req, name, default, 0, _HUGE)


def position(req: falcon.Request, name: str = "offset") -> int:
    return number(req, name, 0, 0, _HUGE)


def history(req: falcon.Request) -> list[str]:
    return names(req, "propertiesWithHistory")


def recent_page(req: falcon.Request, crm: Crm, kind: ObjectType, now: int, *, by_creation: bool) -> RecentPage[Record]:
    """Read under the portal's lock."""
    table = crm.table(kind)
    since = max(instant(req, "since"), now - recent.REACH_MS)
    offset, most = position(req), count(req, "count", 20, 100)
    if by_creation:
        return recent.page(recent.created(table, since), offset, most, len(table))
    return recent.page(recent.modified(table, since), offset, most, recent.modified_at_most(table, since))
