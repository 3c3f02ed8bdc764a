"""A lane is one portal's stream of one kind of work. The table is the queue; nothing else holds work."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from installations.models import Portal
from installations.ratelimit import WorkClass


class Lane(models.Model):
    """One stream of work: when it is due, who holds it, how far it got.

    `token` is unique for a reason beyond identity: PostgreSQL takes the strong row lock only when a column of a
    unique index changes. So a slice's transaction can hold the row FOR KEY SHARE, which shuts out the next claim
    but never the UPDATE of `signal` by which a webhook adds work.
    """

    portal = models.ForeignKey(Portal, models.CASCADE, related_name="lanes")
    kind = models.TextField()  # "events", "backfill", "reconcile", …
    part = models.TextField(default="")  # what the kind is split by, such as an object type; empty: not split
    work_class = models.SmallIntegerField(choices=[(one.value, one.name.lower()) for one in WorkClass])
    due_at = models.DateTimeField(null=True)  # null: nothing to do until signalled
    not_before = models.DateTimeField(null=True)  # null: a signal makes it due at once; else not before this
    signal = models.BigIntegerField(default=0)  # +1 by whoever adds work
    token = models.UUIDField(null=True, unique=True)  # null: nobody holds it
    lease_until = models.DateTimeField(null=True)  # null: nobody holds it
    parked = models.BooleanField(default=False)  # the portal needs attention: work waits, nobody claims it
    position = models.BigIntegerField(default=0)  # how far along its stream the lane has got
    claims = models.IntegerField(default=0)  # since the last orderly release: above 1, a holder died
    failures = models.IntegerField(default=0)  # slices in a row that ended in an error
    latest_error = models.TextField(default="")  # of the last slice; empty: it went well
    worked_at = models.DateTimeField(null=True)  # end of the last slice that went well; null: none yet

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["portal", "kind", "part"], name="one_lane_per_kind_and_part"),
        ]
        indexes = [
            # Claim: the longest due within a class.
            models.Index(
                fields=["work_class", "due_at"],
                condition=Q(due_at__isnull=False, parked=False),
                name="lane_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.part}" if self.part else self.kind


class Sweep(models.Model):
    """One row: when forgotten lanes were last looked for, and how many were ever found."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    swept_at = models.DateTimeField()
    found = models.BigIntegerField(default=0)  # lost wake-ups since the beginning; 0 is the expected figure

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_sweep")]


class WaitMinute(models.Model):
    """How long portals waited for a worker at one moment of a minute, per class of work, in sums over all portals."""

    at = models.DateTimeField()  # the minute's beginning, by the database's clock
    work_class = models.SmallIntegerField(choices=[(one.value, one.name.lower()) for one in WorkClass])
    portals = models.IntegerField()  # that have lanes of the class which are not parked
    waiting = models.IntegerField()  # of these, those whose longest due lane had waited long enough to be noted
    late = models.IntegerField()  # of these, those beyond the aim, as it was then
    longest_s = models.FloatField()

    class Meta:
        # A minute is sampled once; the day's share; the purge.
        constraints = [models.UniqueConstraint(fields=["at", "work_class"], name="wait_minute")]


class PortalWait(models.Model):
    """A portal whose longest due lane of a class had waited for some seconds when a minute was sampled."""

    at = models.DateTimeField()
    portal = models.ForeignKey(Portal, models.CASCADE, related_name="+")
    work_class = models.SmallIntegerField(choices=[(one.value, one.name.lower()) for one in WorkClass])
    waited_s = models.FloatField()
    lanes = models.IntegerField()  # that were due and held by nobody
    is_late = models.BooleanField()  # beyond the aim, as it was then

    class Meta:
        # Which portals miss the aim of the day; the latest first; the purge.
        constraints = [models.UniqueConstraint(fields=["at", "work_class", "portal"], name="portal_wait")]
        # A portal's own, for the console and when it is erased.
        indexes = [models.Index(fields=["portal", "-at"], name="portal_wait_portal_at")]
