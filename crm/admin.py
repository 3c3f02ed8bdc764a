"""How the mirror of each portal is kept, in the staff console. Records themselves are the portal's business."""

from __future__ import annotations

from django.contrib import admin

from installations.staff_pages import PortalRowsPage, Section, ago

from .models import Sync
from .object_types import BY_ID


@admin.register(Sync)
class SyncPage(PortalRowsPage):
    heading = "Syncs"
    explanation = "Which object types are mirrored of each portal, and how fresh they are."
    section, rank = Section.PORTALS, 4
    ordering = ("portal", "object_type")
    list_display = (
        *("type_name", "portal_link", "state", "progress", "live_records"),
        *(ago("reconciled_at", "Reconciled"), ago("reading_ended_at", "Read in full"), "problem"),
    )
    list_filter = ("state",)
    fields = (
        *("portal_link", "type_name", "state", "problem", "live_records", "records_read", "records_total"),
        *("reading_began_at", "reading_ended_at", "reconciled_to", "reconciled_at", "owners_read_at"),
        "properties_read_at",
    )
    readonly_fields = ("portal_link", "type_name")

    def title_of(self, row: Sync) -> str:
        return f"{plural_of(row.object_type).capitalize()} of {row.portal}"

    @admin.display(description="Type", ordering="object_type")
    def type_name(self, sync: Sync) -> str:
        return plural_of(sync.object_type)

    @admin.display(description="Progress")
    def progress(self, sync: Sync) -> str:
        return f"{sync.percent} %"


def plural_of(object_type: str) -> str:
    """Return what to call the records of a type; its id, when it is none of ours."""
    known = BY_ID.get(object_type)
    return known.plural if known else object_type
