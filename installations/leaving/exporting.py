"""Everything that is held about one installation, as JSON lines, without secrets: for its people, and for a farewell.

Each room registers its own part. A line is an object whose `kind` says what it is; the first one is the portal, the
last one says how many there were before it, so that a file that was cut short can be told. Tables are read in pages by
key instead of through one long cursor: a snapshot held for minutes slows every claim of a lane.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import TruncDate

from ..models import Anomaly, ApiCall, AuditEntry, Credential, Mail, Membership, OwnershipClaim, Portal

PAGE = 2000
Line = dict[str, Any]
Part = Callable[[Portal], Iterator[Line]]

_parts: dict[str, Part] = {}


def register(room: str, part: Part) -> None:
    """Make a room's part of every export known. Called once, from an app's ready()."""
    if room in _parts:
        raise ValueError(f"The part {room!r} of exports is registered twice.")
    _parts[room] = part


def text(portal: Portal) -> Iterator[str]:
    """Yield the export of an installation, line by line."""
    count = 0
    for line in _lines(portal):
        yield _line(line)
        count += 1
    yield _line({"kind": "end", "lines": count})


def rows(kind: str, found: QuerySet[Any], *fields: str) -> Iterator[Line]:
    """Yield the fields of rows, in the order of their keys."""
    pages = found.order_by("pk").values("pk", *fields)
    page = list(pages[:PAGE])
    while page:
        for row in page:
            yield {"kind": kind} | {name: row[name] for name in fields}
        page = list(pages.filter(pk__gt=page[-1]["pk"])[:PAGE])


def _line(line: Line) -> str:
    return json.dumps(line, cls=DjangoJSONEncoder) + "\n"


def _lines(portal: Portal) -> Iterator[Line]:
    yield _portal(portal)
    yield from _of_installations(portal)
    for part in _parts.values():
        yield from part(portal)


_PORTAL = (
    *("hub_id", "name", "connection", "state", "state_reason", "hublet", "ui_domain", "account_type", "time_zone"),
    *("currency", "installed_by_user_id", "installed_by_email", "connected_at", "state_changed_at", "erase_at"),
)


def _portal(portal: Portal) -> Line:
    return {"kind": "portal"} | {name: getattr(portal, name) for name in _PORTAL}


def _of_installations(portal: Portal) -> Iterator[Line]:
    credentials = Credential.objects.filter(portal=portal)
    yield from rows("credential", credentials, "scopes", "user_id", "obtained_at", "expires_at")  # never the tokens
    people = Membership.objects.filter(portal=portal)
    yield from rows("membership", people, "user_id", "email", "role", "asked_at", "declined_at", "proven_at")
    claims = OwnershipClaim.objects.filter(portal=portal)
    yield from rows("ownership_claim", claims, "claimant__user_id", "claimed_at")
    yield from rows("audit", AuditEntry.objects.filter(portal=portal), "at", "actor", "action", "detail")
    yield from rows("mail", Mail.objects.filter(portal=portal), "to", "about", "posted_at", "state", "ended_at")
    anomalies = Anomaly.objects.filter(portal=portal)
    times = ("begun_at", "found_at", "dismissed_at", "ended_at")
    yield from rows("anomaly", anomalies.annotate(what=F("kind")), "what", *times, "figure", "usual", "limit")
    yield from _calls(portal)


def _calls(portal: Portal) -> Iterator[Line]:
    """Calls to HubSpot as far as they are kept, per day, summed up: single ones say nothing about anybody."""
    by = ("date", "method", "path", "status", "error")
    days = ApiCall.objects.filter(portal=portal).annotate(date=TruncDate("at")).values(*by)
    for row in days.annotate(calls=Count("pk"), attempts=Sum("attempts")).order_by(*by):
        yield {"kind": "api_calls"} | row
