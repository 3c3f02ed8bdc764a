"""What looks like somebody else using our access to a portal."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from .portals import Portal


class OthersCalls(models.Model):
    """Calls of a portal that HubSpot counted in our allowance in one minute, and we did not make. Only a sample."""

    portal = models.ForeignKey(Portal, models.CASCADE, related_name="+")
    at = models.DateTimeField()  # the minute's beginning
    calls = models.IntegerField()

    class Meta:
        constraints = [
            # What is added to; a portal's history.
            models.UniqueConstraint(fields=["portal", "at"], name="others_calls")
        ]
        indexes = [models.Index(fields=["at"], name="others_calls_at")]  # who had some lately; the purge


class AnomalyQuerySet(models.QuerySet["Anomaly"]):
    def open(self) -> AnomalyQuerySet:
        """Those that are not over: at most one per portal and kind."""
        return self.filter(ended_at=None)

    def alarming(self) -> AnomalyQuerySet:
        """Those that nobody has looked at and that are not over."""
        return self.open().filter(dismissed_at=None)


class Anomaly(models.Model):
    """An hour of a portal that was not like its own hours. See installations.anomalies.rules for what that means."""

    class Kind(models.TextChoices):
        OTHERS = "others", "Calls that were not ours"  # HubSpot counted more than we made
        CALLS = "calls", "Calls for people and events"
        BULK = "bulk", "Calls of syncs and checks"
        DENIED = "denied", "Calls refused (401, 403, 429)"
        EXPORTS = "exports", "Exports of all data"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    portal = models.ForeignKey(Portal, models.CASCADE, related_name="anomalies")
    kind = models.TextField(choices=Kind)
    begun_at = models.DateTimeField(default=timezone.now)  # when it was found first
    found_at = models.DateTimeField(default=timezone.now)  # when it was found last
    figure = models.IntegerField()  # the most in an hour, until somebody looked
    usual = models.IntegerField()  # what is usual in such an hour of this portal, when it was found first
    limit = models.IntegerField()  # above which it is found
    dismissed_at = models.DateTimeField(null=True)  # null: nobody has said that it is all right
    dismissed_by = models.TextField(default="", blank=True)
    ended_at = models.DateTimeField(null=True)  # null: it goes on

    objects: ClassVar = AnomalyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "anomalies"
        constraints = [
            # Two beats that find the same leave one row.
            models.UniqueConstraint(
                fields=["portal", "kind"], condition=Q(ended_at=None), name="one_open_anomaly_per_kind"
            )
        ]
        indexes = [
            # The console lists the latest. The purge looks at all: there are few.
            models.Index(fields=["-begun_at"], name="anomaly_begun"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.in_words}"

    @property
    def in_words(self) -> str:
        """How much against what is usual."""
        return f"{self.figure:,} in an hour, usual are up to {self.usual:,}"
