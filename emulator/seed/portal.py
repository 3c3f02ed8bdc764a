"""Filling a portal: companies, people who work there, deals and tickets about them.

Records are put in place directly, not through the write path: nobody is told, and a hundred thousand take seconds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from emulator.crm.object_types import COMPANY, CONTACT, DEAL, TICKET, ObjectType
from emulator.crm.records import Record, by_user
from emulator.instants import DAY_MS, iso
from emulator.portals import Portal
from emulator.seed.others import fill_others
from emulator.seed.spread import IMPORT, add_records
from emulator.seed.words import (
    COMPANY_KINDS,
    COMPANY_WORDS,
    DEAL_SUBJECTS,
    FIRST_NAMES,
    JOB_TITLES,
    LAST_NAMES,
    PLACES,
    TICKETS,
)

Values = dict[str, str]


def fill(portal: Portal, counts: Mapping[str, int], random_seed: int) -> None:
    """Ids begin at the same number in every portal and kind, as they may in HubSpot: an id alone names nothing."""
    filler = _Filler(portal, random.Random(random_seed))
    with portal.crm.lock:
        filler.add_companies(counts.get("companies", 0))
        filler.add_contacts(counts.get("contacts", 0))
        filler.add_deals(counts.get("deals", 0))
        filler.add_tickets(counts.get("tickets", 0))
    fill_others(portal, counts, random_seed)


class _Filler:
    def __init__(self, portal: Portal, dice: random.Random) -> None:
        self._crm = portal.crm
        self._dice = dice
        self._now = portal.crm.clock.now_ms()
        self._places = PLACES.get(portal.hublet, PLACES["na1"])
        self._owners = [str(owner_id) for owner_id in portal.crm.owners]
        self._authors = [*(by_user(user.user_id) for user in portal.users), IMPORT]
        self._companies: list[Record] = []
        self._contacts: list[Record] = []
        # Where a contact works.
        self._employers: dict[int, Record] = {}

    def _add(self, kind: ObjectType, count: int, values: Callable[[int], Values]) -> list[Record]:
        return add_records(self._crm.table(kind), count, values, self._dice, self._authors, self._now)

    def add_companies(self, count: int) -> None:
        self._companies = self._add(COMPANY, count, self._company)

    def _company(self, record_id: int) -> Values:
        dice = self._dice
        word, (kind, industry) = dice.choice(COMPANY_WORDS), dice.choice(COMPANY_KINDS)
        city, state, country, prefix = dice.choice(self._places)
        domain = f"{word}{kind.split()[0]}{record_id}.example".lower()
        return self._owned(
            {
                "name": f"{word} {kind}",
                "domain": domain,
                "website": f"https://www.{domain}",
                "phone": self._phone(prefix),
                "industry": industry,
                "city": city,
                "state": state,
                "country": country,
                "numberofemployees": dice.choice(("8", "12", "25", "40", "75", "120", "300", "850", "2400")),
                "annualrevenue": str(dice.randrange(2, 900) * 100_000),
                "lifecyclestage": dice.choice(("lead", "opportunity", "customer")),
            }
        )

    def add_contacts(self, count: int) -> None:
        self._contacts = self._add(CONTACT, count, self._contact)
        for contact_id, company in self._employers.items():
            self._link(contact_id, company.id, 279, 1)

    def _contact(self, record_id: int) -> Values:
        dice = self._dice
        first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
        city, state, country, prefix = dice.choice(self._places)
        values = {
            "email": f"{first}.{last}{record_id}@mail.example".lower(),
            "firstname": first,
            "lastname": last,
            "phone": self._phone(prefix),
            "jobtitle": dice.choice(JOB_TITLES),
            "city": city,
            "state": state,
            "country": country,
            "lifecyclestage": dice.choice(("subscriber", "lead", "lead", "opportunity", "customer")),
            "hs_lead_status": dice.choice(("NEW", "OPEN", "IN_PROGRESS", "CONNECTED", "UNQUALIFIED")),
        }
        if self._companies and dice.random() < 0.95:
            # A few companies employ many.
            company = self._companies[int(dice.random() ** 2 * len(self._companies))]
            self._employers[record_id] = company
            values["company"] = company.values["name"]
            values["email"] = f"{first}.{last}{record_id}@{company.values['domain']}".lower()
        return self._owned(values)

    def add_deals(self, count: int) -> None:
        for deal in self._add(DEAL, count, self._deal):
            self._link_customer(deal.id, (3,), (341, 5))

    def _deal(self, _record_id: int) -> Values:
        dice = self._dice
        pipeline = dice.choice(self._crm.pipelines.all(DEAL.type_id))
        closes = self._now + dice.randrange(-300, 120) * DAY_MS
        name = dice.choice(self._companies).values["name"] if self._companies else "New customer"
        return self._owned(
            {
                "dealname": f"{name} – {dice.choice(DEAL_SUBJECTS)}",
                "amount": str(dice.randrange(5, 900) * 100),
                "closedate": iso(closes // 1000 * 1000),
                "pipeline": pipeline.id,
                "dealstage": dice.choice(pipeline.stages).id,
                "dealtype": dice.choice(("newbusiness", "existingbusiness")),
            }
        )

    def add_tickets(self, count: int) -> None:
        for ticket in self._add(TICKET, count, self._ticket):
            self._link_customer(ticket.id, (16,), (339, 26))

    def _ticket(self, _record_id: int) -> Values:
        dice = self._dice
        subject, category, content = dice.choice(TICKETS)
        pipeline = dice.choice(self._crm.pipelines.all(TICKET.type_id))
        return self._owned(
            {
                "subject": subject,
                "content": content,
                "hs_pipeline": pipeline.id,
                "hs_pipeline_stage": dice.choice(pipeline.stages).id,
                "hs_ticket_category": category,
                "hs_ticket_priority": dice.choice(("LOW", "MEDIUM", "MEDIUM", "HIGH")),
                "source_type": dice.choice(("CHAT", "EMAIL", "FORM", "PHONE")),
            }
        )

    def _link_customer(self, record_id: int, to_contact: tuple[int, ...], to_company: tuple[int, ...]) -> None:
        """A contact, and the company that the contact works for."""
        if not self._contacts:
            return
        contact = self._dice.choice(self._contacts)
        self._link(record_id, contact.id, *to_contact)
        employer = self._employers.get(contact.id)
        if employer is not None:
            self._link(record_id, employer.id, *to_company)

    def _link(self, from_id: int, to_id: int, *type_ids: int) -> None:
        for type_id in type_ids:
            self._crm.links.put_unchecked(self._crm.association_types[type_id], from_id, to_id)

    def _owned(self, values: Values) -> Values:
        if self._owners and self._dice.random() < 0.75:
            values["hubspot_owner_id"] = self._dice.choice(self._owners)
        return values

    def _phone(self, prefix: str) -> str:
        return f"{prefix} {self._dice.randrange(200, 999)} {self._dice.randrange(1_000, 9_999)}"
