"""The kinds of records, by the names that HubSpot's paths accept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from emulator.errors import UnknownObjectType

CUSTOM = "2-"


@dataclass(frozen=True)
class Scopes:
    """What a call about this kind needs; any one of a list suffices."""

    read: tuple[str, ...]
    write: tuple[str, ...]
    schema_read: tuple[str, ...]
    schema_write: tuple[str, ...]


@dataclass(eq=False, slots=True)
class ObjectType:
    """One kind. HubSpot's own are shared by all portals and never change; a portal's own follow its schema."""

    type_id: str
    name: str
    # As the API's paths and answers spell it.
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
    # Associations of which a record always has one: created with it, gone with the last of them.
    belongs_by: tuple[int, ...] = ()
    # Further names that paths accept.
    aliases: tuple[str, ...] = ()
    # In people's words, where they differ from the names.
    label: str = ""
    plural_label: str = ""
    # Some kinds come into being elsewhere in HubSpot only.
    creatable: bool = True
    # Whether `?archived=true` lists the recycle bin: not for most activities.
    lists_archived: bool = True

    @property
    def custom(self) -> bool:
        return self.type_id.startswith(CUSTOM)

    @property
    def names(self) -> tuple[str, ...]:
        return (self.type_id, self.name, self.plural, *self.aliases)

    @property
    def constant(self) -> str:
        """The name as HubSpot's messages and association types spell it."""
        return self.name.upper()

    @property
    def title(self) -> str:
        return self.label or self.name.replace("_", " ").capitalize()

    @property
    def plural_title(self) -> str:
        return self.plural_label or self.plural.replace("_", " ").capitalize()

    @property
    def always_returned(self) -> tuple[str, str, str]:
        return (self.created_property, self.modified_property, "hs_object_id")


def granular(plural: str, *also: str) -> Scopes:
    """The scopes named after the kind; any of the older ones will do as well."""
    return Scopes(
        read=(f"crm.objects.{plural}.read", *also),
        write=(f"crm.objects.{plural}.write", *also),
        schema_read=(f"crm.schemas.{plural}.read", f"crm.objects.{plural}.read", *also),
        schema_write=(f"crm.schemas.{plural}.write", *also),
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
    scopes=granular("contacts"),
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
    scopes=granular("companies"),
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
    scopes=granular("deals"),
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

CORE = (CONTACT, COMPANY, DEAL, TICKET)


class ObjectTypes:
    """The kinds of one portal, by every name that a path may give them."""

    def __init__(self, standard: Iterable[ObjectType]) -> None:
        self._kinds: dict[str, ObjectType] = {}
        self._by_name: dict[str, ObjectType] = {}
        for kind in standard:
            self.add(kind)

    def __iter__(self) -> Iterator[ObjectType]:
        return iter(list(self._kinds.values()))

    def add(self, kind: ObjectType) -> None:
        self._kinds[kind.type_id] = kind
        self._by_name.update(dict.fromkeys(kind.names, kind))

    def remove(self, kind: ObjectType) -> None:
        del self._kinds[kind.type_id]
        for name in kind.names:
            self._by_name.pop(name, None)

    def named(self, name: str) -> ObjectType:
        """Find a kind by singular, plural (any case), fully qualified name or type id.

        Raises UnknownObjectType.
        """
        kind = self._by_name.get(name) or self._by_name.get(name.lower())
        if kind is None:
            raise UnknownObjectType(name)
        return kind
