"""Why a portal cannot be called now. Each says which portal, what happened and what to do."""

from __future__ import annotations

from datetime import datetime


class InstallationError(Exception):
    """Root of what this room raises about a portal."""


class TryLater(InstallationError):
    """Nothing is wrong with the work: it has to wait until `retry_at` (aware, UTC)."""

    def __init__(self, message: str, retry_at: datetime) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class TokenBusy(TryLater):
    """The token has expired and its renewal has to wait."""


class PortalNotConnected(InstallationError):
    """The portal cannot be called until somebody connects it again."""


class ReconnectRequired(PortalNotConnected):
    """HubSpot has refused our refresh token for good."""
