"""The properties of tickets."""

from __future__ import annotations

from emulator.crm.catalog.kinds import Standard
from emulator.crm.catalog.shorthand import choice, derived, moment, pipeline, stage, system, text
from emulator.crm.object_types import TICKET

_INFO = "ticketinformation"

GROUPS = ((_INFO, "Ticket information"),)

PROPERTIES = (
    text("subject", "Ticket name", _INFO),
    text("content", "Ticket description", _INFO, long=True),
    pipeline("hs_pipeline", _INFO),
    stage("hs_pipeline_stage", "Ticket status", _INFO),
    choice(
        "hs_ticket_priority",
        "Priority",
        _INFO,
        ("LOW", "Low"),
        ("MEDIUM", "Medium"),
        ("HIGH", "High"),
        ("URGENT", "Urgent"),
    ),
    choice(
        "hs_ticket_category",
        "Category",
        _INFO,
        ("PRODUCT_ISSUE", "Product issue"),
        ("BILLING_ISSUE", "Billing issue"),
        ("FEATURE_REQUEST", "Feature request"),
        ("GENERAL_INQUIRY", "General inquiry"),
        many=True,
    ),
    choice(
        "source_type",
        "Source",
        _INFO,
        ("CHAT", "Chat"),
        ("EMAIL", "Email"),
        ("FORM", "Form"),
        ("PHONE", "Phone"),
    ),
    text("hs_resolution", "Resolution", _INFO, long=True),
    moment("closed_date", "Close date", _INFO),
    derived("hs_ticket_id", "Ticket ID", _INFO, "number"),
    *system(_INFO, TICKET),
)

STANDARD = (Standard(TICKET, GROUPS, PROPERTIES),)
