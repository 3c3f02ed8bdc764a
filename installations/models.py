"""Portals that installed us, their sealed credentials, the people who may see them, and what was done."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

ERASE_AFTER = timedelta(days=30)  # what our privacy statement promises
ROTATE_AFTER = timedelta(days=180)  # when people are reminded to give a private app another token
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class PortalQuerySet(models.QuerySet["Portal"]):
    def live(self) -> PortalQuerySet:
        """Installations that stand for their hub_id now: at most one each."""
        return self.filter(state__in=Portal.LIVE)


class Portal(models.Model):
    """One installation of the app in one HubSpot account. Installing again after a disconnect makes a new row."""

    class State(models.TextChoices):
        ACTIVE = "active"  # installed; its lanes run
        NEEDS_RECONNECT = "needs_reconnect"  # HubSpot refuses our refresh token; its lanes are parked
        DISCONNECTING = "disconnecting"  # asked to leave; the uninstall call at HubSpot is under way
        DISCONNECTED = "disconnected"  # tokens destroyed; records wait for erase_at
        ERASED = "erased"  # only this row is left, as proof

    LIVE: ClassVar = [State.ACTIVE, State.NEEDS_RECONNECT, State.DISCONNECTING]
    _DESCRIPTION = ("name", "installed_by_email", "hublet", "ui_domain", "account_type", "time_zone", "currency")

    class Connection(models.TextChoices):
        OAUTH = "oauth", "OAuth"  # our app is installed in the account
        PRIVATE_APP = "private_app", "Private app"  # staff were given the token of a private app of the account

    hub_id = models.BigIntegerField()
    connection = models.TextField(choices=Connection, default=Connection.OAUTH, db_default=Connection.OAUTH)
    state = models.TextField(choices=State, default=State.ACTIVE)
    state_reason = models.TextField(default="", blank=True)  # one sentence for people; empty while all is well
    name = models.TextField(default="", blank=True)  # HubSpot gives one only to some accounts; then the hub_id serves
    hublet = models.TextField(default="na1")  # the data centre: na1, eu1, …
    ui_domain = models.TextField(default="app.hubspot.com")
    account_type = models.TextField(default="", blank=True)
    time_zone = models.TextField(default="UTC")
    currency = models.TextField(default="", blank=True)
    installed_by_user_id = models.BigIntegerField(null=True)  # null: HubSpot did not tell
    installed_by_email = models.TextField(default="", blank=True)
    connected_at = models.DateTimeField(default=timezone.now)
    consented_at = models.DateTimeField(default=timezone.now)  # when somebody last came back from HubSpot's consent
    # Since when the app is uninstalled, as HubSpot's journal says; null: nothing of that kind, or it was not so.
    uninstall_told_at = models.DateTimeField(null=True, blank=True)
    state_changed_at = models.DateTimeField(default=timezone.now)
    erase_at = models.DateTimeField(null=True, blank=True)  # null: nothing is to be erased
    erased_at = models.DateTimeField(null=True, blank=True)  # null: not erased
    rows_to_erase = models.JSONField(null=True, blank=True)  # by table, as erasing began; null: it has not
    certificate = models.JSONField(null=True, blank=True)  # what proves the erasure, signed; null: not erased

    objects: ClassVar = PortalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hub_id"],
                condition=Q(state__in=["active", "needs_reconnect", "disconnecting"]),
                name="one_live_installation_per_hub",
            ),
            models.CheckConstraint(condition=Q(hub_id__gt=0), name="hub_id_is_positive"),
        ]
        indexes = [
            # The hourly eraser asks which portals are due.
            models.Index(fields=["erase_at"], condition=Q(erase_at__isnull=False), name="portal_erase_due"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hub_id})" if self.name else f"Portal {self.hub_id}"

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    @property
    def is_private_app(self) -> bool:
        """Whether there is neither a refresh nor a push nor an uninstall: HubSpot knows a private app, not us."""
        return self.connection == self.Connection.PRIVATE_APP

    def move_to(self, state: Portal.State, reason: str = "") -> None:
        """Change state, say why, and start or stop the clock of the erasure promise.

        It runs while HubSpot is being told of a disconnect too, should that never come to an end.
        """
        now = timezone.now()
        self.state, self.state_reason, self.state_changed_at = state, reason, now
        leaving = state in {self.State.NEEDS_RECONNECT, self.State.DISCONNECTING, self.State.DISCONNECTED}
        self.erase_at = now + ERASE_AFTER if leaving else None
        self.save(update_fields=["state", "state_reason", "state_changed_at", "erase_at"])

    def become_proof(self, certificate: dict[str, Any]) -> None:
        """Keep nothing but the account's id, times and the certificate: all else about the installation is erased."""
        emptied = dict.fromkeys(self._DESCRIPTION, "")
        values = emptied | {"installed_by_user_id": None, "rows_to_erase": None, "certificate": certificate}
        for name, value in values.items():
            setattr(self, name, value)
        self.erased_at = datetime.fromisoformat(certificate["erased_at"])
        self.save(update_fields=[*values, "erased_at"])
        self.move_to(self.State.ERASED)


