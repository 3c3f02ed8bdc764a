"""Calls to HubSpot: how they went, what they came to, and when they are stopped."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import F, Q, Value
from django.utils import timezone

from .portals import Portal

_LONGEST = timedelta(days=7)  # of a dry run


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
    # Of the requests, with defaults in the database for processes of a version that does not know them yet:
    bulk = models.IntegerField(default=0, db_default=0)  # made by bulk work: syncs, checks, sweeps
    denied = models.IntegerField(default=0, db_default=0)  # answered 401, 403 or 429

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


class DryRun(models.Model):
    """Other limits that staff try, or tried: calls are counted against them, none is held up."""

    AT_ONCE = 3  # each makes every call dearer for Redis
    LONGEST = _LONGEST

    class Whose(models.TextChoices):
        """Whose calls count. A private app's tier is the burst that HubSpot's headers tell of."""

        ALL = "all", "All portals"
        INSTALLED = "installed", "Portals that installed the app"
        PRIVATE_APPS = "private_apps", "Portals connected by a private app"
        TIER_100 = "100", "Private apps with 100 calls in 10 s"
        TIER_190 = "190", "Private apps with 190 calls in 10 s"
        TIER_250 = "250", "Private apps with 250 calls in 10 s"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    place = models.SmallIntegerField()  # of those that may be on at once, each has one
    hub_id = models.BigIntegerField(null=True)  # null: not one account alone
    whose = models.TextField(choices=Whose, default=Whose.ALL)
    # Calls tried in each bucket's window; null: not tried.
    burst = models.IntegerField(null=True)
    search = models.IntegerField(null=True)
    associations = models.IntegerField(null=True)
    oauth = models.IntegerField(null=True)
    begun_at = models.DateTimeField(default=timezone.now)
    begun_by = models.TextField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # null: on
    ended_by = models.TextField(default="", blank=True)
    figures = models.JSONField(null=True)  # as they were at the end; null: on, or Redis is away since then, or forgot

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place"], condition=Q(ended_at=None), name="one_dry_run_per_place"),
            models.CheckConstraint(
                condition=Q(ends_at__lte=F("begun_at") + Value(_LONGEST, models.DurationField())),
                name="dry_run_ends_within_days",
            ),
        ]

    def __str__(self) -> str:
        return self.get_whose_display() if self.hub_id is None else f"Account {self.hub_id}"

    @property
    def is_on(self) -> bool:
        return self.ended_at is None and self.ends_at > timezone.now()
