"""How pages say what HubSpot told us."""

from __future__ import annotations

import json
from contextlib import suppress

from django import template

from webhooks.models import Event

register = template.Library()

_WHAT = {
    "creation": "created",
    "deletion": "deleted",
    "restore": "restored",
    "merge": "merged",
    "propertyChange": "property changed",
    "associationChange": "associations changed",
    "privacyDeletion": "deleted for privacy",
}
_STATES = {
    Event.State.PENDING: "Waiting",
    Event.State.DONE: "Applied",
    Event.State.RETRYING: "Will be tried again",
    Event.State.DEAD: "Failed",
    Event.State.QUARANTINED: "Set aside",
}


@register.filter
def event_in_words(event: Event) -> str:
    """Say an event's type; one that we have no words for speaks for itself."""
    name, _, what = event.event_type.partition(".")
    return f"{name.capitalize()} {_WHAT[what]}" if what in _WHAT else event.event_type


@register.filter
def event_property(event: Event) -> str:
    """Return the name of the property that an event is about; empty when it is about none."""
    if not event.event_type.endswith(".propertyChange"):
        return ""
    with suppress(ValueError, AttributeError):
        return str(json.loads(event.payload).get("propertyName", ""))
    return ""


@register.filter
def state_in_words(state: str) -> str:
    return _STATES[Event.State(state)]
