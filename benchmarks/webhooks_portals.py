"""Portals as the benchmark's deliveries name them. Runs inside the app: see manage.py shell."""

from __future__ import annotations

from django.db import transaction

from installations.models import Portal
from lanes.signals import open_lane
from webhooks.models import EVENTS

from .webhooks_sender import FIRST_PORTAL


@transaction.atomic
def install(count: int) -> None:
    """Install the app in `count` portals, as far as the inbox can tell."""
    for hub_id in range(FIRST_PORTAL, FIRST_PORTAL + count):
        portal = Portal.objects.create(hub_id=hub_id, name=f"Portal {hub_id}", installed_by_user_id=1)
        open_lane(portal.pk, EVENTS)
