"""The inbox: one row per event that HubSpot sent and we acknowledged."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Case, OuterRef, Q, Subquery, Value, When
from django.utils import timezone

from installations.models import Portal
from lanes.models import Lane

EVENTS = "events"  # the kind of lane that works through the inbox


class EventQuerySet(models.QuerySet["Event"]):
    def with_state(self) -> EventQuerySet:
        """Annotate `state`: an event is done when its portal's lane has passed it and no failure is left."""
        passed = Lane.objects.filter(portal=OuterRef("portal"), kind=EVENTS).values("position")[:1]
        return self.annotate(
            state=Case(
                When(portal=None, then=Value(Event.State.QUARANTINED)),
                When(failure__died_at__isnull=False, then=Value(Event.State.DEAD)),
                When(failure__isnull=False, then=Value(Event.State.RETRYING)),
                When(id__lte=Subquery(passed), then=Value(Event.State.DONE)),
                default=Value(Event.State.PENDING),
                output_field=models.TextField(),
            )
        )


class Event(models.Model):
    """One event of one webhook delivery.

    Rows are written once. What became of an event follows from the position of its portal's lane, which passes
    ids in order, and from a Failure where there is one: marking a hundred events costs one small UPDATE.
    """

    class State(models.TextChoices):
        PENDING = "pending"  # acknowledged; its lane has not come to it
        DONE = "done"
        RETRYING = "retrying"  # failed alone; will be tried again
        DEAD = "dead"  # failed too often; staff may replay it
        QUARANTINED = "quarantined"  # its portal is unknown, or it was meant for another app

    # Drawn while the lane's row is locked, so that within a portal ids follow the order of commits.
    id = models.BigAutoField(primary_key=True)
    # Six bytes of occurredAt, then SHA-256 of the event without attemptNumber: the time keeps the index compact.
    key = models.BinaryField(unique=True, max_length=38)
    # Null: quarantined. Without a constraint in the database, which would look the portal up once per event.
    portal = models.ForeignKey(
        Portal, models.CASCADE, null=True, related_name="events", db_index=False, db_constraint=False
    )
    hub_id = models.BigIntegerField(null=True)  # null: HubSpot said nothing usable, or meant another app
    received_at = models.DateTimeField(default=timezone.now)
    occurred_at = models.DateTimeField(null=True)  # null: HubSpot said nothing usable
    event_type = models.TextField()  # subscriptionType, such as "contact.propertyChange"; kept as sent, known or not
    object_id = models.BigIntegerField(null=True)  # null: the event is about no single record
    attempt = models.SmallIntegerField(default=0)  # HubSpot's attemptNumber of the delivery that we stored
    payload = models.TextField()  # JSON as text: jsonb refuses NUL characters and lone surrogates

    objects: ClassVar = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            # The lane reads what comes after its position.
            models.Index(fields=["portal", "id"], condition=Q(portal__isnull=False), name="event_portal"),
            # Adoption looks for a portal's quarantined events; the purge for old ones.
            models.Index(fields=["hub_id"], condition=Q(portal__isnull=True), name="event_quarantined"),
            BrinIndex(fields=["received_at"], name="event_received"),
        ]


class Failure(models.Model):
    """An event that failed alone. Gone when it succeeds; died_at set when it has failed too often."""

    event = models.OneToOneField(Event, models.CASCADE, primary_key=True, related_name="failure")
    portal = models.ForeignKey(Portal, models.CASCADE, null=True, db_index=False)  # as its event's; never null in fact
    attempts = models.IntegerField(default=0)
    reason = models.TextField()
    failed_at = models.DateTimeField(default=timezone.now)
    retry_at = models.DateTimeField(null=True)  # null: dead
    died_at = models.DateTimeField(null=True)  # null: will be tried again

    class Meta:
        indexes = [
            # The lane asks which of its failures are due, and when the next one is.
            models.Index(fields=["portal", "retry_at"], condition=Q(retry_at__isnull=False), name="failure_due"),
            # A portal's failures, the latest first: what its app cards say, and what is erased with it.
            models.Index(fields=["portal", "-event"], name="failure_portal"),
            # The console lists dead letters.
            models.Index(fields=["-died_at"], condition=Q(died_at__isnull=False), name="failure_dead"),
        ]


class JournalReader(models.Model):
    """One row: who reads HubSpot's webhooks journal, how far that has got, and how it goes."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    token = models.UUIDField(null=True)  # null: nobody is reading
    lease_until = models.DateTimeField(null=True)  # null: nobody is reading
    next_at = models.DateTimeField(default=timezone.now)
    offset = models.TextField(default="")  # HubSpot's name of the last file dealt with; empty: begin with the earliest
    published_at = models.DateTimeField(null=True)  # of that file; null: none yet
    subscribed_at = models.DateTimeField(null=True)  # when we last asked to be told; null: not yet
    caught_up_at = models.DateTimeField(null=True)  # when the journal's end was last reached; null: not yet
    refused_at = models.DateTimeField(null=True)  # since when HubSpot does not let the app read; null: it does
    failures = models.IntegerField(default=0)  # turns in a row that ended in an error
    latest_error = models.TextField(default="")  # of the last turn; empty: it went well
    file_failures = models.IntegerField(default=0)  # tries of the next file, which cannot be read
    # Since the beginning.
    files = models.BigIntegerField(default=0)
    events = models.BigIntegerField(default=0)
    odd = models.BigIntegerField(default=0)  # what stood among the events and is none
    gaps = models.BigIntegerField(default=0)  # times that something was lost: read too late, or an unreadable file
    gap_at = models.DateTimeField(null=True)  # when that last happened; null: never

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_journal_reader")]
