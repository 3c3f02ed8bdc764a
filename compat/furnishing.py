"""What the account holds beyond its seed, and what happens in it between two syncs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from compat.hub import HUB_ID, LEAVING_USER_ID, Hub, Json
from compat.truth import Truth

# Of each activity, product and so on.
FEW = 7

# The type of association of an activity with its contact.
_ACTIVITIES = {"notes": 202, "tasks": 204, "calls": 194, "emails": 198, "meetings": 200}
_WHEN = "2026-01-15T09:30:00Z"


def furnish(hub: Hub) -> None:
    """Kinds that no seed has, about the first contacts and deals."""
    truth = Truth(hub)
    contacts, deals = list(truth.records("contacts")), list(truth.records("deals"))
    for kind, type_id in _ACTIVITIES.items():
        _make(truth, kind, ({"hs_timestamp": _WHEN} for _ in range(FEW)), contacts, type_id)
    _make(truth, "leads", ({"hs_lead_name": f"Lead {n}"} for n in range(FEW)), contacts, 578)
    _make(truth, "products", ({"name": f"Product {n}", "price": str(n)} for n in range(FEW)))
    _make(truth, "line_items", ({"name": f"Item {n}", "quantity": "1"} for n in range(FEW)), deals, 20)
    expiry = {"hs_expiration_date": "2027-01-01"}
    _make(truth, "quotes", ({"hs_title": f"Quote {n}", **expiry} for n in range(FEW)))
    _make(truth, "goal_targets", ({"hs_goal_name": f"Goal {n}"} for n in range(FEW)))
    _make(truth, "deal_splits", ({"hs_deal_split_percentage": "0.5"} for _ in range(FEW)), deals, None)
    truth.post("/crm/v3/schemas", _SHUTTLES)
    _make(truth, "shuttle", ({"name": f"Shuttle {n}", "seats": str(n)} for n in range(FEW)))
    hub.change({"op": "archive", "object_type": "deals", "id": deals[-1]})
    _list(truth, "Customers", contacts[:5])
    _workflows(hub, "Welcome", "Win back")


def _make(
    truth: Truth,
    kind: str,
    properties: Iterable[Mapping[str, str]],
    others: Sequence[str] = (),
    type_id: int | None = None,
) -> None:
    owner = next(iter(truth.owners()))
    inputs: list[Json] = []
    for place, values in enumerate(properties):
        made: Json = {"properties": dict(values), "associations": []}
        if type_id is not None:
            types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]
            made["associations"] = [{"to": {"id": others[place % len(others)]}, "types": types}]
        inputs.append(made)
    made_ids = [
        each["id"] for each in truth.post(f"/crm/v3/objects/{kind}/batch/create", {"inputs": inputs})["results"]
    ]
    # So that one is the latest: all of a batch are of the same instant.
    time.sleep(0.01)
    latest = {"id": made_ids[-1], "properties": {"hubspot_owner_id": owner}}
    truth.post(f"/crm/v3/objects/{kind}/batch/update", {"inputs": [latest]})


def _list(truth: Truth, name: str, members: Sequence[str]) -> None:
    body = {"name": name, "objectTypeId": "0-1", "processingType": "MANUAL"}
    list_id = truth.post("/crm/v3/lists", body)["list"]["listId"]
    truth.put(f"/crm/v3/lists/{list_id}/memberships/add", list(members))


def _workflows(hub: Hub, *names: str) -> None:
    for name in names:
        time.sleep(0.01)
        hub.control(
            "POST", f"portals/{HUB_ID}/workflows", {"name": name, "actions": [{"type": "delay", "delay_s": 60}]}
        )


def go_on(hub: Hub) -> None:
    """A working day: of most kinds something is new, something changed, something went."""
    truth = Truth(hub)
    for kind, words in _WORDS.items():
        ids = list(truth.records(kind))
        name, new = words
        hub.change(
            {"op": "create", "object_type": kind, "properties": {name: f"new {kind}", **new}},
            {"op": "create", "object_type": kind, "properties": {name: f"newer {kind}", **new}},
            *({"op": "update", "object_type": kind, "id": each, "properties": {name: "changed"}} for each in ids[2:5]),
            {"op": "archive", "object_type": kind, "id": ids[0]},
        )
    contacts = list(truth.records("contacts"))
    hub.change({"op": "merge", "object_type": "contacts", "id": contacts[10], "into": contacts[11]})
    _make(truth, "notes", [{"hs_timestamp": _WHEN, "hs_note_body": "called back"}], contacts, 202)
    hub.control("POST", f"portals/{HUB_ID}/marketing", _NEWS)
    _list(truth, "Prospects", contacts[4:8])
    _workflows(hub, "Follow up")
    stages = [{"label": "Open", "displayOrder": 0, "metadata": {"probability": "0.5"}}]
    truth.post("/crm/v3/pipelines/deals", {"label": "Renewals", "displayOrder": 1, "stages": stages})
    hub.control("DELETE", f"portals/{HUB_ID}/users/{LEAVING_USER_ID}")


_NEWS = {"forms": 1, "form_submissions": 5, "marketing_emails": 1, "email_events": 10, "subscription_changes": 3}

_SHUTTLES: Json = {
    "name": "shuttle",
    "labels": {"singular": "Shuttle", "plural": "Shuttles"},
    "primaryDisplayProperty": "name",
    "requiredProperties": ["name"],
    "searchableProperties": ["name"],
    "properties": [
        {"name": "name", "label": "Name", "type": "string", "fieldType": "text"},
        {"name": "seats", "label": "Seats", "type": "number", "fieldType": "number"},
    ],
    "associatedObjects": ["CONTACT"],
}

# A property to change, and what else a new record needs.
_WORDS: dict[str, tuple[str, Mapping[str, str]]] = {
    "contacts": ("lastname", {}),
    "companies": ("name", {}),
    "deals": ("dealname", {"dealstage": "appointmentscheduled"}),
    "tickets": ("subject", {"hs_pipeline_stage": "1"}),
    "products": ("name", {}),
    "line_items": ("name", {}),
    "tasks": ("hs_task_subject", {"hs_timestamp": _WHEN}),
    "shuttle": ("name", {}),
}
