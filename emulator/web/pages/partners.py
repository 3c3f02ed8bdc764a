"""What a record is associated with: labels added and taken away, partners found by their names."""

from __future__ import annotations

from typing import Any

import falcon

from emulator.crm import partners
from emulator.crm.association_types import HUBSPOT_DEFINED, USER_DEFINED, AssociationType
from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record
from emulator.crm.search.engine import search
from emulator.crm.search.request import SearchRequest
from emulator.crm.store import Crm
from emulator.portals import Portal
from emulator.web.html import Child, Markup, el
from emulator.web.pages.forms import Form, act, button, field, hidden, post, text, whole
from emulator.web.pages.kinds import kind_of, kinds_of, name_of, plural, types_from
from emulator.web.pages.layout import heading, trail
from emulator.web.pages.page import NoSuchPage, Page, account_address, list_address, record_address
from emulator.web.pages.tables import Column, pager, table

_SHOWN = 6
_ROWS = 50
_FOUND = 2


def associations(portal: Portal, kind: ObjectType, record: Record) -> Child:
    """The first few of each kind."""
    groups = [_group(portal, kind, record, to_kind) for to_kind in kinds_of(portal.crm)]
    shown = [group for group in groups if group is not None]
    return shown or el("p", "Associated with nothing yet.", class_="quiet")


def _group(portal: Portal, kind: ObjectType, record: Record, to_kind: ObjectType) -> Child:
    crm = portal.crm
    found, more = partners.page(crm, kind, record.id, to_kind, 0, _SHOWN)
    if not found:
        return None
    total = len(crm.links.targets(kind, record.id, to_kind))
    address = f"{record_address(portal, kind.type_id, record.id)}/associations/{to_kind.type_id}"
    rest = el("a", f"All {total:,} {plural(to_kind).lower()}", href=address) if more else None
    return [_table(portal, kind, record, to_kind, found), el("p", rest) if rest else None]


def _table(
    portal: Portal, kind: ObjectType, record: Record, to_kind: ObjectType, found: list[partners.Partner]
) -> Markup:
    rows = [_row(portal, kind, record, to_kind, partner) for partner in found]
    return table(f"Associated {plural(to_kind).lower()}", (plural(to_kind), "Labels", Column("", "acts")), rows, "")


def _row(
    portal: Portal, kind: ObjectType, record: Record, to_kind: ObjectType, partner: partners.Partner
) -> list[Child]:
    crm = portal.crm
    address = record_address(portal, kind.type_id, record.id)
    name = name_of(crm, to_kind, crm.table(to_kind).records[partner.record_id])
    to = f"{to_kind.type_id}:{partner.record_id}"
    labels = [_label(address, to, type_, name) for type_ in partner.types if type_.label]
    return [
        el("a", name, href=record_address(portal, to_kind.type_id, partner.record_id)),
        el("span", labels, class_="several") if labels else None,
        act(
            "Remove",
            {":op": "disassociate", ":to": to, ":types": ",".join(str(type_.key) for type_ in partner.types)},
            address,
            spoken=f"Remove {name}",
        ),
    ]


def _label(address: str, to: str, type_: AssociationType, name: str) -> Markup:
    key = str(type_.key)
    return post(
        hidden({":op": "disassociate", ":to": to, ":type": key, ":types": key}),
        el("span", type_.label),
        button("×", aria_label=f"Take the label {type_.label} from {name}", title="Take this label away"),
        action=address,
        class_="label",
    )


def undo_disassociate(form: Form) -> dict[str, str]:
    """What a link needs to know to put an association back."""
    return {"to": form.text(":to"), "types": form.text(":types")}


def associate_form(crm: Crm, kind: ObjectType) -> Markup:
    """One choice says which kind of record, and with which label."""
    groups = []
    for to_kind in kinds_of(crm):
        types = types_from(crm, kind, to_kind)
        if not types:
            continue
        default = el("option", to_kind.title, value=to_kind.type_id)
        labels = [
            el("option", f"{to_kind.title}: {type_.label}", value=f"{to_kind.type_id}:{type_.key}")
            for type_ in types
            if type_.label
        ]
        groups.append([default, labels])
    if not groups:
        return el("p", "This type of record cannot be associated.", class_="quiet")
    return post(
        hidden({":op": "associate"}),
        field("Associate with a", el("select", groups, name=":kind")),
        field("Record", text(":find", "", required=True, placeholder="id or name")),
        el("div", button("Associate"), class_="actions"),
        class_="filters",
    )


def chosen_partners(crm: Crm, form: Form) -> list[dict[str, Any]]:
    """The other record and the types of association, in the words of the control API.

    A row says both: `:to`, and `:type` where one label only is taken away. An undo has `:types`. The form for a new
    association says a kind with a label, and words to find the record by. Raises Unclear.
    """
    if ":to" in form:
        kind_name, _, record_id = form.text(":to").partition(":")
        types = form.text(":type") if form.text(":op") == "disassociate" else form.text(":types")
    else:
        kind_name, _, types = form.text(":kind").partition(":")
        record_id = _found(crm, kind_of(crm, kind_name), form.text(":find"))
    to: dict[str, Any] = {"object_type": kind_of(crm, kind_name).type_id, "id": record_id}
    keys = [int(each) for each in types.split(",") if whole(each.removeprefix("-")) is not None]
    return [to | _by_key(key) for key in keys] or [to]


def _by_key(key: int) -> dict[str, Any]:
    """HubSpot's own types have the key of their id, those of the account its negative."""
    return {"type_id": abs(key), "category": HUBSPOT_DEFINED if key > 0 else USER_DEFINED}


def _found(crm: Crm, kind: ObjectType, words: str) -> str:
    """A record's id; words that find exactly one record are as good."""
    if whole(words) is not None:
        return words
    found = search(crm, kind, SearchRequest((), words[:200], None, False, _FOUND, 0, ())) if words else None
    if found is None or found.total == 0:
        raise Unclear(f"No {kind.title.lower()} matches “{words[:60]}”. Enter an id, or other words.")
    if found.total > 1:
        raise Unclear(
            f"{found.total:,} {plural(kind).lower()} match “{words[:60]}”. Enter the id of one, or more words."
        )
    return str(found.records[0].id)


class Unclear(Exception):
    """The words do not name one record; the message says what to enter instead."""


class Partners(Page):
    """/contacts/{hub_id}/record/{type_id}/{record_id}/associations/{to_type_id}"""

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, hub_id: str, type_id: str, record_id: str, to_type_id: str
    ) -> None:
        portal = self.portal(hub_id)
        crm = portal.crm
        kind, to_kind = kind_of(crm, type_id), kind_of(crm, to_type_id)
        after = whole(req.get_param("after")) or 0
        with crm.lock:
            record = crm.table(kind).live_record(whole(record_id) or 0)
            if record is None:
                raise NoSuchPage(f"There is no record {record_id[:30]}.")
            name = name_of(crm, kind, record)
            found, following = partners.page(crm, kind, record.id, to_kind, after, _ROWS)
            rows = _table(portal, kind, record, to_kind, found) if found else el("p", "None.", class_="quiet")
        self.show(
            resp,
            f"{plural(to_kind)} of {name}",
            heading(
                plural(to_kind),
                crumbs=trail(
                    ("Accounts", "/"),
                    (portal.name, account_address(portal)),
                    (plural(kind), list_address(portal, kind.type_id)),
                    (name, record_address(portal, kind.type_id, record.id)),
                ),
            ),
            rows,
            pager(req.path, {}, first=after > 0, following={"after": following} if following else None),
            current="Accounts",
        )
