"""Have HubSpot refuse what the mirror asks for, give every kind of work something to do, and see what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from crm import backfill
from crm.models import ClosedFeature, Record, Sync
from installations.models import Portal
from lanes.signals import hurry
from tests.crm.mirrored import receive, work_until_idle
from tests.hubspot import Account, HubSpot
from tests.pages.furniture import browser_of

OWNER = 1
HANDFUL = 6  # calls that were on their way side by side before the first refusal was heard


@dataclass(frozen=True)
class RefusedCalls:
    """Calls that HubSpot refuses, the scope it names, and the feature that this closes."""

    method: str | None
    path: str
    scope: str
    feature: str


# Each day's refusals concern different features, so that none hides another.
DAYS = {
    "lists": [
        RefusedCalls(None, "/crm/objects/2026-03/0-3", "sales-object.read", "records:0-3"),
        RefusedCalls("GET", "/crm/pipelines/2026-03/0-5", "crm.pipelines.tickets.read", "pipelines:0-5"),
        RefusedCalls("GET", "/crm/owners/2026-03", "crm.objects.owners.read", "owners"),
        RefusedCalls("POST", "/crm/associations/2026-03/0-1/0-2", "crm.objects.custom.read", "associations:0-1:0-2"),
    ],
    "batches": [
        RefusedCalls("POST", "/crm/objects/2026-03/0-5/search", "tickets", "records:0-5"),
        RefusedCalls("GET", "/crm/properties/2026-03/0-2", "crm.schemas.companies.read", "records:0-2"),
        RefusedCalls("POST", "/crm/objects/2026-03/0-1/batch/read", "crm.objects.contacts.read", "records:0-1"),
    ],
}


def everything(portal: Portal) -> None:
    """Give every kind of work something to do, and have it done: events, readings, reconcile, definitions, owners."""
    receive(portal, *_events(portal))
    for sync in Sync.objects.filter(portal=portal):
        backfill.start_again(sync)
    Sync.objects.filter(portal=portal).update(reconciled_at=None, owners_read_at=None, properties_read_at=None)
    for kind in ("events", "backfill", "reconcile"):
        hurry(portal.pk, kind)
    work_until_idle()


def _events(portal: Portal) -> Iterator[dict[str, Any]]:
    now_ms = int(timezone.now().timestamp() * 1000)
    for number, name in enumerate(("contact", "company", "deal", "ticket")):
        kinds = {"contact": "0-1", "company": "0-2", "deal": "0-3", "ticket": "0-5"}
        found = Record.objects.filter(portal=portal, object_type=kinds[name]).order_by("record_id").first()
        record_id = found.record_id if found else 1
        event = {"eventId": now_ms + number, "occurredAt": now_ms}
        yield event | {"subscriptionType": f"{name}.propertyChange", "objectId": record_id, "propertyName": "x"}
        sides = {"associationType": "CONTACT_TO_DEAL", "fromObjectId": record_id, "toObjectId": 1}
        if name == "contact":
            yield event | {"subscriptionType": "contact.associationChange", "objectId": 0} | sides


@contextmanager
def refusing(
    hubspot: HubSpot, account: Account, method: str | None, path: str, *scopes: str, body: object = None
) -> Iterator[None]:
    """Have HubSpot refuse such calls as it does when a scope is missing, or with another body."""
    one = {"message": "One or more", "context": {"requiredGranularScopes": list(scopes)}}
    lacking = {"status": "error", "category": "MISSING_SCOPES", "message": "This app hasn't been", "errors": [one]}
    body = body or lacking
    match = {"path": path, "hub_id": account.hub_id} | ({"method": method} if method else {})
    fault = {"match": match, "action": "status", "params": {"status": 403, "body": body}}
    made = hubspot.call("POST", "/_emulator/faults", fault)
    yield
    hubspot.call("DELETE", f"/_emulator/faults/{made['id']}")


def refusals(hubspot: HubSpot, account: Account) -> int:
    return sum(call["status"] == 403 for call in hubspot.requests(account.hub_id))


def asked_for(hubspot: HubSpot, account: Account, *words: str, since: int = 0) -> list[str]:
    calls = hubspot.requests(account.hub_id)[since:]
    return [call["path"] for call in calls if any(word in call["path"] for word in words)]


def closed(portal: Portal) -> dict[str, list[str]]:
    return dict(ClosedFeature.objects.filter(portal=portal, opened_at=None).values_list("feature", "scopes"))


def page(portal: Portal, path: str = "") -> str:
    answer = browser_of(OWNER).get(f"/portals/{portal.hub_id}/{path}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())
