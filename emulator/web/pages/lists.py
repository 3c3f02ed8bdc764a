"""The records of a kind, searched, sorted and paged; and the form for a new one."""

from __future__ import annotations

import falcon

from emulator.control.changes import apply_changes
from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record
from emulator.crm.search.engine import search
from emulator.crm.search.request import WALL, SearchRequest
from emulator.crm.store import Crm
from emulator.portals import Portal
from emulator.web.html import Child, Markup, el
from emulator.web.pages.forms import Form, button, field, post, read_form, select, text, whole
from emulator.web.pages.inputs import control, entered_values, usual, writable
from emulator.web.pages.kinds import columns_of, in_words, kind_of, kinds_of, label_of, plural, singular
from emulator.web.pages.layout import back_to, heading, notice, success, trail
from emulator.web.pages.page import Page, account_address, list_address, new_record_address, record_address, said
from emulator.web.pages.tables import Column, link_with, minute, nothing, pager, table

ROWS = 25


class RecordList(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response, hub_id: str, type_id: str) -> None:
        portal = self.portal(hub_id)
        crm = portal.crm
        kind = kind_of(crm, type_id)
        query = {name: (req.get_param(name) or "").strip() for name in ("q", "sort", "archived")}
        if crm.schema(kind).get(query["sort"].removeprefix("-")) is None:
            query["sort"] = ""
        after = whole(req.get_param("after")) or 0
        with crm.lock:
            records, following, total = _find(crm, kind, query, after)
            rows = [_row(portal, kind, record) for record in records]
            archived = len(crm.table(kind).archived)
        address = list_address(portal, kind.type_id)
        self.show(
            resp,
            f"{plural(kind)} of {portal.name}",
            heading(
                plural(kind),
                el("a", f"New {singular(kind)}", href=new_record_address(portal, kind.type_id), class_="button main")
                if kind.creatable
                else None,
                crumbs=trail(("Accounts", "/"), (portal.name, account_address(portal))),
            ),
            success("Deleted for good.") if req.get_param("done") == "deleted" else None,
            _kinds(portal, kind),
            _search(portal, kind, query, total, archived),
            table(plural(kind), _headings(crm, kind, address, query), rows, _empty(portal, kind, query)),
            pager(address, query, first=after > 0, following={"after": following} if following else None),
            current="Accounts",
        )


def _find(crm: Crm, kind: ObjectType, query: dict[str, str], after: int) -> tuple[list[Record], int | None, int]:
    """By id unless something is asked for; otherwise by rank, as search pages do."""
    table_ = crm.table(kind)
    if query["archived"]:
        records, following = table_.page(after, ROWS, archived=True)
        return records, following, len(table_.archived)
    if not query["q"] and not query["sort"]:
        records, following = table_.page(after, ROWS)
        return records, following, len(table_)
    if (exact := _by_id(crm, kind, query["q"])) is not None:
        return [exact], None, 1
    name, descending = query["sort"].removeprefix("-"), query["sort"].startswith("-")
    asked = SearchRequest((), query["q"][:200], name or None, descending, ROWS, min(after, WALL - ROWS), ())
    found = search(crm, kind, asked)
    following = found.following if found.following and found.following < WALL else None
    return list(found.records), following, found.total


def _by_id(crm: Crm, kind: ObjectType, words: str) -> Record | None:
    number = whole(words)
    return None if number is None else crm.table(kind).live_record(number)


def _headings(crm: Crm, kind: ObjectType, address: str, query: dict[str, str]) -> list[Column]:
    """A click sorts by a column, a second one the other way round."""
    now = query["sort"]
    names = [*columns_of(crm, kind), kind.modified_property]
    columns = []
    for name in names:
        order = {name: "ascending", f"-{name}": "descending"}.get(now)
        to = link_with(address, query, sort=f"-{name}" if now == name else name)
        href = None if query["archived"] or crm.schema(kind).get(name) is None else to
        columns.append(Column(label_of(crm, kind, name), href=href, sorted=order))
    return [Column("Id", "code"), *columns]


def _row(portal: Portal, kind: ObjectType, record: Record) -> list[Child]:
    first, *rest = columns_of(portal.crm, kind)
    name = in_words(portal.crm, kind, record, first) or f"{kind.title} {record.id}"
    return [
        str(record.id),
        el("a", name, href=record_address(portal, kind.type_id, record.id)),
        *(in_words(portal.crm, kind, record, each) for each in rest),
        minute(record.updated_at),
    ]


