"""The kinds of records, by the names that HubSpot's paths accept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from emulator.errors import UnknownObjectType


@dataclass(frozen=True)
class Scopes:
    """What a call about this kind needs; any one of a list suffices."""

    read: tuple[str, ...]
    write: tuple[str, ...]
    schema_read: tuple[str, ...]
    schema_write: tuple[str, ...]


@dataclass(frozen=True)
class ObjectType:
    type_id: str
    name: str
    plural: str
    # Returned when a call asks for no properties. developers.hubspot.com/docs/guides/crm/understanding-the-crm
    default_properties: tuple[str, ...]
    modified_property: str
    label_property: str
    searchable: tuple[str, ...]
    scopes: Scopes
    created_property: str = "createdate"
    # At least one of these must be set on create…
    needs_one_of: tuple[str, ...] = ()
    # … and all of these.
    needs_all_of: tuple[str, ...] = ()

    @property
    def constant(self) -> str:
        """The name as HubSpot's messages and association types spell it."""
        return self.name.upper()

    @property
    def title(self) -> str:
        return self.name.capitalize()

    @property
    def always_returned(self) -> tuple[str, str, str]:
        return (self.created_property, self.modified_property, "hs_object_id")


def _granular(plural: str) -> Scopes:
    return Scopes(
        read=(f"crm.objects.{plural}.read",),
        write=(f"crm.objects.{plural}.write",),
        schema_read=(f"crm.schemas.{plural}.read", f"crm.objects.{plural}.read"),
        schema_write=(f"crm.schemas.{plural}.write",),
    )


CONTACT = ObjectType(
    type_id="0-1",
    name="contact",
    plural="contacts",
    default_properties=("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    modified_property="lastmodifieddate",
    label_property="email",
    searchable=(
        "firstname",
        "lastname",
        "email",
        "phone",
        "hs_additional_emails",
        "fax",
        "mobilephone",
        "company",
        "hs_marketable_until_renewal",
    ),
    needs_one_of=("email", "firstname", "lastname"),
    scopes=_granular("contacts"),
)

COMPANY = ObjectType(
    type_id="0-2",
    name="company",
    plural="companies",
    default_properties=("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    modified_property="hs_lastmodifieddate",
    label_property="name",
    searchable=("website", "phone", "name", "domain"),
    needs_one_of=("domain", "name"),
    scopes=_granular("companies"),
)

DEAL = ObjectType(
    type_id="0-3",
    name="deal",
    plural="deals",
    default_properties=(
        "amount",
        "closedate",
        "createdate",
        "dealname",
        "dealstage",
        "hs_lastmodifieddate",
        "hs_object_id",
        "pipeline",
    ),
    modified_property="hs_lastmodifieddate",
    label_property="dealname",
    searchable=("dealname", "pipeline", "dealstage", "description", "dealtype"),
    needs_all_of=("dealname", "dealstage"),
    scopes=_granular("deals"),
)

# One scope for reading and changing tickets; the granular names are accepted where an app has them.
TICKET = ObjectType(
    type_id="0-5",
    name="ticket",
    plural="tickets",
    default_properties=(
        "content",
        "createdate",
        "hs_lastmodifieddate",
        "hs_object_id",
        "hs_pipeline",
        "hs_pipeline_stage",
        "hs_ticket_category",
        "hs_ticket_priority",
        "subject",
    ),
    modified_property="hs_lastmodifieddate",
    label_property="subject",
    searchable=("subject", "content", "hs_pipeline_stage", "hs_ticket_category", "hs_ticket_id"),
    needs_all_of=("subject", "hs_pipeline_stage"),
    scopes=Scopes(
        read=("tickets", "crm.objects.tickets.read"),
        write=("tickets", "crm.objects.tickets.write"),
        schema_read=("tickets", "crm.schemas.tickets.read", "crm.objects.tickets.read"),
        schema_write=("tickets", "crm.schemas.tickets.write"),
    ),
)

STANDARD = (CONTACT, COMPANY, DEAL, TICKET)


def _names(types: Iterable[ObjectType]) -> dict[str, ObjectType]:
    return {name: kind for kind in types for name in (kind.type_id, kind.name, kind.plural)}


_BY_NAME = _names(STANDARD)


def object_type(name: str) -> ObjectType:
    """Find a kind by singular, plural (any case) or type id.

    Raises UnknownObjectType.
    """
    kind = _BY_NAME.get(name) or _BY_NAME.get(name.lower())
    if kind is None:
        raise UnknownObjectType(name)
    return kind