class DataKey(models.Model):
    """A portal's own key, wrapped. Destroying it makes every ciphertext of the portal unreadable."""

    portal = models.OneToOneField(Portal, models.CASCADE, primary_key=True, related_name="data_key")
    key_id = models.UUIDField(default=uuid.uuid4)  # bound into every ciphertext; never changes
    wrapped = models.BinaryField(null=True)  # null: destroyed
    wrapped_by = models.TextField()  # id of the key-encryption key
    created_at = models.DateTimeField(default=timezone.now)
    destroyed_at = models.DateTimeField(null=True)  # null: in use


class KeySentinel(models.Model):
    """A known word, sealed by a key-encryption key when it was first used: so we can tell whether we have that one."""

    key_id = models.TextField(primary_key=True)
    sealed = models.BinaryField()


class Credential(models.Model):
    """A portal's OAuth tokens, sealed, and the lease under which one caller at a time renews them.

    Or a private app's token: it lasts until somebody rotates it in HubSpot, and nothing renews it.
    """

    portal = models.OneToOneField(Portal, models.CASCADE, related_name="credential")
    access_token = models.TextField()  # sealed
    refresh_token = models.TextField()  # sealed; empty: a private app has none
    previous_refresh_token = models.TextField(default="")  # sealed; empty once the new one has worked
    scopes = ArrayField(models.TextField(), default=list)
    user_id = models.BigIntegerField(null=True)  # who granted it; null: HubSpot did not tell
    obtained_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)  # null: a private app's token, which has no end
    token_number = models.BigIntegerField(default=1)  # +1 with every access token saved: names one without showing it
    generation = models.BigIntegerField(default=1)  # +1 with every claim to renew and every outcome: the fence
    lease_until = models.DateTimeField(null=True)  # null: nobody is renewing
    retry_at = models.DateTimeField(null=True)  # null: renewing may be tried at any time
    refused_at = models.DateTimeField(null=True)  # first invalid_grant in a row; null: none
    failures = models.IntegerField(default=0)
    latest_error = models.TextField(default="", blank=True)  # "class: words"; never holds a secret
    revoked_at = models.DateTimeField(null=True)  # null: we have not revoked its refresh tokens at HubSpot

    class Meta:
        indexes = [
            # Refresh asks how many portals were refused lately: many at once is our fault, not theirs.
            models.Index(fields=["refused_at"], condition=Q(refused_at__isnull=False), name="credential_refused"),
        ]

    @property
    def ends_at(self) -> datetime:
        """When the access token ends; as good as never for one that lasts."""
        return self.expires_at or _NEVER

    @property
    def lasts(self) -> bool:
        """Whether it is a private app's token."""
        return self.expires_at is None

    @property
    def rotate_at(self) -> datetime | None:
        """From when on people are reminded to rotate a token that lasts. None: it is renewed by itself."""
        return self.obtained_at + ROTATE_AFTER if self.lasts else None

    @property
    def is_to_be_rotated(self) -> bool:
        return self.rotate_at is not None and self.rotate_at <= timezone.now()

    @property
    def lifetime(self) -> timedelta:
        return self.ends_at - self.obtained_at


