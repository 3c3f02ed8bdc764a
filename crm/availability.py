"""What a portal lets us read. What it does not is not asked for, and the pages say which scope opens it.

A feature whose scope was not granted is never asked for: HubSpot's own list of scopes opens it. One that HubSpot
refuses although its scope was granted (an admin switched it off, the account's plan changed) is asked for again after
an hour, then once a day, and whenever the portal is connected again. So is one that HubSpot refuses without naming a
scope, because of the account's plan, a permission or the app's approval: a passing refusal that is believed costs an
hour's delay, a lasting one that is not becomes the storm of 403s for which HubSpot's reviewers turn apps down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, QuerySet
from django.utils import timezone

from hubspot_api.errors import Forbidden, MissingScopes
from installations.models import Credential, Portal
from installations.text import storable

from . import features
from .features import Feature, Kind
from .models import ClosedFeature, Sync
from .object_types import OBJECT_TYPES

FIRST_PROBE_AFTER = timedelta(hours=1)  # the refusal may have been about a token that was just being replaced
PROBE_EVERY = timedelta(days=1)

_LONGEST_SAID = 300


@dataclass(frozen=True)
class Refusal:
    """Why HubSpot refuses a feature."""

    scopes: Sequence[str] = ()  # any one of them suffices; none: not said
    said: str = ""  # HubSpot's own words, where it names no scope

    @classmethod
    def of(cls, error: Forbidden) -> Refusal:
        """Return what a 403 says."""
        scopes = error.scopes if isinstance(error, MissingScopes) else ()
        return cls(scopes) if scopes else cls(said=storable((error.message or error.category)[:_LONGEST_SAID]))


Refused = Mapping[Feature, Refusal]


def closed(portal: Portal) -> set[Feature]:
    """Return the features that are not to be asked for."""
    return {Feature.of(key) for key in _closed(portal).values_list("feature", flat=True)}


def is_closed(portal: Portal, feature: Feature) -> bool:
    return _closed(portal).filter(feature=feature.key).exists()


def opened_at(portal: Portal) -> datetime | None:
    """When something was last opened; None: never. Records read before lack their associations with it."""
    at: datetime | None = ClosedFeature.objects.filter(portal=portal).aggregate(at=Max("opened_at"))["at"]
    return at


def close(portal: Portal, refused: Refused) -> None:
    """Stop asking for what HubSpot has refused; for a day, if it was opened within the last one.

    What is closed stays as it is: several calls may have been under way.
    """
    now = timezone.now()
    for feature in set(refused) - closed(portal):
        lately = ClosedFeature.objects.filter(portal=portal, feature=feature.key, opened_at__gt=now - PROBE_EVERY)
        pause = PROBE_EVERY if lately.exists() else FIRST_PROBE_AFTER
        _close(portal, feature, refused[feature], now + pause)


def put_off(portal: Portal, feature: Feature, refusal: Refusal) -> None:
    """HubSpot has refused again what we had stopped asking for."""
    _close(portal, feature, refusal, timezone.now() + PROBE_EVERY)


def open_by_scopes(portal: Portal) -> None:
    """After a connect, or when HubSpot's list of granted scopes has changed: open what they allow, close the rest.

    What HubSpot had refused is tried anew.
    """
    granted = set(Credential.objects.filter(portal=portal).values_list("scopes", flat=True).get())
    for object_type in OBJECT_TYPES:
        Sync.objects.get_or_create(portal=portal, object_type=object_type.id)
    shut = closed(portal)
    for feature in features.BY_SCOPE:
        if feature.scope not in granted:
            _close(portal, feature, Refusal([feature.scope]), None)
            shut.discard(feature)
    _open(portal, shut)


def reopen(portal: Portal, feature: Feature) -> None:
    """HubSpot allows it again. The caller signals the lanes."""
    _open(portal, [feature])


def in_words(refusal: Refusal) -> str:
    """Say what HubSpot asks for, or what it says."""
    if refusal.scopes:
        return f"HubSpot asks for the scope {' or '.join(refusal.scopes)}."
    return "HubSpot refuses it and names no scope" + (f": {refusal.said}" if refusal.said else ".")


def _closed(portal: Portal) -> QuerySet[ClosedFeature]:
    return ClosedFeature.objects.filter(portal=portal, opened_at=None)


def _close(portal: Portal, feature: Feature, refusal: Refusal, probe_at: datetime | None) -> None:
    ClosedFeature.objects.get_or_create(portal=portal, feature=feature.key)
    row = ClosedFeature.objects.filter(portal=portal, feature=feature.key)
    row.exclude(opened_at=None).update(closed_at=timezone.now(), opened_at=None)
    row.update(scopes=list(refusal.scopes), said=refusal.said, probe_at=probe_at)
    if feature.kind == Kind.RECORDS:
        problem = in_words(refusal) if probe_at else f"The scope {feature.scope} was not granted."
        syncs = Sync.objects.filter(portal=portal, object_type=feature.types[0])
        syncs.update(state=Sync.State.UNAVAILABLE, problem=problem)


def _open(portal: Portal, shut: Iterable[Feature]) -> None:
    """Begin with what was closed."""
    shut = list(shut)
    kinds = {feature.kind for feature in shut}
    _closed(portal).filter(feature__in=[feature.key for feature in shut]).update(opened_at=timezone.now())
    # Others are left as they are: a reading may end at this very moment.
    opened = [feature.types[0] for feature in shut if feature.kind == Kind.RECORDS]
    unavailable = Sync.objects.filter(portal=portal, object_type__in=opened, state=Sync.State.UNAVAILABLE)
    unavailable.filter(reconciled_to=None).update(state=Sync.State.FIRST_SYNC, problem="")
    # A pass that was under way has gone over records that it could not read: it begins anew.
    unavailable.update(state=Sync.State.IN_SYNC, problem="", window_to=None, window_after_id=0)
    if Kind.OWNERS in kinds:
        Sync.objects.filter(portal=portal).update(owners_read_at=None)
    if Kind.PIPELINES in kinds:
        Sync.objects.filter(portal=portal).update(properties_read_at=None)
