"""How the tokens of a portal are doing, as one word that lists can be filtered by."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from ..models import Credential, Portal, Stop


class Health(models.TextChoices):
    """From the worst to the best; the first that fits is said."""

    STOPPED = "stopped", "stopped by staff"
    RECONNECT = "reconnect", "needs reconnect"
    REFUSED = "refused", "refused once"  # HubSpot refused the refresh token; it is believed when it does so again
    EXPIRED = "expired", "expired, not renewed"  # calls wait
    FAILING = "failing", "renewal fails"  # the old token still works
    RENEWING = "renewing", "being renewed"
    ASLEEP = "asleep", "asleep"  # expired without harm: renewed with the next call
    WELL = "well", "well"


UNHEALTHY = (Health.STOPPED, Health.RECONNECT, Health.REFUSED, Health.EXPIRED, Health.FAILING)
LEVELS = {
    Health.STOPPED: "problem",
    Health.RECONNECT: "problem",
    Health.REFUSED: "warn",
    Health.EXPIRED: "problem",
    Health.FAILING: "warn",
    Health.WELL: "good",
}


def with_health(credentials: QuerySet[Credential]) -> QuerySet[Credential]:
    """Annotate credentials with `health`, a value of Health, as of now."""
    now = timezone.now()
    is_over = Q(expires_at__lte=now)
    conditions: dict[Health, Q | Exists] = {
        Health.STOPPED: Exists(Stop.objects.filter(ended_at=None, hub_id=OuterRef("portal__hub_id"))),
        Health.RECONNECT: Q(portal__state=Portal.State.NEEDS_RECONNECT),
        Health.REFUSED: Q(refused_at__isnull=False),
        Health.EXPIRED: Q(failures__gt=0) & is_over,
        Health.FAILING: Q(failures__gt=0),
        Health.RENEWING: Q(lease_until__gt=now),
        Health.ASLEEP: is_over,
    }
    cases = [When(condition, then=Value(health.value)) for health, condition in conditions.items()]
    return credentials.annotate(health=Case(*cases, default=Value(Health.WELL.value), output_field=models.TextField()))