class TokenEndpoint(models.Model):
    """One row: whether refreshing stands still for everybody, because the fault is ours."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    halted_until = models.DateTimeField(null=True)  # null: refreshing goes on
    reason = models.TextField(default="")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_token_endpoint")]


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


class OAuthFlow(models.Model):
    """A round trip to HubSpot that one browser started. The state in its URL works once, here, for ten minutes."""

    class Purpose(models.TextChoices):
        INSTALL = "install"
        SIGN_IN = "sign_in"
        FINALIZE = "finalize"  # second leg of a marketplace install with partner sign-in

    state_digest = models.BinaryField(primary_key=True)  # SHA-256: the state itself is never stored
    browser_digest = models.BinaryField()
    purpose = models.TextField(choices=Purpose)
    hub_id = models.BigIntegerField(null=True)  # null: the user picks the account at HubSpot
    user_id = models.BigIntegerField(null=True)  # finalize only: who must finish what they started
    started_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)  # null: not used yet

    class Meta:
        indexes = [
            # At most five flows wait per browser; older ones go.
            models.Index(fields=["browser_digest", "started_at"], name="flow_browser"),
            # The purge looks for old ones.
            models.Index(fields=["started_at"], name="flow_started"),
        ]


class Exchange(models.Model):
    """A code that was taken to HubSpot: none goes there twice, and few of one address."""

    code_digest = models.BinaryField(primary_key=True)  # SHA-256: the code itself is never stored
    network_digest = models.BinaryField()  # of the address it came from
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            # How many came from one address within the minute.
            models.Index(fields=["network_digest", "at"], name="exchange_network"),
            # The purge looks for old ones.
            models.Index(fields=["at"], name="exchange_at"),
        ]


class UnclaimedGrant(models.Model):
    """A sign-in chose an account that has no installation: its token waits for a yes or a no, at most ten minutes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    hub_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    # Sealed with a key-encryption key: there is no portal yet.
    access_token = models.TextField()  # noqa: HS005 - used or destroyed within ten minutes
    created_at = models.DateTimeField(default=timezone.now)


class Uninstall(models.Model):
    """The app is being taken out of an account at HubSpot: nobody connects it meanwhile."""

    hub_id = models.BigIntegerField(primary_key=True)
    until = models.DateTimeField()


class AuditEntry(models.Model):
    """What somebody did to an installation. Written once, never changed."""

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
        ]


class ApiCall(models.Model):
    """One call to HubSpot, as it went. Recent ones are kept, errors longer; nothing personal, nothing secret."""

    at = models.DateTimeField()
    # Null: before an install. Without a constraint: a record may be written after its portal was erased.
    portal = models.ForeignKey(Portal, models.CASCADE, null=True, related_name="api_calls", db_constraint=False)
    method = models.TextField()
    path = models.TextField()  # the template: ids and queries are not kept
    status = models.IntegerField(null=True)  # null: no answer
    category = models.TextField(default="", blank=True)
    error = models.TextField(default="", blank=True)  # class of the exception; empty: success
    correlation_id = models.TextField(default="", blank=True)
    attempts = models.SmallIntegerField()
    waited_ms = models.IntegerField()  # for the limiter
    took_ms = models.IntegerField()  # at HubSpot, all attempts
    sent_bytes = models.IntegerField(default=0)
    received_bytes = models.IntegerField()

    class Meta:
        indexes = [
            # A portal's latest calls; the console and the hourly purge read by time.
            models.Index(fields=["portal", "-at"], name="api_call_portal_at"),
            models.Index(fields=["-at"], name="api_call_at"),
            # The console's filter for failures.
            models.Index(fields=["-at"], condition=~Q(error=""), name="api_call_failed"),
        ]


