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
