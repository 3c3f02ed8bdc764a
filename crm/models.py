"""The mirror of each portal's CRM."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from installations.models import Portal


class Record(models.Model):
    """One CRM record as HubSpot last told us. Tombstones stay, so that a late read cannot bring a record back."""

    class State(models.TextChoices):
        LIVE = "live"
        ARCHIVED = "archived"  # in HubSpot's recycle bin; may be restored
        MERGED = "merged"  # lives on in `merged_into`
        GONE = "gone"  # HubSpot knows it no longer, or privacy law had it deleted

    portal = models.ForeignKey(Portal, models.CASCADE, related_name="records", db_index=False, db_constraint=False)
    object_type = models.TextField()  # HubSpot's object type id, such as "0-1"
    record_id = models.BigIntegerField()
    state = models.TextField(choices=State, default=State.LIVE)
    properties = models.JSONField(default=dict)  # names to text; those without value are left out
    title = models.TextField(default="", blank=True)
    url = models.TextField(default="", blank=True)  # the record's page in HubSpot; empty: HubSpot gave none
    created_at = models.DateTimeField(null=True)  # null: we have only seen that it is gone
    updated_at = models.DateTimeField(null=True)  # HubSpot's last-modified; null as above
    merged_into = models.BigIntegerField(null=True)  # null: not merged
    forgotten = models.BooleanField(default=False)  # privacy law had it deleted: nothing that is read brings it back
    read_at = models.DateTimeField()  # when the read that this row comes from began
    # When the read of its associations began, by the other object type's id, in microseconds of the epoch.
    associations_read_at = models.JSONField(default=dict)
    version = models.BigIntegerField(default=1)  # +1 with every change; one row of the change feed each
    changed_at = models.DateTimeField(default=timezone.now)  # when this version was written
    search = SearchVectorField(null=True)  # words of the title and of what people search by, and the portal itself

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["portal", "object_type", "record_id"], name="one_row_per_record"),
        ]
        indexes = [
            # Lists of live records, latest change first, paged by (updated_at, record_id).
            models.Index(
                fields=["portal", "object_type", "-updated_at", "-record_id"],
                condition=Q(state="live"),
                name="record_live_list",
            ),
            # Privacy law's deletions concern those that were merged into a record too.
            models.Index(
                fields=["portal", "object_type", "merged_into"],
                condition=Q(merged_into__isnull=False),
                name="record_merged_into",
            ),
            # Search within a portal and type, both of which are words of the vector.
            GinIndex(fields=["search"], name="record_search"),
        ]


class Association(models.Model):
    """One association as read from its `from` side. The other side has rows of its own, with its own type ids."""

    portal = models.ForeignKey(Portal, models.CASCADE, related_name="associations", db_index=False, db_constraint=False)
    from_type = models.TextField()
    from_id = models.BigIntegerField()
    to_type = models.TextField()
    to_id = models.BigIntegerField()
    category = models.TextField()  # HUBSPOT_DEFINED, USER_DEFINED, …
    type_id = models.IntegerField()
    label = models.TextField(default="", blank=True)  # empty: the unlabelled type

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["portal", "from_type", "from_id", "to_type", "to_id", "category", "type_id"],
                name="one_row_per_association",
            ),
        ]
        indexes = [
            # A tombstone takes the associations of its other side with it.
            models.Index(fields=["portal", "to_type", "to_id"], name="association_other_side"),
        ]


class FeedHead(models.Model):
    """How far a portal's change feed goes. Its row is locked while changes get their positions."""

    portal = models.OneToOneField(Portal, models.CASCADE, primary_key=True, db_constraint=False)
    position = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(default=timezone.now)  # when the last change was written


