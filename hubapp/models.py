"""What the project itself keeps: the table of Django's database cache."""

from __future__ import annotations

from django.db import models


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
