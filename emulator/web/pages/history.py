"""What happened to a record: the versions of its properties, who set them, and a way back."""

from __future__ import annotations

import falcon

from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record, Source, Version
from emulator.crm.store import Crm
from emulator.portals import Portal
from emulator.web.html import Child, Markup, el
from emulator.web.pages.forms import act, whole
from emulator.web.pages.kinds import kind_of, label_of, name_of, plural, value_in_words
from emulator.web.pages.layout import heading, section, trail
from emulator.web.pages.page import NoSuchPage, Page, account_address, list_address, record_address
from emulator.web.pages.tables import Column, minute, pager, table

_ROWS = 100


def _versions(record: Record, name: str | None = None) -> list[tuple[str, Version]]:
    """Newest first; without a name, those of all properties that changed after creation."""
    names = [name] if name else list(record.history or {})
    found = [(each, version) for each in names for version in record.versions(each)]
    return sorted(found, key=lambda row: row[1].at, reverse=True)


def changes_table(portal: Portal, kind: ObjectType, record: Record, most: int) -> Markup:
    rows = [_row(portal, kind, record, name, version) for name, version in _versions(record)[:most]]
    return table("Recent changes", ("When", "Property", "Value", "By"), rows, "Nothing changed since it was created.")


def _row(portal: Portal, kind: ObjectType, record: Record, name: str, version: Version) -> list[Child]:
    crm = portal.crm
    address = f"{record_address(portal, kind.type_id, record.id)}/history/{name}"
    return [
        minute(version.at),
        el("a", label_of(crm, kind, name), href=address, title=name),
        _value(crm, kind, name, version.value),
        _author(portal, version.source),
    ]


def _value(crm: Crm, kind: ObjectType, name: str, value: str) -> Child:
    definition = crm.schema(kind).get(name)
    shown = value_in_words(crm, kind, definition, value) if definition else value
    return shown if shown else el("span", "cleared", class_="quiet")


def _author(portal: Portal, source: Source) -> Markup:
    user = portal.user(source.user_id) if source.user_id is not None else None
    who = (user.name or user.email) if user else source.label or source.id
    return el("span", who, title=f"{source.type} {source.id}")


class History(Page):
    """/contacts/{hub_id}/record/{type_id}/{record_id}/history, and …/history/{name}"""

    def on_get(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        hub_id: str,
        type_id: str,
        record_id: str,
        name: str | None = None,
    ) -> None:
        portal = self.portal(hub_id)
        kind = kind_of(portal.crm, type_id)
        start = whole(req.get_param("after")) or 0
        with portal.crm.lock:
            crm = portal.crm
            record = crm.table(kind).records.get(whole(record_id) or 0)
            if record is None:
                raise NoSuchPage(f"There is no record {record_id[:30]}.")
            title = label_of(crm, kind, name) if name else "Changes"
            of = name_of(crm, kind, record)
            versions = _versions(record, name)
            rows = [
                [*_row(portal, kind, record, each, version), _back(portal, kind, record, each, version)]
                for each, version in versions[start : start + _ROWS]
            ]
        nothing = "It never had a value." if name else "Nothing has changed since the record was created."
        following = {"after": start + _ROWS} if len(versions) > start + _ROWS else None
        self.show(
            resp,
            f"{title} of {of}",
            heading(
                title,
                crumbs=trail(
                    ("Accounts", "/"),
                    (portal.name, account_address(portal)),
                    (plural(kind), list_address(portal, kind.type_id)),
                    (of, record_address(portal, kind.type_id, record.id)),
                ),
            ),
            section(
                f"{len(versions):,} version{'' if len(versions) == 1 else 's'}",
                table(title, ("When", "Property", "Value", "By", Column("", "acts")), rows, nothing),
                pager(req.path, {}, first=start > 0, following=following),
                note=el("code", name) if name else "Of the properties that changed after the record was created.",
            ),
            current="Accounts",
        )


def _back(portal: Portal, kind: ObjectType, record: Record, name: str, version: Version) -> Child:
    """The value it had can be set again; that is a change like any other."""
    definition = portal.crm.schema(kind).get(name)
    if record.archived_at or definition is None or definition.read_only or record.values.get(name, "") == version.value:
        return None
    address = record_address(portal, kind.type_id, record.id)
    spoken = f"Set {definition.label} back to {version.value or 'nothing'}"
    return act("Set again", {":op": "update", name: version.value}, address, spoken=spoken)
