"""Portals that installed us, their sealed credentials, the people who may see them, and what was done."""

from __future__ import annotations

from .anomalies import Anomaly, OthersCalls
from .calls import ApiCall, CallMinute, DryRun, FailedRequests, Stop
from .consents import Exchange, OAuthFlow, UnclaimedGrant, Uninstall
from .credentials import ROTATE_AFTER, Credential, DataKey, KeySentinel, TokenEndpoint
from .messages import AuditEntry, Mail
from .people import Membership, OwnershipClaim, Visit
from .places import Place
from .portals import ERASE_AFTER, Portal, PortalQuerySet, erase_due

__all__ = [
    "ERASE_AFTER",
    "ROTATE_AFTER",
    "Anomaly",
    "ApiCall",
    "AuditEntry",
    "CallMinute",
    "Credential",
    "DataKey",
    "DryRun",
    "Exchange",
    "FailedRequests",
    "KeySentinel",
    "Mail",
    "Membership",
    "OAuthFlow",
    "OthersCalls",
    "OwnershipClaim",
    "Place",
    "Portal",
    "PortalQuerySet",
    "Stop",
    "TokenEndpoint",
    "UnclaimedGrant",
    "Uninstall",
    "Visit",
    "erase_due",
]
