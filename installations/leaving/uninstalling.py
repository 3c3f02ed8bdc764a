"""Take the app out of an account at HubSpot, while nobody connects it: the call would end the new connection too."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from hubspot_api.client import Client
from hubspot_api.errors import OAuthError, Unauthorized
from hubspot_api.installs import uninstall as uninstall_app

from ..errors import TryLater
from ..models import Uninstall

LASTS = timedelta(minutes=1)  # at most: longer than the call's deadline and the renewal of its token together

logger = logging.getLogger(__name__)


class BeingUninstalled(TryLater):
    """The app is just being taken out of the account: whoever connects it now would lose it again."""


def one_at_a_time(hub_id: int) -> None:
    """Let what connects an account and what leaves it follow each other until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [hub_id])


def require_none(hub_id: int) -> None:
    """Refuse to connect an account that is being left; under `one_at_a_time`. Raises BeingUninstalled."""
    now = timezone.now()
    under_way = Uninstall.objects.filter(hub_id=hub_id, until__gt=now).first()
    if under_way is not None:
        raise BeingUninstalled(f"The app is just being taken out of account {hub_id}.", under_way.until)


def uninstall(client: Client, hub_id: int, *, is_wanted: Callable[[], bool]) -> bool:
    """Remove the app from the account, unless `is_wanted` says no; return what it said. Raises HubSpotError.

    A refused token says that the app is removed already.
    """
    until = timezone.now() + LASTS
    with transaction.atomic():
        one_at_a_time(hub_id)
        if not is_wanted():
            return False
        Uninstall.objects.update_or_create(hub_id=hub_id, defaults={"until": until})
    try:
        uninstall_app(client)
    except (Unauthorized, OAuthError) as error:
        logger.info("Uninstalled already: %s", error)
    finally:
        Uninstall.objects.filter(hub_id=hub_id, until=until).delete()
    return True


def purge() -> None:
    """Delete what a process that was killed while it uninstalled has left."""
    Uninstall.objects.filter(until__lt=timezone.now()).delete()
