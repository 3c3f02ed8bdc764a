"""One record: its properties to edit, what it is associated with, what happened to it."""

from __future__ import annotations

from typing import Any

import falcon

from emulator.control.changes import apply_changes
from emulator.crm import partners
from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.errors import ResourceNotFound
from emulator.instants import iso
from emulator.portals import Portal
from emulator.web.html import Child, Markup, el
from emulator.web.pages.accounts import Page, list_address, record_address
from emulator.web.pages.inputs import inputs, label_of, name_of
from emulator.web.pages.layout import back_to, button, field, notice, show, table

_PARTNERS = 50
_VERSIONS = 30


class RecordPage(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response, hub_id: str, type_id: str, record_id: str) -> None:
        portal = self.portal(hub_id)
        kind = portal.crm.object_type(type_id)
        number = int(record_id) if record_id.isdigit() else -1
        with portal.crm.lock:
            current = portal.crm.table(kind).resolve(number)
        if current != number:
            back_to(resp, record_address(portal, kind.type_id, current))
            return
        self._show(resp, portal, kind, current, notice("Saved.") if req.get_param("saved") else None)

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str, type_id: str, record_id: str) -> None:
        portal = self.portal(hub_id)
        kind = portal.crm.object_type(type_id)
        change = _change(kind, record_id, self.form(req))
        result = apply_changes(portal, {"changes": [change]})["results"][0]
        if result["error"]:
            self._show(resp, portal, kind, int(record_id), notice(result["error"], bad=True), status=400)
        elif change["op"] == "privacy_delete":
            back_to(resp, list_address(portal, kind.type_id))
        else:
            back_to(resp, record_address(portal, kind.type_id, result["id"]) + "?saved=1")

    def _show(
        self,
        resp: falcon.Response,
        portal: Portal,
        kind: ObjectType,
        record_id: int,
        message: Child,
        status: int = 200,
    ) -> None:
        crm = portal.crm
        with crm.lock:
            record = crm.table(kind).records.get(record_id)
            if record is None:
                raise ResourceNotFound
            name = name_of(crm, kind, record)
            content = _archived(record) if record.archived_at else _live(portal, kind, record)
            details = _details(crm, kind, record)
        show(
            resp,
            name,
            el(
                "p",
                el("a", "Accounts", href="/"),
                " › ",
                el("a", f"{kind.plural.capitalize()} of {portal.name}", href=list_address(portal, kind.type_id)),
                class_="crumbs",
            ),
            el("h1", name),
            message,
            content,
            details,
            status=status,
            current="Accounts",
        )


def _change(kind: ObjectType, record_id: str, form: dict[str, str]) -> dict[str, Any]:
    """What the form asks for, in the words of the control API."""
    op = form.pop("op", "update")
    change: dict[str, Any] = {"op": op, "object_type": kind.name, "id": record_id}
    if op == "update":
        change["properties"] = form
    elif op == "merge":
        # The record on this page is the primary one; the other is merged into it.
        change |= {"id": form.get("other", ""), "into": record_id}
    elif op in ("associate", "disassociate"):
        change["to"] = {"object_type": form.get("to_type", ""), "id": form.get("to_id", "")}
    return change


def _archived(record: Record) -> Child:
    return [
        notice(f"Archived {iso(record.archived_at or 0)}. HubSpot keeps it for 90 days."),
        _act("restore", "Restore", "main"),
    ]


def _act(op: str, text: str, kind: str = "", *fields: Child) -> Markup:
    return el("form", el("input", type="hidden", name="op", value=op), fields, button(text, kind=kind), method="post")


def _live(portal: Portal, kind: ObjectType, record: Record) -> Child:
    left = [
        el("h2", "Properties"),
        el(
            "form",
            el("div", inputs(portal.crm, kind, record.values), class_="grid"),
            el("p", button("Save", kind="main"), class_="actions"),
            method="post",
        ),
    ]
    right = [
        el("h2", "Associations"),
        [_partners(portal, kind, record, to_type) for to_type in portal.crm.types],
        _associate_form(portal),
        el("h2", "Merge"),
        _act("merge", "Merge", "", field(f"Id of the {kind.name} to merge into this one", _number("other"))),
        el("h2", "Delete"),
        el("div", _act("archive", "Archive"), _act("privacy_delete", "Delete for privacy", "danger"), class_="actions"),
    ]
    return el("div", el("div", left), el("div", right), class_="columns")


def _number(name: str) -> Markup:
    return el("input", name=name, inputmode="numeric", pattern="[0-9]+", required=True, autocomplete="off")


def _partners(portal: Portal, kind: ObjectType, record: Record, to_type: ObjectType) -> Child:
    crm = portal.crm
    found, more = partners.page(crm, kind, record.id, to_type, 0, _PARTNERS)
    if not found:
        return None
    rows: list[list[Child]] = []
    for partner in found:
        name = name_of(crm, to_type, crm.table(to_type).records[partner.record_id])
        labels = ", ".join(type_.label for type_ in partner.types if type_.label)
        link = el("a", name, href=record_address(portal, to_type.type_id, partner.record_id))
        rows.append([el("span", link, f" ({labels})" if labels else ""), _remove(to_type, partner.record_id, name)])
    return [
        table([to_type.plural.capitalize(), ""], rows, "", f"Associated {to_type.plural}"),
        el("p", f"Only the first {_PARTNERS} are shown.", class_="quiet") if more else None,
    ]


def _remove(to_type: ObjectType, to_id: int, name: str) -> Markup:
    return el(
        "form",
        el("input", type="hidden", name="op", value="disassociate"),
        el("input", type="hidden", name="to_type", value=to_type.name),
        el("input", type="hidden", name="to_id", value=to_id),
        button("Remove", aria_label=f"Remove {name}"),
        method="post",
    )


def _associate_form(portal: Portal) -> Markup:
    kinds = el("select", [el("option", kind.title, value=kind.name) for kind in portal.crm.types], name="to_type")
    return el(
        "form",
        el("input", type="hidden", name="op", value="associate"),
        el(
            "div",
            field("Associate with a", kinds),
            field("Record id", _number("to_id")),
            button("Associate"),
            class_="row",
        ),
        method="post",
    )


def _details(crm: Crm, kind: ObjectType, record: Record) -> Child:
    system = [
        ["Record id", str(record.id)],
        ["Created", f"{iso(record.created_at)} by {record.origin.type} {record.origin.id}"],
        ["Last modified", iso(record.updated_at)],
    ]
    derived = [
        [label_of(crm, kind, name), value]
        for name, derive in crm.derived(kind).items()
        if name not in ("hs_object_id", kind.created_property, kind.modified_property) and (value := derive(record))
    ]
    rows: list[list[Child]] = [[*each] for each in system + derived]
    return [
        el("h2", "Set by HubSpot"),
        table(["Property", "Value"], rows, "", "Set by HubSpot"),
        el("h2", "History"),
        table(["When", "Property", "Value", "By"], _history(crm, kind, record), "No change since creation.", "History"),
    ]


def _history(crm: Crm, kind: ObjectType, record: Record) -> list[list[Child]]:
    """The latest changes of any property, newest first."""
    versions = sorted(
        ((version.at, name, version) for name in record.history or {} for version in record.versions(name)),
        key=lambda each: each[0],
        reverse=True,
    )
    return [
        [iso(at), label_of(crm, kind, name), version.value or "(cleared)", f"{version.source.type} {version.source.id}"]
        for at, name, version in versions[:_VERSIONS]
    ]
