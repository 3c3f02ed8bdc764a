"""What the project itself keeps: the table of Django's database cache, and where staff are signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class CacheEntry(models.Model):
    """Counts of sign-in attempts and used one-time codes, shared by all web processes.

    In PostgreSQL rather than Redis, so that staff can sign in when Redis is away, which is when they want to, and
    nobody can guess passwords faster then.
    """

    cache_key = models.CharField(primary_key=True, max_length=255)
    value = models.TextField()
    expires = models.DateTimeField()

    class Meta:
        db_table = "hubapp_cache"
        indexes = [
            # Making room looks for what has run out.
            models.Index(fields=["expires"], name="cache_expires"),
        ]


class StaffVisitQuerySet(models.QuerySet["StaffVisit"]):
    def open(self) -> StaffVisitQuerySet:
        """Visits that neither lasted too long nor rested too long."""
        now = timezone.now()
        return self.filter(began_at__gt=now - StaffVisit.LONGEST, seen_at__gt=now - StaffVisit.LONGEST_PAUSE)


class StaffVisit(models.Model):
    """One browser in which a member of staff is signed in. Without this row its session opens nothing.

    Shorter than portal users': the console shows every portal.
    """

    LONGEST: ClassVar = timedelta(hours=12)  # whatever happens meanwhile
    LONGEST_PAUSE: ClassVar = timedelta(hours=2)  # without a page being opened

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="visits")
    began_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)  # when a page was opened last, to the minute

    objects: ClassVar = StaffVisitQuerySet.as_manager()
