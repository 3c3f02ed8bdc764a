"""Portals: installations of the app in HubSpot accounts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

ERASE_AFTER = timedelta(days=30)  # what our privacy statement promises


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

    @property
    def is_described(self) -> bool:
        """Whether the account has said what it is: while HubSpot moves it to another data centre it cannot."""
        return bool(self.account_type)

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


def erase_due(now: datetime) -> models.QuerySet[Portal]:
    """Portals whose data must go now."""
    return Portal.objects.filter(erase_at__lte=now).exclude(state=Portal.State.ERASED)
