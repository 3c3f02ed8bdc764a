"""The object types that the mirror holds, and which of their properties are live.

HubSpot's push webhooks are per property, at most 1,000 subscriptions per app and the same for all portals. So each
type lists the properties that matter to most; changes of all others arrive with the next reconcile. Webhook
subscriptions and project files derive from this one registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class ObjectType:
    """One kind of CRM record."""

    id: str  # HubSpot's object type id
    name: str  # singular, as in event types: "contact"
    plural: str  # as in HubSpot's paths and ours: "contacts"
    scope: str  # what reading it takes
    title_properties: tuple[str, ...]  # what a record is called by, the first that has a value…
    joined_title: tuple[str, ...]  # …unless these, joined, have one
    modified_property: str  # what search filters by for "changed since"
    live_properties: tuple[str, ...]  # subscribed to: a change arrives within seconds
    columns: tuple[str, ...]  # shown in lists beside the title
    searched_properties: tuple[str, ...]  # what people find a record by
    has_privacy_deletion: bool = False
    pipeline_properties: tuple[str, str] | None = None  # those that hold pipeline and stage; None: it has no pipelines

    @cached_property
    def label(self) -> str:
        return self.name.capitalize()

    def title_of(self, properties: Mapping[str, str | None]) -> str:
        """Return what to call a record; empty when none of its names has a value."""
        joined = " ".join(filter(None, (properties.get(name) for name in self.joined_title)))
        return joined or next(filter(None, (properties.get(name) for name in self.title_properties)), "")


CONTACT = ObjectType(
    "0-1",
    "contact",
    "contacts",
    "crm.objects.contacts.read",
    ("email", "phone"),
    ("firstname", "lastname"),
    "lastmodifieddate",
    (
        *("email", "firstname", "lastname", "phone", "mobilephone", "company", "jobtitle", "website"),
        *("lifecyclestage", "hs_lead_status", "hubspot_owner_id"),
        *("address", "city", "state", "zip", "country"),
    ),
    ("email", "phone", "company", "lifecyclestage"),
    ("firstname", "lastname", "email", "phone", "mobilephone", "company", "jobtitle"),
    has_privacy_deletion=True,
)
COMPANY = ObjectType(
    "0-2",
    "company",
    "companies",
    "crm.objects.companies.read",
    ("name", "domain"),
    (),
    "hs_lastmodifieddate",
    (
        *("name", "domain", "website", "phone", "industry", "type", "description"),
        *("lifecyclestage", "hubspot_owner_id", "numberofemployees", "annualrevenue"),
        *("address", "city", "state", "zip", "country"),
    ),
    ("domain", "industry", "city", "lifecyclestage"),
    ("name", "domain", "website", "phone", "city"),
)
DEAL = ObjectType(
    "0-3",
    "deal",
    "deals",
    "crm.objects.deals.read",
    ("dealname",),
    (),
    "hs_lastmodifieddate",
    ("dealname", "amount", "dealstage", "pipeline", "closedate", "dealtype", "description", "hubspot_owner_id"),
    ("amount", "dealstage", "closedate"),
    ("dealname", "description"),
    pipeline_properties=("pipeline", "dealstage"),
)
TICKET = ObjectType(
    "0-5",
    "ticket",
    "tickets",
    "tickets",
    ("subject",),
    (),
    "hs_lastmodifieddate",
    (
        *("subject", "content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority", "hs_ticket_category"),
        "hubspot_owner_id",
    ),
    ("hs_pipeline_stage", "hs_ticket_priority", "hs_ticket_category"),
    ("subject", "content"),
    pipeline_properties=("hs_pipeline", "hs_pipeline_stage"),
)

OBJECT_TYPES = (CONTACT, COMPANY, DEAL, TICKET)
BY_ID = {object_type.id: object_type for object_type in OBJECT_TYPES}
BY_NAME = {object_type.name: object_type for object_type in OBJECT_TYPES}
BY_PLURAL = {object_type.plural: object_type for object_type in OBJECT_TYPES}
