"""The rate limiter, for all processes and portals: `gate_for(hub_id, work_class)` for a client, or `limiter()`."""

from __future__ import annotations

from .limiter import BucketUsage, LimiterFull, PortalGate, RateLimiter, Usage, gate_for, limiter
from .limits import Allowance, Limits, Share, WorkClass
from .permits import Permit, Reservation

__all__ = [
    "Allowance",
    "BucketUsage",
    "LimiterFull",
    "Limits",
    "Permit",
    "PortalGate",
    "RateLimiter",
    "Reservation",
    "Share",
    "Usage",
    "WorkClass",
    "gate_for",
    "limiter",
]