class Change(models.Model):
    """One version of one record. Followers read by (portal, position), which follows the order of commits."""

    class Kind(models.TextChoices):
        CREATED = "created"
        UPDATED = "updated"
        ASSOCIATED = "associated"  # its associations changed
        ARCHIVED = "archived"
        RESTORED = "restored"
        MERGED = "merged"
        GONE = "gone"

    class Source(models.TextChoices):
        EVENT = "event"  # a webhook said so
        FIRST_SYNC = "first_sync"
        RECONCILE = "reconcile"  # found by asking what changed
        SWEEP = "sweep"  # found by comparing everything

    portal = models.ForeignKey(Portal, models.CASCADE, related_name="changes", db_index=False, db_constraint=False)
    position = models.BigIntegerField()
    object_type = models.TextField()
    record_id = models.BigIntegerField()
    version = models.BigIntegerField()
    kind = models.TextField(choices=Kind)
    source = models.TextField(choices=Source)
    properties = ArrayField(models.TextField(), default=list)  # names of those that changed
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["portal", "position"], name="one_change_per_position"),
            # Also finds a record's history.
            models.UniqueConstraint(
                fields=["portal", "object_type", "record_id", "version"], name="one_change_per_version"
            ),
        ]


class Property(models.Model):
    """A property's definition in one portal: what to call it, and how to show its values."""

    portal = models.ForeignKey(Portal, models.CASCADE, related_name="properties")
    object_type = models.TextField()
    name = models.TextField()
    label = models.TextField()
    type = models.TextField()  # bool, date, datetime, enumeration, number, string, …
    group = models.TextField(default="")
    options = models.JSONField(default=list)  # [[value, label], …] of an enumeration
    is_calculated = models.BooleanField(default=False)
    is_hidden = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["portal", "object_type", "name"], name="one_row_per_property"),
        ]


class Owner(models.Model):
    """A HubSpot user to whom records can belong."""

    portal = models.ForeignKey(Portal, models.CASCADE, related_name="owners")
    owner_id = models.BigIntegerField()
    name = models.TextField()
    email = models.TextField(default="", blank=True)
    is_archived = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["portal", "owner_id"], name="one_row_per_owner")]


class ClosedFeature(models.Model):
    """Something that a portal does not let us read, or did not once: see crm.features and crm.availability."""

    portal = models.ForeignKey(Portal, models.CASCADE, related_name="closed_features")
    feature = models.TextField()  # its key
    scopes = ArrayField(models.TextField(), default=list)  # any one opens it; empty: HubSpot did not say which
    said = models.TextField(default="", db_default="", blank=True)  # HubSpot's words, where it names no scope
    closed_at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True)  # null: it is closed
    probe_at = models.DateTimeField(null=True)  # when HubSpot is asked again; null: its scope was not granted at all

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["portal", "feature"], name="one_row_per_closed_feature"),
        ]


class Sync(models.Model):
    """How one object type of one portal is being kept: first sync, reconcile, sweep."""

    class State(models.TextChoices):
        FIRST_SYNC = "first_sync"  # reading everything
        IN_SYNC = "in_sync"  # read once; events and reconcile keep it so
        UNAVAILABLE = "unavailable"  # HubSpot refuses it: `problem` says which scope it wants, or what it said

    portal = models.ForeignKey(Portal, models.CASCADE, related_name="syncs")
    object_type = models.TextField()
    state = models.TextField(choices=State, default=State.FIRST_SYNC)
    problem = models.TextField(default="", blank=True)
    live_records = models.BigIntegerField(default=0)  # counted along; counted anew whenever everything was read
    # Reading everything: the first time, and again as a sweep. `after` is HubSpot's cursor.
    reading_began_at = models.DateTimeField(default=timezone.now)
    after = models.TextField(default="", blank=True)
    records_read = models.BigIntegerField(default=0)
    records_total = models.BigIntegerField(null=True)  # as HubSpot counts; null: not asked yet
    reading_ended_at = models.DateTimeField(null=True)  # null: reading
    # Reconcile: everything modified up to here has been read.
    reconciled_to = models.DateTimeField(null=True)  # null: the first sync has not ended
    reconciled_at = models.DateTimeField(null=True)  # when a pass last ended; null: none has
    window_to = models.DateTimeField(null=True)  # the pass under way ends here; null: none is under way
    window_after_id = models.BigIntegerField(default=0)  # how far the pass under way has got
    owners_read_at = models.DateTimeField(null=True)  # null: not read yet
    properties_read_at = models.DateTimeField(null=True)  # definitions; null: not read yet

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["portal", "object_type"], name="one_sync_per_object_type"),
        ]

    @property
    def percent(self) -> int:
        """Progress of the reading: 100 only when it has ended."""
        if self.reading_ended_at is not None:
            return 100
        if not self.records_total:
            return 0
        return min(99, self.records_read * 100 // self.records_total)
