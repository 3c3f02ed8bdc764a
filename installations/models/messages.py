"""What was done to an installation, and what was written to its people."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from .portals import Portal


class AuditEntry(models.Model):
    """What somebody did to an installation. Written once, never changed."""

    EXPORTED: ClassVar = "exported everything held"  # counted: see installations.anomalies

    # Null: it concerned no single portal.
    portal = models.ForeignKey(Portal, models.CASCADE, null=True, related_name="audit_entries")
    at = models.DateTimeField(default=timezone.now)
    actor = models.TextField()
    action = models.TextField()  # a sentence's verb: "installed", "let in", "disconnected", …
    detail = models.TextField(default="", blank=True)

    class Meta:
        indexes = [
            # The activity page lists a portal's latest.
            models.Index(fields=["portal", "-at"], name="audit_portal_at"),
            # Whether somebody exports more than usual.
            models.Index(fields=["at"], condition=Q(action="exported everything held"), name="audit_exported"),
        ]


class Mail(models.Model):
    """A message to one person, to be sent or sent. What it says is written when it leaves: see outbox."""

    class State(models.TextChoices):
        WAITING = "waiting"  # until due_at, and then until somebody sends it
        SENT = "sent"  # the mail server took it
        NOT_NEEDED = "not_needed"  # what it was about was over before it left
        GIVEN_UP = "given_up"  # tried for a day; latest_error says why in vain

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)  # also its Message-ID: who gets it twice can tell
    portal = models.ForeignKey(Portal, models.CASCADE, null=True, related_name="mails")  # null: to staff, of no portal
    kind = models.TextField()
    about = models.TextField(default="", blank=True)  # the occasion: nobody gets two of a kind about the same
    to = models.TextField()
    posted_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    state = models.TextField(choices=State, default=State.WAITING)
    attempts = models.SmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)  # null: waiting
    latest_error = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["portal", "kind", "about", "to"], nulls_distinct=False, name="one_mail_per_occasion"
            )
        ]
        indexes = [
            # The sender takes the one that is due longest.
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="mail_due"),
            # The purge looks for old ones; the console shows the latest.
            models.Index(fields=["posted_at"], name="mail_posted"),
        ]

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')} to {self.to}"

    @property
    def its_portal(self) -> Portal:
        """The portal of a message to its people. Raises ValueError for one to staff."""
        if self.portal is None:
            raise ValueError(f"The message {self.kind} is about no portal.")
        return self.portal
