"""Whether the token endpoint may be asked at all. A fault of ours must stop us, and touch no portal."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from ..models import Credential, TokenEndpoint

logger = logging.getLogger(__name__)

PAUSE = timedelta(minutes=5)
ALIKE = 5  # so many portals refused at once, and none renewed since: the fault is ours
AT_ONCE = timedelta(minutes=10)


def halted_until() -> datetime | None:
    """When refreshing may go on; None while nothing stops it."""
    until = TokenEndpoint.objects.values_list("halted_until", flat=True).first()
    return until if until is not None and until > timezone.now() else None


def halt(reason: str) -> datetime:
    """Stop all refreshing for five minutes and raise the alarm; return when it goes on."""
    until = timezone.now() + PAUSE
    TokenEndpoint.objects.update_or_create(defaults={"halted_until": until, "reason": reason})
    logger.critical("Refreshing stands still for all portals until %s: %s", until.isoformat(), reason)
    return until


def state() -> TokenEndpoint | None:
    """Return since when and why refreshing stands still, if it does."""
    return TokenEndpoint.objects.filter(halted_until__gt=timezone.now()).first()


def try_again() -> int:
    """End the halt, as its five minutes do: the next refresh tells. Return how many portals it had held back."""
    works()
    return Credential.objects.filter(latest_error__startswith="ClientInvalid", retry_at__gt=timezone.now()).update(
        retry_at=None
    )


def works() -> None:
    """A refresh went well: whatever stopped us is over."""
    TokenEndpoint.objects.exclude(halted_until=None).update(halted_until=None, reason="")


def many_are_refused() -> bool:
    """Whether so many portals were refused lately, and none renewed since, that it cannot be their doing."""
    since = timezone.now() - AT_ONCE
    renewed = Credential.objects.exclude(expires_at=None)  # nobody asks the token endpoint for those that last
    refused = renewed.filter(refused_at__gte=since).order_by("refused_at")
    first = refused.values_list("refused_at", flat=True)[:ALIKE]
    return len(first) == ALIKE and not renewed.filter(obtained_at__gte=first[0]).exists()
