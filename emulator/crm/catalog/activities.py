"""Activities: what happened with a record, or is to happen. HubSpot calls them engagements too.

Their scopes are those of the records they belong to; e-mails have one of their own. developers.hubspot.com/scopes
"""

from __future__ import annotations

from emulator.crm.catalog.kinds import standard
from emulator.crm.catalog.shorthand import choice, moment, number, text
from emulator.crm.object_types import Scopes


def _scopes(name: str, *also: str) -> Scopes:
    read, write = "crm.objects.contacts.read", "crm.objects.contacts.write"
    return Scopes(
        read=(f"crm.objects.{name}.read", read, *also),
        write=(f"crm.objects.{name}.write", write, *also),
        schema_read=(f"crm.schemas.{name}.read", read, *also),
        schema_write=(f"crm.schemas.{name}.write", write, *also),
    )


_WHEN = moment("hs_timestamp", "Activity date", "")
_FILES = text("hs_attachment_ids", "Attached file IDs", "")
_NEEDS_WHEN = ("hs_timestamp",)

NOTES = standard(
    *("0-46", "note", "notes"),
    _scopes("notes"),
    _WHEN,
    text("hs_note_body", "Note body", "", long=True),
    _FILES,
    label="hs_note_body",
    needs_all_of=_NEEDS_WHEN,
    lists_archived=False,
)

TASKS = standard(
    *("0-27", "task", "tasks"),
    _scopes("tasks"),
    _WHEN,
    text("hs_task_subject", "Task Title", ""),
    text("hs_task_body", "Task Notes", "", long=True),
    choice(
        *("hs_task_status", "Task Status", ""),
        *(("NOT_STARTED", "Not started"), ("COMPLETED", "Completed"), ("IN_PROGRESS", "In progress")),
        *(("WAITING", "Waiting"), ("DEFERRED", "Deferred")),
    ),
    choice(
        *("hs_task_priority", "Priority", ""),
        *(("NONE", "None"), ("LOW", "Low"), ("MEDIUM", "Medium"), ("HIGH", "High")),
    ),
    choice(
        *("hs_task_type", "Task Type", ""),
        *(("TODO", "To-do"), ("CALL", "Call"), ("EMAIL", "Email"), ("LINKED_IN", "LinkedIn")),
    ),
    number("hs_task_reminders", "Reminder", ""),
    moment("hs_task_completion_date", "Completed at", ""),
    label="hs_task_subject",
    searchable=("hs_task_body", "hs_task_subject"),
    needs_all_of=_NEEDS_WHEN,
)

CALLS = standard(
    *("0-48", "call", "calls"),
    _scopes("calls"),
    _WHEN,
    text("hs_call_title", "Call Title", ""),
    text("hs_call_body", "Call notes", "", long=True),
    number("hs_call_duration", "Call duration", ""),
    text("hs_call_from_number", "From Number", ""),
    text("hs_call_to_number", "To Number", ""),
    text("hs_call_recording_url", "Recording URL", ""),
    choice("hs_call_direction", "Call direction", "", ("INBOUND", "Inbound"), ("OUTBOUND", "Outbound")),
    choice(
        *("hs_call_status", "Call status", ""),
        *(("BUSY", "Busy"), ("CALLING_CRM_USER", "Calling CRM user"), ("CANCELED", "Canceled")),
        *(("COMPLETED", "Completed"), ("CONNECTING", "Connecting"), ("FAILED", "Failed")),
        *(("IN_PROGRESS", "In progress"), ("NO_ANSWER", "No answer"), ("QUEUED", "Queued"), ("RINGING", "Ringing")),
    ),
    text("hs_call_disposition", "Call outcome", ""),
    _FILES,
    label="hs_call_title",
    searchable=("hs_call_title", "hs_call_body"),
    needs_all_of=_NEEDS_WHEN,
    lists_archived=False,
)

EMAILS = standard(
    *("0-49", "email", "emails"),
    _scopes("emails", "sales-email-read"),
    _WHEN,
    text("hs_email_subject", "Email subject", ""),
    text("hs_email_text", "Text body", "", long=True),
    text("hs_email_html", "HTML body", "", long=True),
    text("hs_email_headers", "Email headers", "", long=True),
    choice(
        *("hs_email_direction", "Email Direction", ""),
        *(("EMAIL", "Sent from HubSpot"), ("INCOMING_EMAIL", "Incoming"), ("FORWARDED_EMAIL", "Forwarded")),
    ),
    choice(
        *("hs_email_status", "Email send status", ""),
        *(("BOUNCED", "Bounced"), ("FAILED", "Failed"), ("SCHEDULED", "Scheduled"), ("SENDING", "Sending")),
        ("SENT", "Sent"),
    ),
    _FILES,
    label="hs_email_subject",
    searchable=("hs_email_subject",),
    needs_all_of=_NEEDS_WHEN,
    lists_archived=False,
)

MEETINGS = standard(
    *("0-47", "meeting_event", "meetings"),
    _scopes("meetings"),
    _WHEN,
    text("hs_meeting_title", "Meeting name", ""),
    text("hs_meeting_body", "Meeting description", "", long=True),
    text("hs_internal_meeting_notes", "Internal meeting notes", "", long=True),
    text("hs_meeting_external_url", "External URL", ""),
    text("hs_meeting_location", "Meeting location", ""),
    moment("hs_meeting_start_time", "Meeting start time", ""),
    moment("hs_meeting_end_time", "Meeting end time", ""),
    choice(
        *("hs_meeting_outcome", "Meeting outcome", ""),
        *(("SCHEDULED", "Scheduled"), ("COMPLETED", "Completed"), ("RESCHEDULED", "Rescheduled")),
        *(("NO_SHOW", "No show"), ("CANCELED", "Canceled")),
    ),
    _FILES,
    label="hs_meeting_title",
    searchable=("hs_meeting_title", "hs_meeting_body"),
    needs_all_of=_NEEDS_WHEN,
    aliases=("meeting", "meeting_events", "engagement_meeting"),
    singular="Meeting",
    lists_archived=False,
)

COMMUNICATIONS = standard(
    *("0-18", "communication", "communications"),
    _scopes("communications"),
    _WHEN,
    choice(
        *("hs_communication_channel_type", "Channel type", ""),
        *(("SMS", "SMS"), ("WHATS_APP", "WhatsApp"), ("LINKEDIN_MESSAGE", "LinkedIn message")),
    ),
    choice("hs_communication_logged_from", "Logged from", "", ("CRM", "CRM")),
    text("hs_communication_body", "Communication body", "", long=True),
    label="hs_communication_body",
    lists_archived=False,
)

POSTAL_MAIL = standard(
    *("0-116", "postal_mail", "postal_mail"),
    _scopes("postal_mail"),
    _WHEN,
    text("hs_postal_mail_body", "Postal mail body", "", long=True),
    _FILES,
    label="hs_postal_mail_body",
    lists_archived=False,
)

STANDARD = (NOTES, TASKS, CALLS, EMAILS, MEETINGS, COMMUNICATIONS, POSTAL_MAIL)

# In the order in which a record's page lists them.
ACTIVITIES = tuple(each.kind for each in STANDARD)
