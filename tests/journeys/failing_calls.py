"""Call HubSpot and renew tokens while each goes wrong in its way: python -m tests.journeys.failing_calls HUB_ID.

Standard input has the faults as JSON, {"calls": [fault, …], "renewals": [fault, …]}, as the control API takes
them. Each error is logged with its traceback, as a careless task would, and its name printed. Then a message is sent.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

import django

django.setup()

import httpx2  # noqa: E402 - after the setup
from django.conf import settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from hubspot_api import objects  # noqa: E402
from hubspot_api.errors import HubSpotError  # noqa: E402
from installations import outbox  # noqa: E402
from installations.clients import client_for  # noqa: E402
from installations.credentials import reconnect_mails  # noqa: E402
from installations.errors import InstallationError  # noqa: E402
from installations.models import Credential, Mail, Portal, TokenEndpoint  # noqa: E402
from installations.ratelimit import WorkClass  # noqa: E402

logger = logging.getLogger("tests.failing_calls")
Fault = dict[str, Any]


def main() -> None:
    portal = Portal.objects.get(hub_id=int(sys.argv[1]), state=Portal.State.ACTIVE)
    given = json.load(sys.stdin)
    with httpx2.Client(base_url=settings.HUBSPOT_API_URL, timeout=30) as control:
        errors = [_called(control, portal, 770_001 + n, fault) for n, fault in enumerate(given["calls"])]
        errors += [_renewed(control, portal, fault) for fault in given["renewals"]]
    sys.stdout.write(json.dumps([*errors, _mailed()]))


def _called(control: httpx2.Client, portal: Portal, record_id: int, fault: Fault) -> str:
    path = f"/crm/objects/{settings.HUBSPOT_API_VERSION}/contacts/{record_id}"
    control.post("/_emulator/faults", json={"match": {"path": path, "hub_id": portal.hub_id}} | fault)
    return _failed(portal, record_id)


def _renewed(control: httpx2.Client, portal: Portal, fault: Fault) -> str:
    """Whatever the refusals before have led to is forgotten first."""
    path = f"/oauth/{settings.HUBSPOT_API_VERSION}/token"
    made = control.post("/_emulator/faults", json={"match": {"path": path}} | fault).json()
    now = timezone.now()
    again = {"retry_at": None, "refused_at": None, "failures": 0, "lease_until": None}
    Credential.objects.filter(portal=portal).update(expires_at=now, obtained_at=now, **again)
    TokenEndpoint.objects.all().delete()
    try:
        return _failed(portal, 1)
    finally:
        control.delete(f"/_emulator/faults/{made['id']}")
        TokenEndpoint.objects.all().delete()
        Credential.objects.filter(portal=portal).update(expires_at=now, **again)


def _mailed() -> str:
    """Tell somebody of an account that nobody else knows; return what became of it."""
    portal = Portal.objects.create(hub_id=time.time_ns(), state=Portal.State.NEEDS_RECONNECT)
    about, now = portal.state_changed_at.isoformat(), timezone.now()
    mail = Mail.objects.create(portal=portal, kind=reconnect_mails.NEEDED, about=about, to="a@example.com", due_at=now)
    outbox.send_due(5)
    mail.refresh_from_db()
    return mail.latest_error.partition(":")[0]


def _failed(portal: Portal, record_id: int) -> str:
    try:
        objects.get(client_for(portal, WorkClass.URGENT), "contacts", record_id)
    except (HubSpotError, InstallationError) as error:
        logger.exception("Contact %s could not be read, on %r", record_id, error.args)
        return type(error).__name__
    return ""


main()
