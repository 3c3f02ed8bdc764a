"""Portals' keys and tokens, sealed, and what stands between them and HubSpot's token endpoint."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .portals import Portal

ROTATE_AFTER = timedelta(days=180)  # when people are reminded to give a private app another token
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class DataKey(models.Model):
    """A portal's own key, wrapped. Destroying it makes every ciphertext of the portal unreadable."""

    portal = models.OneToOneField(Portal, models.CASCADE, primary_key=True, related_name="data_key")
    key_id = models.UUIDField(default=uuid.uuid4)  # bound into every ciphertext; never changes
    wrapped = models.BinaryField(null=True)  # null: destroyed
    wrapped_by = models.TextField()  # id of the key-encryption key
    created_at = models.DateTimeField(default=timezone.now)
    destroyed_at = models.DateTimeField(null=True)  # null: in use


class KeySentinel(models.Model):
    """A known word, sealed by a key-encryption key when it was first used: so we can tell whether we have that one."""

    key_id = models.TextField(primary_key=True)
    sealed = models.BinaryField()


class Credential(models.Model):
    """A portal's OAuth tokens, sealed, and the lease under which one caller at a time renews them.

    Or a private app's token: it lasts until somebody rotates it in HubSpot, and nothing renews it.
    """

    portal = models.OneToOneField(Portal, models.CASCADE, related_name="credential")
    access_token = models.TextField()  # sealed
    refresh_token = models.TextField()  # sealed; empty: a private app has none
    previous_refresh_token = models.TextField(default="")  # sealed; empty once the new one has worked
    scopes = ArrayField(models.TextField(), default=list)
    user_id = models.BigIntegerField(null=True)  # who granted it; null: HubSpot did not tell
    obtained_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)  # null: a private app's token, which has no end
    token_number = models.BigIntegerField(default=1)  # +1 with every access token saved: names one without showing it
    generation = models.BigIntegerField(default=1)  # +1 with every claim to renew and every outcome: the fence
    lease_until = models.DateTimeField(null=True)  # null: nobody is renewing
    retry_at = models.DateTimeField(null=True)  # null: renewing may be tried at any time
    refused_at = models.DateTimeField(null=True)  # first invalid_grant in a row; null: none
    failures = models.IntegerField(default=0)
    latest_error = models.TextField(default="", blank=True)  # "class: words"; never holds a secret
    revoked_at = models.DateTimeField(null=True)  # null: we have not revoked its refresh tokens at HubSpot

    class Meta:
        indexes = [
            # Refresh asks how many portals were refused lately: many at once is our fault, not theirs.
            models.Index(fields=["refused_at"], condition=Q(refused_at__isnull=False), name="credential_refused"),
        ]

    @property
    def ends_at(self) -> datetime:
        """When the access token ends; as good as never for one that lasts."""
        return self.expires_at or _NEVER

    @property
    def lasts(self) -> bool:
        """Whether it is a private app's token."""
        return self.expires_at is None

    @property
    def rotate_at(self) -> datetime | None:
        """From when on people are reminded to rotate a token that lasts. None: it is renewed by itself."""
        return self.obtained_at + ROTATE_AFTER if self.lasts else None

    @property
    def is_to_be_rotated(self) -> bool:
        return self.rotate_at is not None and self.rotate_at <= timezone.now()

    @property
    def lifetime(self) -> timedelta:
        return self.ends_at - self.obtained_at


class TokenEndpoint(models.Model):
    """One row: whether refreshing stands still for everybody, because the fault is ours."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    halted_until = models.DateTimeField(null=True)  # null: refreshing goes on
    reason = models.TextField(default="")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_token_endpoint")]
