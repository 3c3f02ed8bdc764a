"""Where the v1 and v2 resources are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.web.gate import ApiResource
from emulator.web.legacy import companies, contacts, deals, engagements, owners, pipelines, properties, tickets

if TYPE_CHECKING:
    from emulator.world import Emulator

_ROUTES: tuple[tuple[str, type[ApiResource]], ...] = (
    *(
        row
        for version in ("v1", "v2")
        for row in (
            (f"/properties/{version}/{{kind_name}}/properties", properties.Definitions),
            (f"/properties/{version}/{{kind_name}}/properties/named/{{name}}", properties.Definition),
            (f"/properties/{version}/{{kind_name}}/groups", properties.Groups),
        )
    ),
    ("/companies/v2/properties", properties.Definitions),
    ("/companies/v2/properties/named/{name}", properties.Definition),
    ("/companies/v2/groups", properties.Groups),
    ("/companies/v2/companies/paged", companies.PagedCompanies),
    ("/companies/v2/companies/recent/modified", companies.RecentCompanies),
    ("/companies/v2/companies/recent/created", companies.NewCompanies),
    ("/companies/v2/companies/{company_id}", companies.Company),
    ("/companies/v2/companies/{company_id}/contacts", companies.CompanyContacts),
    ("/companies/v2/companies/{company_id}/vids", companies.CompanyVids),
    ("/deals/v1/deal/paged", deals.PagedDeals),
    ("/deals/v1/deal/recent/modified", deals.RecentDeals),
    ("/deals/v1/deal/recent/created", deals.NewDeals),
    ("/deals/v1/deal/{deal_id}", deals.Deal),
    ("/deals/v1/pipelines", deals.DealPipelines),
    ("/deals/v1/pipelines/{pipeline_id}", deals.DealPipeline),
    ("/crm-pipelines/v1/pipelines/{kind_name}", pipelines.PipelinesV1),
    ("/contacts/v1/lists/all/contacts/all", contacts.AllContacts),
    ("/contacts/v1/lists/all/contacts/recent", contacts.NewContacts),
    ("/contacts/v1/lists/recently_updated/contacts/recent", contacts.ModifiedContacts),
    ("/contacts/v1/contact/vid/{vid}/profile", contacts.ContactByVid),
    ("/contacts/v1/contact/email/{email}/profile", contacts.ContactByEmail),
    ("/crm-objects/v1/objects/tickets/paged", tickets.PagedTickets),
    ("/crm-objects/v1/objects/tickets/{ticket_id}", tickets.Ticket),
    ("/crm-objects/v1/change-log/tickets", tickets.TicketChanges),
    ("/engagements/v1/engagements/paged", engagements.PagedEngagements),
    ("/engagements/v1/engagements/recent/modified", engagements.RecentEngagements),
    ("/engagements/v1/engagements/modified/after", engagements.EngagementsModifiedAfter),
    ("/engagements/v1/engagements/{engagement_id}", engagements.OneEngagement),
    ("/owners/v2/owners", owners.OwnersV2),
    ("/owners/v2/owners/{owner_id}", owners.OwnerV2),
)


def routes(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    return [(path, resource(emulator)) for path, resource in _ROUTES]
