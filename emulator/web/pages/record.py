"""One record: its properties to edit, what it is associated with, what happened to it, and what can be done to it."""

from __future__ import annotations

from typing import Any

import falcon

from emulator.control.changes import apply_changes
from emulator.crm.object_types import ObjectType
from emulator.crm.properties import Property
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.instants import iso
from emulator.portals import Portal
from emulator.web.html import Child, Markup, el
from emulator.web.pages.card import cards_section
from emulator.web.pages.forms import Form, act, button, confirmed, digits, field, hidden, post, read_form, select, whole
from emulator.web.pages.history import changes_table
from emulator.web.pages.inputs import changed_values, control, usual, writable
from emulator.web.pages.kinds import kind_of, label_of, name_of, plural, singular
from emulator.web.pages.layout import back_to, heading, notice, section, success, trail
from emulator.web.pages.page import NoSuchPage, Page, account_address, list_address, record_address, said
from emulator.web.pages.partners import Unclear, associate_form, associations, chosen_partners, undo_disassociate
from emulator.web.pages.tables import chip, facts, minute, table

_CHANGES = 8


class RecordPage(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response, hub_id: str, type_id: str, record_id: str) -> None:
        portal = self.portal(hub_id)
        kind = kind_of(portal.crm, type_id)
        number = whole(record_id)
        if number is None:
            raise NoSuchPage(f"There is no {singular(kind)} {record_id[:30]}: its id is a number.")
        with portal.crm.lock:
            current = portal.crm.table(kind).resolve(number)
        if current != number:
            back_to(resp, record_address(portal, kind.type_id, current))
            return
        self._show(req, resp, portal, kind, current, _done(req, kind))

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str, type_id: str, record_id: str) -> None:
        portal, form = self.portal(hub_id), read_form(req)
        kind = kind_of(portal.crm, type_id)
        op = form.text(":op", "update")
        with portal.crm.lock:
            record = portal.crm.table(kind).records.get(whole(record_id) or 0)
        if record is None:
            raise NoSuchPage(f"There is no {singular(kind)} {record_id[:30]} any more.")
        error, result_id = _carry_out(portal, kind, record, op, form)
        if error:
            failed = form if op == "update" else None
            self._show(req, resp, portal, kind, record.id, notice(error, bad=True), status=400, failed=failed)
        elif op == "privacy_delete":
            back_to(resp, said(list_address(portal, kind.type_id), "deleted"))
        else:
            address = record_address(portal, kind.type_id, result_id)
            back_to(resp, said(address, op, **undo_disassociate(form)) if op == "disassociate" else said(address, op))

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        portal: Portal,
        kind: ObjectType,
        record_id: int,
        message: Child,
        *,
        status: int = 200,
        failed: Form | None = None,
    ) -> None:
        crm = portal.crm
        cards = cards_section(self.emulator.apps_with_card(portal.hub_id), portal, kind, record_id)
        with crm.lock:
            record = crm.table(kind).records.get(record_id)
            if record is None:
                raise NoSuchPage(f"There is no {singular(kind)} {record_id} in {portal.name}.")
            name = name_of(crm, kind, record)
            body = (
                _archived(portal, kind, record)
                if record.archived_at
                else _live(req, portal, kind, record, failed, cards)
            )
            top = _top(portal, kind, record, name)
        self.show(resp, name, top, message, body, status=status, current="Accounts")


def _carry_out(portal: Portal, kind: ObjectType, record: Record, op: str, form: Form) -> tuple[str | None, str]:
    """What is wrong with it, or the id of the record that it leaves."""
    try:
        with portal.crm.lock:
            changes = _changes(portal.crm, kind, record, op, form)
    except Unclear as unclear:
        return str(unclear), ""
    body: dict[str, Any] = {"changes": changes}
    user_id = form.number(":user")
    if user_id is not None and portal.user(user_id) is not None:
        body["user_id"] = user_id
    results = apply_changes(portal, body)["results"]
    return next((each["error"] for each in results if each["error"]), None), str(results[-1]["id"])


def _changes(crm: Crm, kind: ObjectType, record: Record, op: str, form: Form) -> list[dict[str, Any]]:
    """What the form asks for, in the words of the control API. Raises Unclear."""
    change: dict[str, Any] = {"op": op, "object_type": kind.type_id, "id": str(record.id)}
    if op == "update":
        seen = form.number(":seen")
        before = record.as_of(seen) if seen else record
        change["properties"] = changed_values(crm, kind, before, form)
    elif op == "merge":
        # The record on this page is the primary one; the other is merged into it.
        change |= {"id": form.text(":other"), "into": str(record.id)}
    elif op in ("associate", "disassociate"):
        return [change | {"to": to} for to in chosen_partners(crm, form)]
    return [change]


def _done(req: falcon.Request, kind: ObjectType) -> Child:
    match req.get_param("done"):
        case "update":
            return success("Saved.")
        case "create":
            return success(f"The {singular(kind)} is created.")
        case "archive":
            return success("Archived. ", act("Undo", {":op": "restore"}))
        case "restore":
            return success(f"The {singular(kind)} is back, with its associations.")
        case "merge":
            return success("Merged. This is a new record; the addresses of both old ones lead here.")
        case "associate":
            return success("Associated.")
        case "disassociate":
            undo = {f":{name}": req.get_param(name) or "" for name in ("to", "types")}
            return success("Removed from the association. ", act("Undo", {":op": "associate", **undo}))
    return None


