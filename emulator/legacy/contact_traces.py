"""What else a contact's profile tells: which forms it sent, which lists it is on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emulator.crm.object_types import CONTACT
from emulator.crm.records import Record
from emulator.legacy.contacts import ContactView, addresses
from emulator.marketing.things import Submission
from emulator.portals import Portal

Json = dict[str, Any]

# Which of a contact's submissions a call wants: all, the newest one, the oldest one, none.
SUBMISSION_MODES = {
    "all": slice(None),
    "newest": slice(0, 1),
    "oldest": slice(-1, None),
    "none": slice(0, 0),
}


@dataclass(frozen=True)
class Wish:
    """How one call wants contacts to look."""

    # Empty: the usual properties.
    names: frozenset[str]
    history: bool
    submissions: str
    memberships: bool


class TracedContacts:
    """Contacts with their traces, as calls of v1 show them. Read under the portal's lock."""

    def __init__(self, portal: Portal, wish: Wish) -> None:
        self._portal = portal
        self._wish = wish
        self._view = ContactView(portal.crm)

    def listed(self, record: Record, added_at: int) -> Json:
        shown = self._view.listed(record, self._wish.names, history=self._wish.history, added_at=added_at)
        return self._with_traces(shown, record)

    def profile(self, record: Record) -> Json:
        return self._with_traces(self._view.profile(record, self._wish.names, history=self._wish.history), record)

    def _with_traces(self, shown: Json, record: Record) -> Json:
        shown["form-submissions"] = _submissions(self._portal, addresses(record), self._wish.submissions)
        if self._wish.memberships:
            shown["list-memberships"] = _memberships(self._portal, record)
        return shown


def _submissions(portal: Portal, senders: list[str], mode: str) -> list[Json]:
    """The newest first."""
    found = [each for sender in senders for each in portal.marketing.sent_by(sender)]
    found.sort(key=lambda each: each.at, reverse=True)
    return [_submission(portal, each) for each in found[SUBMISSION_MODES[mode]]]


def _submission(portal: Portal, sent: Submission) -> Json:
    form = portal.marketing.forms[sent.form_id]
    return {
        "conversion-id": sent.id,
        "timestamp": sent.at,
        "form-id": form.id,
        "form-type": form.type.upper(),
        "portal-id": portal.hub_id,
        "page-url": sent.page_url,
        "title": form.name,
        "contact-associated-by": ["EMAIL"],
        "meta-data": [],
    }


def _memberships(portal: Portal, record: Record) -> list[Json]:
    return [
        {
            "static-list-id": portal.lists.legacy_id(each),
            "internal-list-id": each.list_id,
            "timestamp": each.members.joined_at(record.id),
            "vid": record.id,
            "is-member": True,
        }
        for each in portal.lists.of_kind(CONTACT)
        if record.id in each.members
    ]
