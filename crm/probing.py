"""Ask again, one call a day each, for what HubSpot has refused although its scope was granted."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone

from hubspot_api import associations, objects, owners, pipelines
from hubspot_api.client import Client
from hubspot_api.errors import Forbidden
from installations.models import Portal
from lanes.signals import signal
from lanes.slices import Slice

from . import availability, backfill
from .availability import Refusal
from .features import Feature, Kind
from .models import ClosedFeature, Record

Probe = Callable[[Portal, Client, Feature], object]


def ask_again(turn: Slice, portal: Portal, client: Client) -> None:
    """Make the calls that are due; open what HubSpot allows by now, and put the rest off."""
    due = ClosedFeature.objects.filter(portal=portal, opened_at=None, probe_at__lte=timezone.now())
    for key in due.order_by("feature").values_list("feature", flat=True):
        turn.renew()
        feature = Feature.of(key)
        try:
            _PROBES[feature.kind](portal, client, feature)
        except Forbidden as error:
            with turn.fence():
                availability.put_off(portal, feature, Refusal.of(error))
            continue
        with turn.fence():
            availability.reopen(portal, feature)
            signal([portal.pk], backfill.BACKFILL)


def _records(_portal: Portal, client: Client, feature: Feature) -> object:
    return objects.list_page(client, feature.types[0], limit=1)


def _associations(portal: Portal, client: Client, feature: Feature) -> object:
    from_type, to_type = feature.types
    known = Record.objects.filter(portal=portal, object_type=from_type, state=Record.State.LIVE)
    ids = list(known.values_list("record_id", flat=True)[:1])
    return associations.read(client, from_type, to_type, ids) if ids else None


def _pipelines(_portal: Portal, client: Client, feature: Feature) -> object:
    return pipelines.list_all(client, feature.types[0])


def _owners(_portal: Portal, client: Client, _feature: Feature) -> object:
    return owners.list_page(client, limit=1)


_PROBES: dict[Kind, Probe] = {
    Kind.RECORDS: _records,
    Kind.ASSOCIATIONS: _associations,
    Kind.PIPELINES: _pipelines,
    Kind.OWNERS: _owners,
}