def _top(portal: Portal, kind: ObjectType, record: Record, name: str) -> Markup:
    archived = chip("archived", "warn") if record.archived_at else None
    return heading(
        name,
        None if archived else act("Archive", {":op": "archive"}),
        crumbs=trail(
            ("Accounts", "/"),
            (portal.name, account_address(portal)),
            (plural(kind), list_address(portal, kind.type_id)),
        ),
        below=[
            archived,
            facts(
                [
                    ("Record id", el("code", str(record.id))),
                    ("Type", f"{kind.title} ({kind.type_id})"),
                    ("Created", [minute(record.created_at), f" by {record.origin.type}"]),
                    ("Last modified", minute(record.updated_at)),
                ]
            ),
        ],
    )


def _archived(portal: Portal, kind: ObjectType, record: Record) -> Child:
    history = f"{record_address(portal, kind.type_id, record.id)}/history"
    rows: list[list[Child]] = [
        [el("a", label_of(portal.crm, kind, name), href=f"{history}/{name}"), el("code", name), value]
        for name, value in sorted(record.values.items())
    ]
    return [
        notice(f"Archived {iso(record.archived_at or 0)}. HubSpot keeps it for 90 days, then it is gone."),
        el(
            "div",
            act("Restore", {":op": "restore"}, kind="main"),
            confirmed(
                "Delete for good",
                "The record and its history go. This cannot be undone.",
                fields={":op": "privacy_delete"},
            ),
            class_="actions",
        ),
        section("What it held", table("What it held", ("Property", "Name", "Value"), rows, "Nothing.")),
    ]


def _live(
    req: falcon.Request, portal: Portal, kind: ObjectType, record: Record, failed: Form | None, cards: Child
) -> Markup:
    crm = portal.crm
    left = [_properties(req, portal, kind, record, failed), _system(crm, kind, record)]
    right = [
        cards,
        section("Associations", associations(portal, kind, record), associate_form(crm, kind)),
        section(
            "Recent changes",
            changes_table(portal, kind, record, _CHANGES),
            beside=el("a", "All changes", href=f"{record_address(portal, kind.type_id, record.id)}/history"),
        ),
        section("Merge and delete", el("div", _merge(kind), _delete(kind), class_="actions")),
    ]
    return el("div", el("div", left), el("div", right), class_="columns")


def _properties(req: falcon.Request, portal: Portal, kind: ObjectType, record: Record, failed: Form | None) -> Markup:
    crm = portal.crm
    added = req.get_param("add") or ""
    everything = req.get_param("all") == "1"
    values = dict(record.values)
    if failed is not None:
        values |= {name: ";".join(filter(None, failed.all(name))) for name in failed.names() if name[:1] != ":"}
    shown = writable(crm, kind) if everything else usual(crm, kind, values, (added,))
    shown.sort(key=lambda each: each.name != added)
    controls = [control(crm, kind, each, values.get(each.name, ""), focus=each.name == added) for each in shown]
    users = [(str(user.user_id), f"as {user.email}") for user in portal.users]
    return section(
        "Properties",
        post(
            hidden({":op": "update", ":seen": record.updated_at}),
            el("div", controls, class_="grid"),
            el(
                "p",
                button("Save", kind="main"),
                select(":user", users, aria_label="Save as this user") if len(users) > 1 else None,
                class_="actions sticky",
            ),
        ),
        _add(req.path, [each for each in writable(crm, kind) if each not in shown]),
    )


def _add(path: str, others: list[Property]) -> Child:
    """Choosing one shows its control; nothing is written before that is saved."""
    if not others:
        return None
    options = [
        (each.name, f"{each.label} ({each.name})") for each in sorted(others, key=lambda each: each.label.lower())
    ]
    return el(
        "form",
        field(f"Add one of {len(others)} more properties", select("add", options)),
        el(
            "div",
            button("Add property"),
            el("a", "Show all", href=f"{path}?all=1", class_="button quiet"),
            class_="actions",
        ),
        method="get",
        action=path,
        class_="filters",
    )


def _system(crm: Crm, kind: ObjectType, record: Record) -> Markup:
    derived = {name: value for name, derive in crm.derived(kind).items() if (value := derive(record))}
    read_only = {name: value for name, value in record.values.items() if _read_only(crm, kind, name)}
    rows: list[list[Child]] = [
        [label_of(crm, kind, name), el("code", name), value] for name, value in sorted({**derived, **read_only}.items())
    ]
    return section("Set by HubSpot", table("Set by HubSpot", ("Property", "Name", "Value"), rows, "Nothing."))


def _read_only(crm: Crm, kind: ObjectType, name: str) -> bool:
    definition = crm.schema(kind).get(name)
    return definition is None or definition.read_only or definition.hidden


def _merge(kind: ObjectType) -> Markup:
    return confirmed(
        "Merge",
        f"Another {singular(kind)} is merged into this one. This one's values win, the other's fill the gaps, and both"
        " ids lead to a new record. This cannot be undone.",
        field(f"Id of the other {singular(kind)}", digits(":other", required=True)),
        fields={":op": "merge"},
    )


def _delete(kind: ObjectType) -> Markup:
    return confirmed(
        "Delete for privacy",
        f"The {singular(kind)}, its history and its associations go for good, as the GDPR asks. This cannot be undone.",
        fields={":op": "privacy_delete"},
    )
