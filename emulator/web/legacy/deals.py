"""/deals/v1/deal and /deals/v1/pipelines"""

from __future__ import annotations

import falcon

from emulator.crm import writes
from emulator.crm.object_types import DEAL
from emulator.crm.records import Record
from emulator.legacy.deals import DealView
from emulator.legacy.pipelines import deal_pipeline
from emulator.web.exchange import flag, names, reply
from emulator.web.gate import ApiResource, Caller
from emulator.web.legacy.parameters import count, history, position, recent_page


class _DealResource(ApiResource):
    def permitted(self, req: falcon.Request) -> Caller:
        caller = self.caller(req)
        caller.require(DEAL.scopes.read)
        return caller


class PagedDeals(_DealResource):
    """All, by id. Without associations unless asked."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm = self.permitted(req).portal.crm
        with crm.lock:
            view = DealView(crm)
            records, following = crm.table(DEAL).page(position(req), count(req, "limit", 100, 250))
            shown = [self._shown(req, view, record) for record in records]
        offset = following if following is not None else (records[-1].id + 1 if records else 0)
        reply(resp, {"deals": shown, "hasMore": following is not None, "offset": offset})

    def _shown(self, req: falcon.Request, view: DealView, record: Record) -> dict[str, object]:
        everything = view.names(record) if flag(req, "includeAllProperties") else None
        all_versions = req.get_param("allPropertiesFetchMode") == "all_versions"
        return view.show(
            record,
            names(req, "properties") if everything is None else everything,
            [*history(req), *(everything or [])] if all_versions else history(req),
            associations=flag(req, "includeAssociations"),
        )


class RecentDeals(_DealResource):
    by_creation = False

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm = self.permitted(req).portal.crm
        with crm.lock:
            view = DealView(crm)
            page = recent_page(req, crm, DEAL, self.now(), by_creation=self.by_creation)
            versions = flag(req, "includePropertyVersions")
            shown = [view.show(record, None, view.names(record) if versions else ()) for record in page.items]
        reply(resp, {"results": shown, "hasMore": page.more, "offset": page.offset, "total": page.total})


class NewDeals(RecentDeals):
    by_creation = True


class Deal(_DealResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, deal_id: str) -> None:
        crm = self.permitted(req).portal.crm
        with crm.lock:
            record = writes.find(crm, DEAL, deal_id)
            view = DealView(crm)
            shown = view.show(record, None, view.names(record) if flag(req, "includePropertyVersions") else ())
        reply(resp, shown)


class DealPipelines(ApiResource):
    """A bare array."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.caller(req)
        caller.require(DEAL.scopes.schema_read)
        crm = caller.portal.crm
        with crm.lock:
            reply(resp, [deal_pipeline(pipeline) for pipeline in crm.pipelines.all(DEAL.type_id)])


class DealPipeline(ApiResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, pipeline_id: str) -> None:
        caller = self.caller(req)
        caller.require(DEAL.scopes.schema_read)
        crm = caller.portal.crm
        with crm.lock:
            reply(resp, deal_pipeline(crm.pipelines.named(DEAL.type_id, pipeline_id)))
