"""The records of a kind, searched and paged, and the form for a new one."""

from __future__ import annotations

from urllib.parse import urlencode

import falcon

from emulator.control.changes import apply_changes
from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record
from emulator.crm.search.engine import search
from emulator.crm.search.request import WALL, SearchRequest
from emulator.crm.store import Crm
from emulator.instants import iso
from emulator.portals import Portal
from emulator.web.html import Child, Markup, el
from emulator.web.pages.accounts import Page, list_address, record_address
from emulator.web.pages.inputs import columns, inputs, label_of, shown
from emulator.web.pages.layout import back_to, button, field, notice, show, table

ROWS = 25


class RecordList(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response, hub_id: str, type_id: str) -> None:
        portal = self.portal(hub_id)
        kind = portal.crm.object_type(type_id)
        query = (req.get_param("q") or "").strip()
        archived = req.get_param("archived") == "1"
        after = int(text) if (text := req.get_param("after") or "").isdigit() else 0
        with portal.crm.lock:
            records, following, total = _find(portal.crm, kind, query, after, archived=archived)
            rows = [_row(portal, kind, record) for record in records]
        show(
            resp,
            f"{kind.plural.capitalize()} of {portal.name}",
            el("p", el("a", "Accounts", href="/"), f" › {portal.name}", class_="crumbs"),
            el("h1", kind.plural.capitalize()),
            _tabs(portal, kind, archived),
            _search_form(portal, kind, query, archived),
            el("p", f"{total:,} {kind.name if total == 1 else kind.plural}", class_="quiet"),
            table(
                [label_of(portal.crm, kind, name) for name in columns(kind)] + ["Last modified"],
                rows,
                "No record matches." if query else "Nothing here.",
                kind.plural.capitalize(),
            ),
            _pages(portal, kind, query, archived, after, following),
            current="Accounts",
        )


def _find(
    crm: Crm, kind: ObjectType, query: str, after: int, *, archived: bool
) -> tuple[list[Record], int | None, int]:
    """By id without a query; with one by rank, as search pages do."""
    if archived:
        records, following = crm.table(kind).page(after, ROWS, archived=True)
        return records, following, len(crm.table(kind).archived)
    if not query:
        records, following = crm.table(kind).page(after, ROWS)
        return records, following, len(crm.table(kind))
    place = min(after, WALL - ROWS)
    found = search(crm, kind, SearchRequest((), query[:200], None, False, ROWS, place, ()))
    return list(found.records), found.following, found.total


def _row(portal: Portal, kind: ObjectType, record: Record) -> list[Child]:
    first, *rest = columns(kind)
    name = shown(portal.crm, kind, record, first) or f"{kind.title} {record.id}"
    link = el("a", name, href=record_address(portal, kind.type_id, record.id))
    return [
        link,
        *(_cell(portal, kind, record, each) for each in rest),
        el("span", iso(record.updated_at)[:16].replace("T", " "), class_="when"),
    ]


def _cell(portal: Portal, kind: ObjectType, record: Record, name: str) -> Child:
    text = shown(portal.crm, kind, record, name)
    return el("span", text, class_="when") if name == "closedate" else text


def _tabs(portal: Portal, kind: ObjectType, archived: bool) -> Markup:
    links = [
        el(
            "a",
            each.plural.capitalize(),
            href=list_address(portal, each.type_id),
            aria_current="page" if each is kind and not archived else None,
        )
        for each in portal.crm.types
    ]
    bin_ = el(
        "a",
        f"Archived {kind.plural}",
        href=list_address(portal, kind.type_id) + "?archived=1",
        aria_current="page" if archived else None,
    )
    return el("nav", links, bin_, class_="tabs", aria_label="Kinds of records")


def _search_form(portal: Portal, kind: ObjectType, query: str, archived: bool) -> Child:
    if archived:
        return el("p", "Archived records are kept for 90 days. Open one to restore it.", class_="quiet")
    new = f"/contacts/{portal.hub_id}/objects/{kind.type_id}/new"
    return el(
        "form",
        field(f"Search {kind.plural}", el("input", type="search", name="q", value=query)),
        el("p", button("Search"), el("a", f"New {kind.name}", href=new), class_="actions"),
        action=list_address(portal, kind.type_id),
        role="search",
    )


def _pages(portal: Portal, kind: ObjectType, query: str, archived: bool, after: int, following: int | None) -> Child:
    base = {"q": query} if query else {}
    if archived:
        base["archived"] = "1"
    address = list_address(portal, kind.type_id)
    first = el("a", "First page", href=f"{address}?{urlencode(base)}") if after else el("span")
    more = el("a", "Next page", href=f"{address}?{urlencode(base | {'after': following})}") if following else None
    return el("nav", first, more, class_="pages", aria_label="Pages") if after or following else None


class NewRecord(Page):
    def on_get(self, _req: falcon.Request, resp: falcon.Response, hub_id: str, type_id: str) -> None:
        portal = self.portal(hub_id)
        self._show(resp, portal, portal.crm.object_type(type_id), {}, None)

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str, type_id: str) -> None:
        portal = self.portal(hub_id)
        kind = portal.crm.object_type(type_id)
        values = {name: value for name, value in self.form(req).items() if value.strip()}
        change = {"op": "create", "object_type": kind.name, "properties": values}
        result = apply_changes(portal, {"changes": [change]})["results"][0]
        if result["error"]:
            self._show(resp, portal, kind, values, result["error"])
        else:
            back_to(resp, record_address(portal, kind.type_id, result["id"]))

    def _show(
        self, resp: falcon.Response, portal: Portal, kind: ObjectType, values: dict[str, str], error: str | None
    ) -> None:
        with portal.crm.lock:
            fields = inputs(portal.crm, kind, values)
        show(
            resp,
            f"New {kind.name}",
            el(
                "p",
                el("a", "Accounts", href="/"),
                " › ",
                el("a", f"{kind.plural.capitalize()} of {portal.name}", href=list_address(portal, kind.type_id)),
                class_="crumbs",
            ),
            el("h1", f"New {kind.name}"),
            notice(error, bad=True) if error else None,
            el(
                "form",
                el("div", fields, class_="grid"),
                el("p", button(f"Create {kind.name}", kind="main"), class_="actions"),
                method="post",
            ),
            status=400 if error else 200,
            current="Accounts",
        )