class Mail(models.Model):
    """A message to one person, to be sent or sent. What it says is written when it leaves: see outbox."""

    class State(models.TextChoices):
        WAITING = "waiting"  # until due_at, and then until somebody sends it
        SENT = "sent"  # the mail server took it
        NOT_NEEDED = "not_needed"  # what it was about was over before it left
        GIVEN_UP = "given_up"  # tried for a day; latest_error says why in vain

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)  # also its Message-ID: who gets it twice can tell
    portal = models.ForeignKey(Portal, models.CASCADE, related_name="mails")
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
        constraints = [models.UniqueConstraint(fields=["portal", "kind", "about", "to"], name="one_mail_per_occasion")]
        indexes = [
            # The sender takes the one that is due longest.
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="mail_due"),
            # The purge looks for old ones; the console shows the latest.
            models.Index(fields=["posted_at"], name="mail_posted"),
        ]

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')} to {self.to}"


class Stop(models.Model):
    """Calls to HubSpot are, or were, stopped by staff. Rows stay, as the record of who did it and why."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    hub_id = models.BigIntegerField(null=True)  # null: for all portals, and for the app's own calls
    reason = models.TextField()
    begun_at = models.DateTimeField(default=timezone.now)
    begun_by = models.TextField()
    ended_at = models.DateTimeField(null=True)  # null: in force
    ended_by = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hub_id"], condition=Q(ended_at=None), nulls_distinct=False, name="one_stop_in_force"
            )
        ]

    def __str__(self) -> str:
        return "All portals" if self.hub_id is None else f"Account {self.hub_id}"


class CallMinute(models.Model):
    """What the calls of a portal in one minute came to, by how they ended. Added up as calls are logged."""

    class Answer(models.TextChoices):
        """How a call ended, as charts tell it."""

        WORKED = "2xx", "Worked"
        REFUSED = "4xx", "Refused"
        LIMITED = "429", "Refused by a limit"
        FAILED = "5xx", "Failed at HubSpot"
        LOST = "none", "No answer"
        UNSENT = "unsent", "Not sent"  # the limiter or the breaker held it back, or there was no connection

    at = models.DateTimeField()  # the minute's beginning
    # Null: before an install, or of the app itself.
    portal = models.ForeignKey(Portal, models.CASCADE, null=True, related_name="+", db_constraint=False)
    answer = models.TextField(choices=Answer)
    category = models.TextField(default="", blank=True)  # HubSpot's, or the exception's class; empty: success
    calls = models.IntegerField()
    requests = models.IntegerField()  # that HubSpot can have seen: attempts but those without a connection
    errors = models.IntegerField()  # of these, how many were not answered with a success
    waited_ms = models.BigIntegerField()
    took_ms = models.BigIntegerField()
    sent_bytes = models.BigIntegerField()
    received_bytes = models.BigIntegerField()

    class Meta:
        constraints = [
            # What is added to; a portal's chart.
            models.UniqueConstraint(
                fields=["portal", "at", "answer", "category"], name="call_minute", nulls_distinct=False
            )
        ]
        indexes = [models.Index(fields=["at"], name="call_minute_at")]  # the day's budget; the purge


class FailedRequests(models.Model):
    """How often HubSpot failed or refused a kind of request of a portal on one day (UTC), and why."""

    day = models.DateField()
    portal = models.ForeignKey(Portal, models.CASCADE, null=True, related_name="+", db_constraint=False)
    method = models.TextField()
    path = models.TextField()  # the template
    status = models.IntegerField(null=True)  # null: no answer
    category = models.TextField()  # HubSpot's, or the exception's class
    times = models.IntegerField()

    class Meta:
        constraints = [
            # What is added to; the day's causes; the purge.
            models.UniqueConstraint(
                fields=["day", "portal", "method", "path", "status", "category"],
                name="failed_requests",
                nulls_distinct=False,
            )
        ]


def erase_due(now: datetime) -> models.QuerySet[Portal]:
    """Portals whose data must go now."""
    return Portal.objects.filter(erase_at__lte=now).exclude(state=Portal.State.ERASED)
