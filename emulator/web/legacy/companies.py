"""/companies/v2/companies"""

from __future__ import annotations

from collections.abc import Iterator

import falcon

from emulator.crm import partners, writes
from emulator.crm.object_types import COMPANY, CONTACT
from emulator.crm.partners import Partner
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.legacy.companies import CompanyView
from emulator.legacy.contacts import ContactView
from emulator.web.exchange import flag, names, reply
from emulator.web.gate import ApiResource, Caller
from emulator.web.legacy.parameters import count, history, position, recent_page


class _CompanyResource(ApiResource):
    def permitted(self, req: falcon.Request) -> Caller:
        caller = self.caller(req)
        caller.require(COMPANY.scopes.read)
        return caller


class PagedCompanies(_CompanyResource):
    """All, by id; "has-more" has a hyphen here only."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm = self.permitted(req).portal.crm
        with crm.lock:
            view = CompanyView(crm)
            records, following = crm.table(COMPANY).page(position(req), count(req, "limit", 100, 250))
            shown = [view.show(record, names(req, "properties"), history(req)) for record in records]
        offset = following if following is not None else _behind(records)
        reply(resp, {"companies": shown, "has-more": following is not None, "offset": offset})


def _behind(records: list[Record]) -> int:
    """The offset that shows only what is added later."""
    return records[-1].id + 1 if records else 0


class RecentCompanies(_CompanyResource):
    by_creation = False

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm = self.permitted(req).portal.crm
        with crm.lock:
            view = CompanyView(crm)
            page = recent_page(req, crm, COMPANY, self.now(), by_creation=self.by_creation)
            shown = [view.show(record, None) for record in page.items]
        reply(resp, {"results": shown, "hasMore": page.more, "offset": page.offset, "total": page.total})


class NewCompanies(RecentCompanies):
    by_creation = True


class Company(_CompanyResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, company_id: str) -> None:
        crm = self.permitted(req).portal.crm
        with crm.lock:
            record = writes.find(crm, COMPANY, company_id)
            view = CompanyView(crm)
            versions = view.names(record) if flag(req, "includePropertyVersions") else []
            shown = view.show(record, None, versions)
        reply(resp, shown)


class CompanyContacts(_CompanyResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, company_id: str) -> None:
        caller = self.permitted(req)
        caller.require(CONTACT.scopes.read)
        crm = caller.portal.crm
        with crm.lock:
            found, offset, more = _contacts(req, crm, company_id)
            view = ContactView(crm)
            table = crm.table(CONTACT)
            shown = [view.at_company(table.records[contact_id]) for contact_id in found]
        reply(resp, {"contacts": shown, "vidOffset": offset, "hasMore": more})


class CompanyVids(_CompanyResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, company_id: str) -> None:
        crm = self.permitted(req).portal.crm
        with crm.lock:
            found, offset, more = _contacts(req, crm, company_id)
        reply(resp, {"vids": found, "vidOffset": offset, "hasMore": more})


def _contacts(req: falcon.Request, crm: Crm, company_id: str) -> tuple[list[int], int, bool]:
    """A page of ids, the last one, and whether there are more behind it."""
    company = writes.find(crm, COMPANY, company_id)
    after, most = position(req, "vidOffset"), count(req, "count", 20, 100)
    found: list[int] = []
    for partner in _primary_contacts(crm, company.id, after + 1):
        if len(found) == most:
            return found, found[-1], True
        found.append(partner.record_id)
    return found, found[-1] if found else after, False


def _primary_contacts(crm: Crm, company_id: int, first: int) -> Iterator[Partner]:
    """Those whose primary company it is."""
    start: int | None = first
    while start is not None:
        page: list[Partner]
        page, start = partners.page(crm, COMPANY, company_id, CONTACT, start, 100)
        yield from (partner for partner in page if any(type_.primary for type_ in partner.types))
