"""The people who may see a portal, and the browsers they are signed in with."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from .places import Place
from .portals import Portal


class Membership(models.Model):
    """What one HubSpot user may see of one installation. Identity is the user_id; the e-mail is for display."""

    class Role(models.TextChoices):
        OWNER = "owner"  # introspected user of the first install, or whom they made it; lets others in
        ADMIN = "admin"  # may do what the owner does, except to owners
        VIEWER = "viewer"  # sees everything, changes nothing
        WAITING = "waiting"  # proven user of the account; sees the connection's status until let in

    portal = models.ForeignKey(Portal, models.CASCADE, related_name="memberships")
    user_id = models.BigIntegerField()
    email = models.TextField(default="", blank=True)
    role = models.TextField(choices=Role)
    asked_at = models.DateTimeField(null=True, default=timezone.now)  # null: who waits asks for nothing now
    declined_at = models.DateTimeField(null=True)  # null: nobody said no, or they asked again since
    proven_at = models.DateTimeField(default=timezone.now)  # when HubSpot last said that the user is in the account

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["portal", "user_id"], name="one_membership_per_user"),
            models.UniqueConstraint(fields=["portal"], condition=Q(role="owner"), name="one_owner_per_portal"),
        ]
        indexes = [
            # The portal switcher lists a user's portals.
            models.Index(fields=["user_id"], name="membership_user"),
        ]

    def __str__(self) -> str:
        return f"{self.email or self.user_id} ({self.role})"

    @property
    def name(self) -> str:
        return self.email or f"HubSpot user {self.user_id}"

    @property
    def was_confirmed(self) -> bool:
        """Whether HubSpot ever said that they belong to the account; not of an owner whom staff named, at first."""
        return self.proven_at.year > 1970

    @property
    def is_asking(self) -> bool:
        return self.role == self.Role.WAITING and self.asked_at is not None


class OwnershipClaim(models.Model):
    """An admin wants to take over from an owner who seems to be gone. It ends when the owner signs in."""

    portal = models.OneToOneField(Portal, models.CASCADE, primary_key=True, related_name="ownership_claim")
    claimant = models.OneToOneField(Membership, models.CASCADE, related_name="ownership_claim")
    claimed_at = models.DateTimeField()


class VisitQuerySet(models.QuerySet["Visit"]):
    def open(self) -> VisitQuerySet:
        """Visits that neither lasted too long nor rested too long."""
        now = timezone.now()
        return self.filter(began_at__gt=now - Visit.LONGEST, seen_at__gt=now - Visit.LONGEST_PAUSE)


class Visit(models.Model):
    """One browser in which a HubSpot user is signed in. Its session names this row, and without it says nothing."""

    LONGEST: ClassVar = timedelta(hours=24)  # whatever happens meanwhile
    LONGEST_PAUSE: ClassVar = timedelta(hours=8)  # without a page being opened

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user_id = models.BigIntegerField()
    email = models.TextField(default="", blank=True)
    browser = models.TextField(default="", blank=True)  # for its user to recognise: "Firefox on Windows"
    place = models.ForeignKey(Place, models.SET_NULL, null=True, related_name="visits")  # null: forgotten
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # when a page was opened last, to the minute

    objects: ClassVar = VisitQuerySet.as_manager()

    class Meta:
        indexes = [
            # A user's browsers are listed, and signed out together.
            models.Index(fields=["user_id"], name="visit_user"),
            # The purge looks for those that are over.
            models.Index(fields=["seen_at"], name="visit_seen"),
        ]
