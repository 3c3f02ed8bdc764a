"""Round trips to HubSpot: an app is installed, somebody signs in, an app is taken out."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class OAuthFlow(models.Model):
    """A round trip to HubSpot that one browser started. The state in its URL works once, here, for ten minutes."""

    class Purpose(models.TextChoices):
        INSTALL = "install"
        SIGN_IN = "sign_in"
        FINALIZE = "finalize"  # second leg of a marketplace install with partner sign-in

    state_digest = models.BinaryField(primary_key=True)  # SHA-256: the state itself is never stored
    browser_digest = models.BinaryField()
    purpose = models.TextField(choices=Purpose)
    hub_id = models.BigIntegerField(null=True)  # null: the user picks the account at HubSpot
    user_id = models.BigIntegerField(null=True)  # finalize only: who must finish what they started
    started_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)  # null: not used yet

    class Meta:
        indexes = [
            # At most five flows wait per browser; older ones go.
            models.Index(fields=["browser_digest", "started_at"], name="flow_browser"),
            # The purge looks for old ones.
            models.Index(fields=["started_at"], name="flow_started"),
        ]


class Exchange(models.Model):
    """A code that was taken to HubSpot: none goes there twice, and few of one address."""

    code_digest = models.BinaryField(primary_key=True)  # SHA-256: the code itself is never stored
    network_digest = models.BinaryField()  # of the address it came from
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            # How many came from one address within the minute.
            models.Index(fields=["network_digest", "at"], name="exchange_network"),
            # The purge looks for old ones.
            models.Index(fields=["at"], name="exchange_at"),
        ]


class UnclaimedGrant(models.Model):
    """A sign-in chose an account that has no installation: its token waits for a yes or a no, at most ten minutes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    hub_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    # Sealed with a key-encryption key: there is no portal yet.
    access_token = models.TextField()  # noqa: HS005 - used or destroyed within ten minutes
    created_at = models.DateTimeField(default=timezone.now)


class Uninstall(models.Model):
    """The app is being taken out of an account at HubSpot: nobody connects it meanwhile."""

    hub_id = models.BigIntegerField(primary_key=True)
    until = models.DateTimeField()
