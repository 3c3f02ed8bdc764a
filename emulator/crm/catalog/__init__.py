"""The kinds of records that HubSpot defines, and the properties that every portal has of them."""

from __future__ import annotations

from emulator.crm.catalog import activities, commerce, companies, contacts, deals, library, tickets
from emulator.crm.catalog.kinds import Groups
from emulator.crm.object_types import ObjectTypes
from emulator.crm.properties import Property

_ALL = (
    *(*contacts.STANDARD, *companies.STANDARD, *deals.STANDARD, *tickets.STANDARD),
    *(*commerce.STANDARD, *activities.STANDARD, *library.STANDARD),
)

STANDARD = tuple(each.kind for each in _ALL)
BUILT_IN: dict[str, tuple[Property, ...]] = {each.kind.type_id: each.properties for each in _ALL}
GROUPS: dict[str, Groups] = {each.kind.type_id: each.groups for each in _ALL}

# By name, without any portal's custom objects.
STANDARD_TYPES = ObjectTypes(STANDARD)
