"""What properties and owners a portal has: read from HubSpot, kept, and read again every hour."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from hubspot_api import owners as hubspot_owners
from hubspot_api import pipelines as hubspot_pipelines
from hubspot_api import properties as hubspot_properties
from hubspot_api.client import Client
from hubspot_api.errors import Forbidden
from installations.models import Portal
from installations.text import storable

from . import availability, features
from .availability import Refusal
from .models import Owner, Property, Sync
from .object_types import BY_ID

FRESH_FOR = timedelta(hours=1)

Options = list[list[str]]  # [value, label]
_LABELLED = ["label", "type", "group", "options", "is_calculated", "is_hidden"]


def names(portal: Portal, object_type: str, client: Client) -> list[str]:
    """Return the names of all properties of a type, reading the definitions first if they are old."""
    read_at = Sync.objects.filter(portal=portal, object_type=object_type).values_list("properties_read_at", flat=True)
    if (first := read_at.first()) is None or first < timezone.now() - FRESH_FOR:
        _refresh(portal, object_type, client)
    kept = Property.objects.filter(portal=portal, object_type=object_type)
    return sorted({*kept.values_list("name", flat=True), *BY_ID[object_type].live_properties})


def refresh_owners(portal: Portal, client: Client) -> None:
    """Take over all owners, archived ones too: records may still name them."""
    found = list(hubspot_owners.list_all(client))
    rows = [
        Owner(
            portal=portal,
            owner_id=owner.id,
            name=storable(_name(owner)),
            email=storable(owner.email or ""),
            is_archived=owner.archived,
        )
        for owner in found
    ]
    Owner.objects.bulk_create(
        {row.owner_id: row for row in reversed(rows)}.values(),
        update_conflicts=True,
        unique_fields=["portal", "owner_id"],
        update_fields=["name", "email", "is_archived"],
    )


def _name(owner: hubspot_owners.Owner) -> str:
    return " ".join(filter(None, (owner.first_name, owner.last_name))) or owner.email or str(owner.id)


def _refresh(portal: Portal, object_type: str, client: Client) -> None:
    found = [one for one in hubspot_properties.list_all(client, object_type) if not one.archived]
    in_pipelines = _pipeline_options(portal, object_type, client)
    with transaction.atomic():
        _store(portal, object_type, found, in_pipelines)
        Sync.objects.filter(portal=portal, object_type=object_type).update(properties_read_at=timezone.now())


def _pipeline_options(portal: Portal, object_type: str, client: Client) -> dict[str, Options]:
    """Return the options of the properties whose values live in pipelines: their definitions name none.

    Without leave to read pipelines, stages are shown by their id.
    """
    properties, feature = BY_ID[object_type].pipeline_properties, features.pipelines(object_type)
    if properties is None or availability.is_closed(portal, feature):
        return {}
    try:
        pipelines = hubspot_pipelines.list_all(client, object_type)
    except Forbidden as error:
        availability.close(portal, {feature: Refusal.of(error)})
        return {}
    stages = _options((stage.id, stage.label) for pipeline in pipelines for stage in pipeline.stages)
    return dict(zip(properties, (_options((one.id, one.label) for one in pipelines), stages), strict=True))


def _options(labelled: Iterable[tuple[str, str]]) -> Options:
    return [[storable(value), storable(label)] for value, label in labelled]


def _store(
    portal: Portal,
    object_type: str,
    found: Iterable[hubspot_properties.Property],
    in_pipelines: dict[str, Options],
) -> None:
    rows = [
        Property(
            portal=portal,
            object_type=object_type,
            name=storable(one.name),
            label=storable(one.label),
            type=storable(one.type),
            group=storable(one.group),
            options=in_pipelines.get(one.name) or _options((option.value, option.label) for option in one.options),
            is_calculated=one.calculated,
            is_hidden=one.hidden,
        )
        for one in found
    ]
    kept = Property.objects.filter(portal=portal, object_type=object_type)
    kept.exclude(name__in=[row.name for row in rows]).delete()
    Property.objects.bulk_create(
        sorted(rows, key=lambda row: row.name),
        update_conflicts=True,
        unique_fields=["portal", "object_type", "name"],
        update_fields=_LABELLED,
    )