def _kinds(portal: Portal, kind: ObjectType) -> Markup:
    """The types that hold something, and this one."""
    with portal.crm.lock:
        shown = [each for each in kinds_of(portal.crm) if each is kind or len(portal.crm.table(each))]
    links = [
        el(
            "a",
            plural(each),
            href=list_address(portal, each.type_id),
            aria_current="page" if each is kind else None,
        )
        for each in shown
    ]
    return el(
        "nav", links, el("a", "All types", href=account_address(portal)), class_="tabs", aria_label="Types of records"
    )


def _search(portal: Portal, kind: ObjectType, query: dict[str, str], total: int, archived: int) -> Markup:
    address = list_address(portal, kind.type_id)
    count = f"{total:,} {singular(kind) if total == 1 else plural(kind).lower()}"
    switch: Child
    if query["archived"]:
        switch = el("a", "Back to live records", href=address)
    else:
        switch = el("a", f"Archived ({archived:,})", href=f"{address}?archived=1") if archived else None
    entered = text(
        "q", query["q"], type="search", placeholder="Name, e-mail, id …", aria_label=f"Search {plural(kind)}"
    )
    form = el(
        "form",
        entered,
        button("Search"),
        el("a", "Clear", href=address, class_="button quiet") if query["q"] else None,
        method="get",
        action=address,
        role="search",
        class_="inline",
    )
    return el("div", None if query["archived"] else form, el("p", count, class_="quiet"), switch, class_="bar")


def _empty(portal: Portal, kind: ObjectType, query: dict[str, str]) -> Markup:
    if query["archived"]:
        return nothing("Nothing is archived. What is archived stays here for 90 days.")
    if query["q"]:
        return nothing(
            f"No {singular(kind)} matches “{query['q']}”. As in HubSpot, only the beginnings of words in a few"
            " properties are searched."
        )
    return nothing(
        f"No {plural(kind).lower()} yet. ",
        el("br"),
        el("a", f"New {singular(kind)}", href=new_record_address(portal, kind.type_id), class_="button"),
    )


class NewRecord(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response, hub_id: str, type_id: str) -> None:
        portal = self.portal(hub_id)
        self._show(req, resp, portal, kind_of(portal.crm, type_id), {}, None)

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str, type_id: str) -> None:
        portal, form = self.portal(hub_id), read_form(req)
        kind = kind_of(portal.crm, type_id)
        with portal.crm.lock:
            values = entered_values(portal.crm, kind, form)
        result = apply_changes(portal, _creation(portal, kind, values, form))["results"][0]
        if result["error"]:
            self._show(req, resp, portal, kind, values, result["error"])
        else:
            back_to(resp, said(record_address(portal, kind.type_id, result["id"]), "create"))

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        portal: Portal,
        kind: ObjectType,
        values: dict[str, str],
        error: str | None,
    ) -> None:
        with portal.crm.lock:
            some, every = usual(portal.crm, kind, values), writable(portal.crm, kind)
            all_shown = req.get_param("all") == "1"
            shown = every if all_shown else some
            controls = [control(portal.crm, kind, each, values.get(each.name, "")) for each in shown]
        users = [(str(user.user_id), user.email) for user in portal.users]
        back = list_address(portal, kind.type_id)
        more = (
            None
            if all_shown or len(every) == len(some)
            else el("a", f"Show all {len(every)} properties", href="?all=1")
        )
        self.show(
            resp,
            f"New {singular(kind)}",
            heading(
                f"New {singular(kind)}",
                crumbs=trail(("Accounts", "/"), (portal.name, account_address(portal)), (plural(kind), back)),
            ),
            notice(error, bad=True) if error else None,
            post(
                el("div", controls, class_="grid"),
                el("p", more) if more else None,
                field("Created by", select(":user", users)) if len(users) > 1 else None,
                el(
                    "p",
                    button(f"Create {singular(kind)}", kind="main"),
                    el("a", "Cancel", href=back, class_="button quiet"),
                    class_="actions",
                ),
            ),
            status=400 if error else 200,
            current="Accounts",
        )


def _creation(portal: Portal, kind: ObjectType, values: dict[str, str], form: Form) -> dict[str, object]:
    user_id = form.number(":user")
    body: dict[str, object] = {"changes": [{"op": "create", "object_type": kind.type_id, "properties": values}]}
    return body | ({"user_id": user_id} if user_id is not None and portal.user(user_id) else {})
