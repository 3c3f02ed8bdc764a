"""The properties that every portal has, one module per kind of record."""

from __future__ import annotations

from emulator.crm.catalog import companies, contacts, deals, tickets
from emulator.crm.object_types import COMPANY, CONTACT, DEAL, TICKET
from emulator.crm.properties import Property

BUILT_IN: dict[str, tuple[Property, ...]] = {
    CONTACT.type_id: contacts.PROPERTIES,
    COMPANY.type_id: companies.PROPERTIES,
    DEAL.type_id: deals.PROPERTIES,
    TICKET.type_id: tickets.PROPERTIES,
}

GROUPS: dict[str, tuple[tuple[str, str], ...]] = {
    CONTACT.type_id: contacts.GROUPS,
    COMPANY.type_id: companies.GROUPS,
    DEAL.type_id: deals.GROUPS,
    TICKET.type_id: tickets.GROUPS,
}
