"""What a portal's pages say about permissions that are missing: what people go without, and what brings it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from installations.connecting.install import lacking
from installations.models import Credential, Portal
from installations.scopes import in_words

from .features import Feature
from .models import ClosedFeature


@dataclass(frozen=True)
class Missing:
    """One thing that people go without."""

    without: str  # the beginning of a sentence
    scopes: Sequence[str]  # any one of them brings it back; none: HubSpot did not say
    refused_at: datetime | None = None  # None: the scope was never granted
    asked_again_at: datetime | None = None
    said: str = ""  # HubSpot's own words, where it names no scope

    @property
    def can_be_granted(self) -> bool:
        """Whether the consent page that we send people to asks for it. HubSpot names scopes that no app can have."""
        asked_for = {*settings.HUBSPOT_SCOPES, *settings.HUBSPOT_OPTIONAL_SCOPES}
        return not self.scopes or not asked_for.isdisjoint(self.scopes)


def missing(portal: Portal) -> list[Missing]:
    """Return what is closed, in the order of its keys, and scopes not granted that no feature of the mirror names."""
    closed = [_of(row) for row in ClosedFeature.objects.filter(portal=portal, opened_at=None).order_by("feature")]
    named = {scope for one in closed for scope in one.scopes}
    credential = Credential.objects.filter(portal=portal).first()
    others = [scope for scope in (lacking(credential) if credential else []) if scope not in named]
    return closed + [Missing(f"{words.purpose}: {words.allows}", [words.scope]) for words in in_words(others)]


def _of(row: ClosedFeature) -> Missing:
    feature = Feature.of(row.feature)
    refused_at = None if row.probe_at is None else row.closed_at
    return Missing(feature.without, row.scopes, refused_at, row.probe_at, row.said)
