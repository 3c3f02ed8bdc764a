"""/contacts/v1: all contacts, the latest ones, and single profiles. The lists themselves are gone since April 2026."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import falcon

from emulator.crm import writes
from emulator.crm.object_types import CONTACT
from emulator.crm.records import Record
from emulator.errors import InvalidInput, ResourceNotFound
from emulator.legacy import recent
from emulator.legacy.contact_traces import SUBMISSION_MODES, TracedContacts, Wish
from emulator.portals import Portal
from emulator.web.exchange import flag, names, reply
from emulator.web.gate import ApiResource, Caller
from emulator.web.legacy.parameters import count, instant, position


class _ContactResource(ApiResource):
    def permitted(self, req: falcon.Request) -> Caller:
        caller = self.caller(req)
        caller.require(CONTACT.scopes.read)
        return caller


def _wish(req: falcon.Request, *, profile: bool = False) -> Wish:
    """A profile tells all unless asked for less, a list little unless asked for more."""
    mode = (req.get_param("formSubmissionMode") or ("all" if profile else "newest")).lower()
    if mode not in SUBMISSION_MODES:
        raise InvalidInput(f"formSubmissionMode must be one of {', '.join(SUBMISSION_MODES)}")
    history = req.get_param("propertyMode") or ("value_and_history" if profile else "value_only")
    memberships = flag(req, "showListMemberships") if req.get_param("showListMemberships") else profile
    return Wish(frozenset(names(req, "property")), history == "value_and_history", mode, memberships)


class AllContacts(_ContactResource):
    """By id; the offset is the last id seen."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.permitted(req).portal
        wish, after = _wish(req), position(req, "vidOffset")
        with portal.crm.lock:
            view = TracedContacts(portal, wish)
            records, following = portal.crm.table(CONTACT).page(after + 1, count(req, "count", 20, 100))
            shown = [view.listed(record, record.created_at) for record in records]
        offset = records[-1].id if records else after
        reply(resp, {"contacts": shown, "has-more": following is not None, "vid-offset": offset})


class ModifiedContacts(_ContactResource):
    """By last change, newest first. The next page begins behind a time and, at that time, behind an id."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.permitted(req).portal
        at, vid = instant(req, "timeOffset"), position(req, "vidOffset")
        with portal.crm.lock:
            table = portal.crm.table(CONTACT)
            if vid and not at and (last := table.live_record(vid)) is not None:
                at = last.updated_at
            behind = recent.modified(table, self.now() - recent.REACH_MS, (at, vid) if at else None)
            reply(resp, _latest(req, portal, behind, _updated_at))


class NewContacts(_ContactResource):
    """By creation, newest first."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.permitted(req).portal
        at, vid = instant(req, "timeOffset"), position(req, "vidOffset")
        with portal.crm.lock:
            behind = recent.created(portal.crm.table(CONTACT), self.now() - recent.REACH_MS, vid or None)
            if at and not vid:
                behind = (record for record in behind if record.created_at < at)
            reply(resp, _latest(req, portal, behind, _created_at))


def _latest(
    req: falcon.Request, portal: Portal, behind: Iterator[Record], time: Callable[[Record], int]
) -> dict[str, object]:
    view, most = TracedContacts(portal, _wish(req)), count(req, "count", 20, 100)
    found = list(islice(behind, most + 1))
    page = found[:most]
    return {
        "contacts": [view.listed(record, time(record)) for record in page],
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
        portal = self.permitted(req).portal
        with portal.crm.lock:
            reply(resp, _profile(req, portal, vid, None))


class ContactByEmail(_ContactResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, email: str) -> None:
        portal = self.permitted(req).portal
        with portal.crm.lock:
            reply(resp, _profile(req, portal, email, "email"))


def _profile(req: falcon.Request, portal: Portal, text: str, id_property: str | None) -> dict[str, object]:
    try:
        record = writes.find(portal.crm, CONTACT, text, id_property)
    except ResourceNotFound:
        raise ResourceNotFound("contact does not exist") from None
    return TracedContacts(portal, _wish(req, profile=True)).profile(record)
