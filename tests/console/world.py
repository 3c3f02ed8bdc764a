"""A portal with a row for every page of the console, and tokens that must be on none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from hubspot_api.oauth import TokenGrant
from hubspot_api.secret import Secret
from installations.audit import record
from installations.credentials import tokens
from installations.models import Anomaly, ApiCall, DryRun, Mail, Membership, Portal, Stop
from lanes.models import PortalWait
from tests.events import failed, stored
from tests.portals import grant, make_member, make_portal

CANARY_ACCESS, CANARY_REFRESH = "canary-access-7d1f", "na1-canary-refresh-93c2"
CANARY_VALUE = "jane.canary@example.com"


def filled_portal(hub_id: int | None = None, *, name: str = "Canary Ltd") -> Portal:
    portal = make_portal(hub_id)
    portal.name = name
    portal.save(update_fields=["name"])
    tokens.store(portal, canary_grant(portal.hub_id), user_id=7)
    event = stored(portal, subscriptionType="contact.propertyChange", propertyName="email", propertyValue=CANARY_VALUE)
    failed(event, dead=True, reason="EventInvalid: it lacks something")
    make_member(portal, 7, Membership.Role.OWNER)
    record(portal, "jane", "installed")
    api_call(portal)
    Stop.objects.create(hub_id=portal.hub_id, reason="a drill", begun_by="staff", ended_at=timezone.now())
    now = timezone.now()
    DryRun.objects.create(place=1, hub_id=portal.hub_id, burst=90, begun_by="staff", ends_at=now, ended_at=now)
    over = {"figure": 1_240, "usual": 150, "limit": 750, "ended_at": now}
    Anomaly.objects.create(portal=portal, kind=Anomaly.Kind.CALLS, **over)
    PortalWait.objects.create(at=now, portal=portal, work_class=1, waited_s=70, lanes=1, is_late=True)
    Mail.objects.create(portal=portal, kind="reconnect_needed", to="jane@example.com", due_at=timezone.now())
    return portal


def canary_grant(hub_id: int) -> TokenGrant:
    found = grant(hub_id, access=CANARY_ACCESS, refresh=CANARY_REFRESH)
    assert found.refresh_token == Secret(CANARY_REFRESH)
    return found


def api_call(portal: Portal | None, *, ago: timedelta = timedelta(), **fields: Any) -> ApiCall:
    values = {
        "at": timezone.now() - ago,
        "portal": portal,
        "method": "GET",
        "path": "/crm/objects/{version}/{object_type}",
        "status": 200,
        "attempts": 1,
        "waited_ms": 0,
        "took_ms": 5,
        "received_bytes": 10,
    }
    return ApiCall.objects.create(**values | fields)
