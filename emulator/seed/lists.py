"""The lists and teams that an account of the demonstration has."""

from __future__ import annotations

from typing import Any

from emulator.crm.object_types import COMPANY, CONTACT, ObjectType
from emulator.crm.records import by_user
from emulator.lists.object_list import DYNAMIC, MANUAL, SNAPSHOT, Json, ObjectList
from emulator.portals import Portal
from emulator.settings.teams import DEFAULT, EXTRA

_NEWSLETTER_SHARE = 5


def add_lists(portal: Portal) -> None:
    customers = _filters("lifecyclestage", "ENUMERATION", "IS_ANY_OF", values=["customer", "evangelist"])
    leads = _filters("lifecyclestage", "ENUMERATION", "IS_ANY_OF", values=["lead"])
    numbers = _filters("phone", "ALL_PROPERTY", "IS_KNOWN")
    with portal.crm.lock:
        _add(portal, CONTACT, "Customers", DYNAMIC, customers)
        _add(portal, CONTACT, "Leads at the spring fair", SNAPSHOT, leads)
        _add(portal, COMPANY, "Companies with a phone number", DYNAMIC, numbers)
        newsletter = _add(portal, CONTACT, "Newsletter", MANUAL)
        portal.lists.move(newsletter, portal.crm.table(CONTACT).live[::_NEWSLETTER_SHARE], (), newsletter.created_at)


def _filters(name: str, type_: str, operator: str, **operation: Any) -> Json:
    wanted = {
        "filterType": "PROPERTY",
        "property": name,
        "operation": {"operationType": type_, "operator": operator, "includeObjectsWithNoValueSet": False, **operation},
    }
    inner = {"filterBranchType": "AND", "filterBranchOperator": "AND", "filters": [wanted], "filterBranches": []}
    return {"filterBranchType": "OR", "filterBranchOperator": "OR", "filters": [], "filterBranches": [inner]}


def _add(portal: Portal, kind: ObjectType, name: str, processing_type: str, branch: Json | None = None) -> ObjectList:
    at, author = portal.crm.clock.now_ms(), portal.users[0].user_id
    made = ObjectList(0, kind, name, processing_type, at, author, at, author, at, branch)
    return portal.lists.create(made, by_user(author))


def add_teams(portal: Portal) -> None:
    """Everybody is in one; the first of them looks after both."""
    with portal.crm.lock:
        sales, service = portal.teams.create("Sales", None), portal.teams.create("Customer service", None)
        for place, user in enumerate(portal.users):
            portal.teams.join((sales, service)[place % 2], user.user_id, DEFAULT)
        portal.teams.join(service, portal.users[0].user_id, EXTRA)
