"""Where people sign in from."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Place(models.Model):
    """Where somebody signed in from, so that the next place can be told from those they have used before.

    Of the address only the network is kept, and no place for longer than `installations.people.places.KEPT`.
    """

    class Who(models.TextChoices):
        STAFF = "staff", "Staff"
        PORTAL_USER = "user", "Portal user"

    who = models.TextField(choices=Who)
    person_id = models.BigIntegerField()  # of the staff account, or HubSpot's user_id
    name = models.TextField(default="", blank=True)  # for display
    network = models.TextField()  # "203.0.113.0/24", "2001:db8:1::/48"; empty: the address was not known
    browser = models.TextField()  # "Firefox on Windows"; empty: neither was known
    first_at = models.DateTimeField(default=timezone.now)
    latest_at = models.DateTimeField(default=timezone.now)
    is_news = models.BooleanField()  # the network or the browser was new to somebody who had signed in before
    seen_at = models.DateTimeField(null=True)  # null: nobody has said that it is all right
    seen_by = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            # Two sign-ins at once leave one row; a person's places.
            models.UniqueConstraint(fields=["who", "person_id", "network", "browser"], name="one_place")
        ]
        indexes = [
            # The purge looks for those not used for long.
            models.Index(fields=["latest_at"], name="place_latest"),
            # The console lists the latest new ones.
            models.Index(fields=["-first_at"], condition=Q(is_news=True), name="place_news"),
            # An alarm, and a figure at every scrape: those of staff that nobody has found to be all right.
            models.Index(
                fields=["-first_at"],
                condition=Q(who="staff", is_news=True, seen_at__isnull=True),
                name="place_unseen_of_staff",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.browser or 'Unknown browser'}, {self.network or 'unknown network'}"

    @property
    def is_to_be_seen(self) -> bool:
        return self.is_news and self.seen_at is None
