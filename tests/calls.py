"""Calls to HubSpot as a client would tell them to the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from hubspot_api.ports import Bucket, CallRecord, FailedAttempt
from installations.calls.call_log import Writer
from installations.models import Portal

PATH = "/crm/objects/{version}/{object_type}"
CATEGORIES = {429: "RATE_LIMITS", 400: "VALIDATION_ERROR", 403: "MISSING_SCOPES"}
KINDS = {429: "RateLimited", 400: "ValidationFailed", 403: "MissingScopes", 404: "NotFound", 503: "ServerFailed"}


def record(status: int | None = 200, *, attempts: int = 1, at: datetime | None = None, **more: Any) -> CallRecord:
    """Return what a client tells: all attempts before the last failed with 500, the last one with `status`."""
    is_good = status is not None and status < 400
    error = more.pop("error", "" if is_good else KINDS.get(status or 0, "ServerFailed"))
    category = "" if is_good else CATEGORIES.get(status or 0, "")
    last = () if is_good or not attempts else (FailedAttempt(status, category, error),)
    earlier = FailedAttempt(500, "", "ServerFailed") if status is not None else FailedAttempt(None, "", error)
    values: dict[str, Any] = {
        "started_at": at or timezone.now(),
        "hub_id": None,
        "method": "GET",
        "path": PATH,
        "bucket": Bucket.BURST,
        "status": status,
        "category": category,
        "correlation_id": "",
        "attempts": attempts,
        "waited": 0.01,
        "took": 0.005 if attempts else 0.0,
        "bytes_sent": 3,
        "bytes_received": 10,
        "error": error,
        "failed": (earlier,) * max(attempts - 1, 0) + last,
    }
    return CallRecord(**values | more)


def logged(portal: Portal | None, status: int | None = 200, *, is_bulk: bool = False, **more: Any) -> None:
    """Have one call written, and no others that may wait in this process."""
    own = Writer(0)
    own.put(portal.pk if portal else None, record(status, **more), is_bulk=is_bulk)
    own.flush()
