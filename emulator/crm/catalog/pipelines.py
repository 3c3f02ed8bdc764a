"""The pipelines that every account starts with. developers.hubspot.com/docs/guides/api/crm/pipelines"""

from __future__ import annotations

from emulator.crm.catalog.commerce import ORDERS
from emulator.crm.catalog.library import APPOINTMENTS, COURSES, LEADS, LISTINGS, PROJECTS, SERVICES
from emulator.crm.object_types import DEAL, TICKET
from emulator.crm.pipelines import Pipeline, deal_stages, stages, ticket_stages

SALES = Pipeline(
    "default",
    "Sales Pipeline",
    deal_stages(
        ("appointmentscheduled", "Appointment Scheduled", "0.2"),
        ("qualifiedtobuy", "Qualified To Buy", "0.4"),
        ("presentationscheduled", "Presentation Scheduled", "0.6"),
        ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
        ("contractsent", "Contract Sent", "0.9"),
        ("closedwon", "Closed Won", "1.0"),
        ("closedlost", "Closed Lost", "0.0"),
    ),
)
SUPPORT = Pipeline(
    "0",
    "Support Pipeline",
    ticket_stages(
        ("1", "New", "OPEN"),
        ("2", "Waiting on contact", "OPEN"),
        ("3", "Waiting on us", "OPEN"),
        ("4", "Closed", "CLOSED"),
    ),
)
PROSPECTING = Pipeline(
    "lead-pipeline-id",
    "Lead pipeline",
    stages(
        ("new-stage-id", "New", False),
        ("attempting-stage-id", "Attempting", False),
        ("connected-stage-id", "Connected", False),
        ("qualified-stage-id", "Qualified", True),
        ("unqualified-stage-id", "Disqualified", True),
    ),
)


def _simple(prefix: str, label: str, *names: str) -> Pipeline:
    """The last stage is the end."""
    rows = [(f"{prefix}-{number}", name, number == len(names)) for number, name in enumerate(names, 1)]
    return Pipeline(f"{prefix}-pipeline", label, stages(*rows))


DEFAULT_PIPELINES = {
    DEAL.type_id: SALES,
    TICKET.type_id: SUPPORT,
    LEADS.kind.type_id: PROSPECTING,
    ORDERS.kind.type_id: _simple("order", "Order Pipeline", "Open", "Processed", "Shipped", "Delivered"),
    SERVICES.kind.type_id: _simple("service", "Service Pipeline", "New", "In progress", "Closed"),
    COURSES.kind.type_id: _simple("course", "Course Pipeline", "Planned", "Running", "Completed"),
    LISTINGS.kind.type_id: _simple("listing", "Listing Pipeline", "New", "Active", "Sold"),
    APPOINTMENTS.kind.type_id: _simple("appointment", "Appointment Pipeline", "Scheduled", "Confirmed", "Completed"),
    PROJECTS.kind.type_id: _simple("project", "Project Pipeline", "To do", "In progress", "Done"),
}
