"""/contacts/v1: all contacts, the latest ones, and single profiles. The lists themselves are gone since April 2026."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import falcon

from emulator.crm import writes
from emulator.crm.object_types import CONTACT
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.errors import ResourceNotFound
from emulator.legacy import recent
from emulator.legacy.contacts import ContactView
from emulator.web.exchange import names, reply
from emulator.web.gate import ApiResource, Caller
from emulator.web.legacy.parameters import count, instant, position


class _ContactResource(ApiResource):
    def permitted(self, req: falcon.Request) -> Caller:
        caller = self.caller(req)
        caller.require(CONTACT.scopes.read)
        return caller


def _with_history(req: falcon.Request, default: str) -> bool:
    return (req.get_param("propertyMode") or default) == "value_and_history"


class AllContacts(_ContactResource):
    """By id; the offset is the last id seen."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm = self.permitted(req).portal.crm
        after = position(req, "vidOffset")
        with crm.lock:
            view = ContactView(crm)
            records, following = crm.table(CONTACT).page(after + 1, count(req, "count", 20, 100))
            shown = [
                view.listed(record, names(req, "property"), history=_history(req), added_at=record.created_at)
                for record in records
            ]
        offset = records[-1].id if records else after
        reply(resp, {"contacts": shown, "has-more": following is not None, "vid-offset": offset})


def _history(req: falcon.Request) -> bool:
    return _with_history(req, "value_only")


class ModifiedContacts(_ContactResource):
    """By last change, newest first. The next page begins behind a time and, at that time, behind an id."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm = self.permitted(req).portal.crm
        at, vid = instant(req, "timeOffset"), position(req, "vidOffset")
        with crm.lock:
            table = crm.table(CONTACT)
            if vid and not at and (last := table.live_record(vid)) is not None:
                at = last.updated_at
            behind = recent.modified(table, self.now() - recent.REACH_MS, (at, vid) if at else None)
            reply(resp, _latest(req, crm, behind, _updated_at))


class NewContacts(_ContactResource):
    """By creation, newest first."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm = self.permitted(req).portal.crm
        at, vid = instant(req, "timeOffset"), position(req, "vidOffset")
        with crm.lock:
            behind = recent.created(crm.table(CONTACT), self.now() - recent.REACH_MS, vid or None)
            if at and not vid:
                behind = (record for record in behind if record.created_at < at)
            reply(resp, _latest(req, crm, behind, _created_at))


def _latest(
    req: falcon.Request, crm: Crm, behind: Iterator[Record], time: Callable[[Record], int]
) -> dict[str, object]:
    view, most = ContactView(crm), count(req, "count", 20, 100)
    found = list(islice(behind, most + 1))
    page = found[:most]
    asked, history = names(req, "property"), _history(req)
    return {
        "contacts": [view.listed(record, asked, history=history, added_at=time(record)) for record in page],
        "has-more": len(found) > most,
        "vid-offset": page[-1].id if page else 0,
        "time-offset": time(page[-1]) if page else 0,
    }


def _updated_at(record: Record) -> int:
    return record.updated_at


def _created_at(record: Record) -> int:
    return record.created_at


class ContactByVid(_ContactResource):
    """A merged-away id leads to the contact that it became."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, vid: str) -> None:
        crm = self.permitted(req).portal.crm
        with crm.lock:
            reply(resp, _profile(req, crm, vid, None))


class ContactByEmail(_ContactResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, email: str) -> None:
        crm = self.permitted(req).portal.crm
        with crm.lock:
            reply(resp, _profile(req, crm, email, "email"))


def _profile(req: falcon.Request, crm: Crm, text: str, id_property: str | None) -> dict[str, object]:
    try:
        record = writes.find(crm, CONTACT, text, id_property)
    except ResourceNotFound:
        raise ResourceNotFound("contact does not exist") from None
    history = _with_history(req, "value_and_history")
    return ContactView(crm).profile(record, names(req, "property"), history=history)
