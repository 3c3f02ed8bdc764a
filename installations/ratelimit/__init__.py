"""The rate limiter, for all processes and portals: `gate_for(hub_id, work_class)` for a client, or `limiter()`.

A portal that installed us is called within the public app's limits: 110 calls in any ten seconds, none by the day. One
that is called by its own private app's token has other limits, and says so when its gate is made:

    gate_for(portal.hub_id, work_class, private_app=PrivateApp(portal.time_zone))
    limiter().usage(portal.hub_id, PrivateApp(portal.time_zone)).buckets[Bucket.DAILY]

Its burst is that of its tier (100, 190 or 250): 100 until an answer's headers say more. Each call, search and
association batches too, also takes from the day's allowance, shared by all private apps of the account: 250,000 until
headers say more. HubSpot's headers and a 429 whose policyName is DAILY set what is left of the day; when nothing is,
LimiterFull's retry_at is the account's midnight. Whoever tries out a token that is not kept yet passes `private_app` as
well.
"""

from __future__ import annotations

from .ahead import AheadGate
from .gates import PortalGate
from .limiter import LimiterFull, RateLimiter, gate_for, limiter
from .limits import Allowance, Limits, PrivateApp, Share, WorkClass
from .permits import Permit, Reservation
from .usage import BucketUsage, Usage

__all__ = [
    "AheadGate",
    "Allowance",
    "BucketUsage",
    "LimiterFull",
    "Limits",
    "Permit",
    "PortalGate",
    "PrivateApp",
    "RateLimiter",
    "Reservation",
    "Share",
    "Usage",
    "WorkClass",
    "gate_for",
    "limiter",
]
