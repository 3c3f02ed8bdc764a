"""How pages say what the mirror holds, and where its records are."""

from __future__ import annotations

from django import template
from django.urls import reverse

from crm import permissions
from crm.models import Change
from crm.object_types import BY_NAME, OBJECT_TYPES, ObjectType
from crm.permissions import Missing
from installations.models import Portal
from webhooks.models import Event

register = template.Library()

SOURCES = {
    Change.Source.EVENT: "webhook",
    Change.Source.FIRST_SYNC: "first sync",
    Change.Source.RECONCILE: "periodic check",
    Change.Source.SWEEP: "daily sweep",
}
_KINDS = {
    Change.Kind.CREATED: "Created",
    Change.Kind.UPDATED: "Properties changed",
    Change.Kind.ASSOCIATED: "Associations changed",
    Change.Kind.ARCHIVED: "Archived",
    Change.Kind.RESTORED: "Restored",
    Change.Kind.MERGED: "Merged",
    Change.Kind.GONE: "Deleted for good",
}


@register.simple_tag
def mirrored_types() -> tuple[ObjectType, ...]:
    return OBJECT_TYPES


@register.simple_tag
def missing_permissions(portal: Portal) -> list[Missing]:
    return permissions.missing(portal)


@register.filter
def kind_in_words(change: Change) -> str:
    return _KINDS[Change.Kind(change.kind)]


@register.filter
def source_in_words(change: Change) -> str:
    return SOURCES[Change.Source(change.source)]


@register.filter
def path_of_record(event: Event, hub_id: int) -> str:
    """Return where the record is that an event is about; empty if we do not mirror its type."""
    object_type = BY_NAME.get(event.event_type.partition(".")[0])
    if object_type is None or event.object_id is None or event.object_id < 0:
        return ""
    return reverse("record", args=[hub_id, object_type.plural, event.object_id])
