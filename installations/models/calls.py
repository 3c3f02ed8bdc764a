"""Calls to HubSpot: how they went, what they came to, and when they are stopped."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from .portals import Portal


class ApiCall(models.Model):
    """One call to HubSpot, as it went. Recent ones are kept, errors longer; nothing personal, nothing secret."""

    at = models.DateTimeField()
    # Null: before an install. Without a constraint: a record may be written after its portal was erased.
    portal = models.ForeignKey(Portal, models.CASCADE, null=True, related_name="api_calls", db_constraint=False)
    method = models.TextField()
    path = models.TextField()  # the template: ids and queries are not kept
    status = models.IntegerField(null=True)  # null: no answer
    category = models.TextField(default="", blank=True)
    error = models.TextField(default="", blank=True)  # class of the exception; empty: success
    correlation_id = models.TextField(default="", blank=True)
    attempts = models.SmallIntegerField()
    waited_ms = models.IntegerField()  # for the limiter
    took_ms = models.IntegerField()  # at HubSpot, all attempts
    sent_bytes = models.IntegerField(default=0)
    received_bytes = models.IntegerField()

    class Meta:
        indexes = [
            # A portal's latest calls; the console and the hourly purge read by time.
            models.Index(fields=["portal", "-at"], name="api_call_portal_at"),
            models.Index(fields=["-at"], name="api_call_at"),
            # The console's filter for failures.
            models.Index(fields=["-at"], condition=~Q(error=""), name="api_call_failed"),
        ]


class CallMinute(models.Model):
    """What the calls of a portal in one minute came to, by how they ended. Added up as calls are logged."""

    class Answer(models.TextChoices):
        """How a call ended, as charts tell it."""

        WORKED = "2xx", "Worked"
        REFUSED = "4xx", "Refused"
        LIMITED = "429", "Refused by a limit"
        FAILED = "5xx", "Failed at HubSpot"
        LOST = "none", "No answer"
        UNSENT = "unsent", "Not sent"  # the limiter or the breaker held it back, or there was no connection

    at = models.DateTimeField()  # the minute's beginning
    # Null: before an install, or of the app itself.
    portal = models.ForeignKey(Portal, models.CASCADE, null=True, related_name="+", db_constraint=False)
    answer = models.TextField(choices=Answer)
    category = models.TextField(default="", blank=True)  # HubSpot's, or the exception's class; empty: success
    calls = models.IntegerField()
    requests = models.IntegerField()  # that HubSpot can have seen: attempts but those without a connection
    errors = models.IntegerField()  # of these, how many were not answered with a success
    waited_ms = models.BigIntegerField()
    took_ms = models.BigIntegerField()
    sent_bytes = models.BigIntegerField()
    received_bytes = models.BigIntegerField()

    class Meta:
        constraints = [
            # What is added to; a portal's chart.
            models.UniqueConstraint(
                fields=["portal", "at", "answer", "category"], name="call_minute", nulls_distinct=False
            )
        ]
        indexes = [models.Index(fields=["at"], name="call_minute_at")]  # the day's budget; the purge


class FailedRequests(models.Model):
    """How often HubSpot failed or refused a kind of request of a portal on one day (UTC), and why."""

    day = models.DateField()
    portal = models.ForeignKey(Portal, models.CASCADE, null=True, related_name="+", db_constraint=False)
    method = models.TextField()
    path = models.TextField()  # the template
    status = models.IntegerField(null=True)  # null: no answer
    category = models.TextField()  # HubSpot's, or the exception's class
    times = models.IntegerField()

    class Meta:
        constraints = [
            # What is added to; the day's causes; the purge.
            models.UniqueConstraint(
                fields=["day", "portal", "method", "path", "status", "category"],
                name="failed_requests",
                nulls_distinct=False,
            )
        ]


class Stop(models.Model):
    """Calls to HubSpot are, or were, stopped by staff. Rows stay, as the record of who did it and why."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    hub_id = models.BigIntegerField(null=True)  # null: for all portals, and for the app's own calls
    reason = models.TextField()
    begun_at = models.DateTimeField(default=timezone.now)
    begun_by = models.TextField()
    ended_at = models.DateTimeField(null=True)  # null: in force
    ended_by = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hub_id"], condition=Q(ended_at=None), nulls_distinct=False, name="one_stop_in_force"
            )
        ]

    def __str__(self) -> str:
        return "All portals" if self.hub_id is None else f"Account {self.hub_id}"
