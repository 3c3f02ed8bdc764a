"""Where HubSpot sends our webhooks."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse


def target_url() -> str:
    """Our endpoint, as it must be registered at HubSpot: the signature is over this address."""
    return f"{settings.PUBLIC_URL}{reverse('receive_webhooks')}"
