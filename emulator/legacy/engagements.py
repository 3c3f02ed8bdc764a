"""Engagements as v1 shows them: notes, tasks, calls, e-mails and meetings in one list."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import islice
from typing import Any

from emulator.crm import partners
from emulator.crm.catalog.activities import CALLS, EMAILS, MEETINGS, NOTES, TASKS
from emulator.crm.object_types import COMPANY, CONTACT, DEAL, TICKET, ObjectType
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.ids import id_of
from emulator.instants import parse_instant
from emulator.legacy import recent

Json = dict[str, Any]
# A record and its kind.
Engagement = tuple[Record, ObjectType]

REDACTED = (
    "The content of this email has been redacted. To include it in the response, your app must require the"
    " sales-email-read scope."
)
_ALL = 1_000_000
_PREVIEW = 250


class EngagementView:
    """Without `read_emails`, the content of e-mails is left out, and who owns them."""

    def __init__(self, crm: Crm, *, read_emails: bool) -> None:
        self._crm = crm
        self._read_emails = read_emails

    def show(self, record: Record, kind: ObjectType) -> Json:
        redacted = kind is EMAILS.kind and not self._read_emails
        return {
            "engagement": self._head(record, kind, redacted=redacted),
            "associations": {
                "contactIds": self._partners(record, kind, CONTACT),
                "companyIds": self._partners(record, kind, COMPANY),
                "dealIds": self._partners(record, kind, DEAL),
                "ownerIds": [],
                "workflowIds": [],
                "ticketIds": self._partners(record, kind, TICKET),
                "contentIds": [],
                "quoteIds": [],
                "marketingEventIds": [],
            },
            "attachments": [{"id": number} for number in _numbers(record.values.get("hs_attachment_ids", ""))],
            "scheduledTasks": [],
            "metadata": _redacted() if redacted else _METADATA[kind.type_id](record.values),
        }

    def _head(self, record: Record, kind: ObjectType, *, redacted: bool) -> Json:
        body = "" if redacted else _body(record, kind)
        author = record.origin.user_id
        latest = record.versions("hs_timestamp")
        head: Json = {
            "id": record.id,
            "portalId": self._crm.hub_id,
            "active": record.archived_at is None,
            "createdAt": record.created_at,
            "lastUpdated": record.updated_at,
            "createdBy": author,
            "modifiedBy": latest[0].source.user_id if latest else author,
            "type": _type(record, kind),
            "uid": f"engagements-{record.id}",
            "timestamp": _instant(record.values.get("hs_timestamp")) or record.created_at,
            "source": record.origin.type,
            "sourceId": record.origin.id,
            "allAccessibleTeamIds": [],
            "bodyPreview": _plain(body)[:_PREVIEW],
            "bodyPreviewHtml": body[:_PREVIEW],
            "bodyPreviewIsTruncated": len(_plain(body)) > _PREVIEW,
            "queueMembershipIds": [],
            "gdprDeleted": False,
        }
        owner = record.values.get("hubspot_owner_id", "")
        if owner.isdigit() and not redacted:
            head["ownerId"] = int(owner)
        return head

    def _partners(self, record: Record, kind: ObjectType, to_type: ObjectType) -> list[int]:
        found, _ = partners.page(self._crm, kind, record.id, to_type, 0, _ALL)
        return [partner.record_id for partner in found]


# -- which, and in what order ------------------------------------------------------------------------------------------

KINDS = (NOTES.kind, TASKS.kind, CALLS.kind, EMAILS.kind, MEETINGS.kind)


def find(crm: Crm, number: int) -> Engagement | None:
    """All kinds count their ids together, so that one number is enough."""
    for kind in KINDS:
        record = crm.table(kind).live_record(number)
        if record is not None:
            return record, kind
    return None


def by_id(crm: Crm, first: int, most: int) -> tuple[list[Engagement], int | None]:
    """A page in the order of ids, and the id that the next one begins with."""
    rows = (_of(kind, crm.table(kind).page(first, most + 1)[0]) for kind in KINDS)
    found = list(islice(merge(*rows, key=_by_id), most + 1))
    return found[:most], found[most][0].id if len(found) > most else None


def newest_first(crm: Crm, since: int) -> Iterator[Engagement]:
    rows = (_of(kind, recent.modified(crm.table(kind), since)) for kind in KINDS)
    return merge(*rows, key=_by_change, reverse=True)


def at_most(crm: Crm, since: int) -> int:
    return sum(recent.modified_at_most(crm.table(kind), since) for kind in KINDS)


def changed_after(crm: Crm, at: int, number: int) -> Iterator[Engagement]:
    """Those changed after that time, or at it with a larger id; the earliest change first."""
    rows = (_of(kind, recent.modified_since(crm.table(kind), at)) for kind in KINDS)
    return (each for each in merge(*rows, key=_by_change) if _by_change(each) > (at, number))


def _of(kind: ObjectType, records: Iterable[Record]) -> Iterator[Engagement]:
    return ((record, kind) for record in records)


def _by_id(engagement: Engagement) -> int:
    return engagement[0].id


def _by_change(engagement: Engagement) -> tuple[int, int]:
    return engagement[0].updated_at, engagement[0].id


# -- what each kind tells of itself ------------------------------------------------------------------------------------

_BODIES = {
    NOTES.kind.type_id: "hs_note_body",
    TASKS.kind.type_id: "hs_task_body",
    CALLS.kind.type_id: "hs_call_body",
    EMAILS.kind.type_id: "hs_email_html",
    MEETINGS.kind.type_id: "hs_meeting_body",
}


def _body(record: Record, kind: ObjectType) -> str:
    return record.values.get(_BODIES[kind.type_id], "")


def _plain(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def _type(record: Record, kind: ObjectType) -> str:
    if kind is EMAILS.kind:
        return record.values.get("hs_email_direction", "EMAIL")
    return "MEETING" if kind is MEETINGS.kind else kind.constant


def _instant(text: str | None) -> int | None:
    return parse_instant(text) if text else None


def _numbers(text: str) -> list[int]:
    return [number for part in text.split(";") if (number := id_of(part.strip())) is not None]


def _drop_absent(metadata: Json) -> Json:
    return {name: value for name, value in metadata.items() if value is not None}


def _note(values: dict[str, str]) -> Json:
    return {"body": values.get("hs_note_body", "")}


def _task(values: dict[str, str]) -> Json:
    return _drop_absent(
        {
            "body": values.get("hs_task_body"),
            "subject": values.get("hs_task_subject"),
            "status": values.get("hs_task_status", "NOT_STARTED"),
            "taskType": values.get("hs_task_type", "TODO"),
            "priority": values.get("hs_task_priority", "NONE"),
            "forObjectType": "CONTACT",
            "reminders": _numbers(values.get("hs_task_reminders", "")),
            "sendDefaultReminder": False,
            "completionDate": _instant(values.get("hs_task_completion_date")),
        }
    )


def _call(values: dict[str, str]) -> Json:
    duration = values.get("hs_call_duration", "")
    return _drop_absent(
        {
            "title": values.get("hs_call_title"),
            "body": values.get("hs_call_body"),
            "toNumber": values.get("hs_call_to_number"),
            "fromNumber": values.get("hs_call_from_number"),
            "status": values.get("hs_call_status"),
            "durationMilliseconds": int(float(duration)) if duration else None,
            "recordingUrl": values.get("hs_call_recording_url"),
            "disposition": values.get("hs_call_disposition"),
            "unknownVisitorConversation": False,
        }
    )


def _email(values: dict[str, str]) -> Json:
    headers = _headers(values.get("hs_email_headers", ""))
    return _drop_absent(
        {
            "from": headers.get("from", {}),
            "to": headers.get("to", []),
            "cc": headers.get("cc", []),
            "bcc": headers.get("bcc", []),
            "sender": headers.get("sender"),
            "subject": values.get("hs_email_subject"),
            "html": values.get("hs_email_html"),
            "text": values.get("hs_email_text"),
            "status": values.get("hs_email_status"),
            "validationSkipped": [],
            "attachedVideoOpened": False,
            "attachedVideoWatched": False,
        }
    )


def _headers(text: str) -> Json:
    """The addresses, which v3 keeps as JSON in one property."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _redacted() -> Json:
    return {"cc": [], "to": [], "bcc": [], "validationSkipped": [], "html": REDACTED}


def _meeting(values: dict[str, str]) -> Json:
    return _drop_absent(
        {
            "title": values.get("hs_meeting_title"),
            "body": values.get("hs_meeting_body"),
            "internalMeetingNotes": values.get("hs_internal_meeting_notes"),
            "location": values.get("hs_meeting_location"),
            "externalUrl": values.get("hs_meeting_external_url"),
            "startTime": _instant(values.get("hs_meeting_start_time")),
            "endTime": _instant(values.get("hs_meeting_end_time")),
            "meetingOutcome": values.get("hs_meeting_outcome"),
            "preMeetingProspectReminders": [],
        }
    )


_METADATA: dict[str, Callable[[dict[str, str]], Json]] = {
    NOTES.kind.type_id: _note,
    TASKS.kind.type_id: _task,
    CALLS.kind.type_id: _call,
    EMAILS.kind.type_id: _email,
    MEETINGS.kind.type_id: _meeting,
}
