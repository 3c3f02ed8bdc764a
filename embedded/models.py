"""What of ours is open inside HubSpot."""

from __future__ import annotations

import uuid

from django.db import models

from installations.models import Portal


class CardVisit(models.Model):
    """One opening of the embedded view from an app card: by one user, of one record, for minutes.

    Its tokens name this row, and without it say nothing: whatever ends a visit deletes or outdates the row.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    portal = models.ForeignKey(Portal, models.CASCADE, related_name="card_visits")
    user_id = models.BigIntegerField()
    object_type = models.TextField()  # HubSpot's object type id
    record_id = models.BigIntegerField()
    # SHA-256 of the signature that asked for it: HubSpot repeats a request whose answer was lost.
    request_key = models.BinaryField(max_length=32, unique=True)
    issued_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)  # null: not opened yet; it can be once

    class Meta:
        indexes = [
            # How many a user has; "sign out everywhere".
            models.Index(fields=["user_id", "issued_at"], name="card_visit_user"),
            # The purge looks for those that are over.
            models.Index(fields=["issued_at"], name="card_visit_issued"),
        ]
