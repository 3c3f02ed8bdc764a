"""Engagements v1 are the notes, tasks, calls, e-mails and meetings of v3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.instants import parse_instant
from tests.emulator.hub import ADMIN, HUB, Hub

Json = dict[str, Any]
BASE = "/engagements/v1/engagements"
DAY_S = 86_400
WHEN = "2026-11-20T17:00:00Z"
KINDS = ("notes", "tasks", "calls", "emails", "meetings")
EMAIL_SCOPES = ["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write", "sales-email-read"]


@pytest.fixture
def hub(bare: Hub) -> Hub:
    """The app may read e-mails."""
    bare.app(conditional_scopes=EMAIL_SCOPES)
    bare.install(scopes=EMAIL_SCOPES)
    return bare


def activity(hub: Hub, kind: str, **properties: str) -> int:
    return int(hub.create(kind, hs_timestamp=WHEN, **properties))


def many(hub: Hub, count: int) -> list[int]:
    """One after the other, a second apart, of all kinds in turn."""
    made = []
    for number in range(count):
        hub.time.pass_(1)
        made.append(activity(hub, KINDS[number % len(KINDS)]))
    return made


def walk(hub: Hub, path: str, **params: Any) -> list[Json]:
    answers = [hub.get(f"{BASE}/{path}", **params).json()]
    while answers[-1]["hasMore"]:
        answers.append(hub.get(f"{BASE}/{path}", **params | {"offset": answers[-1]["offset"]}).json())
    return answers


def ids(answers: list[Json]) -> list[int]:
    return [row["engagement"]["id"] for answer in answers for row in answer["results"]]


def test_activities_of_all_kinds_count_their_ids_together(hub: Hub) -> None:
    made = many(hub, 12)
    assert len(set(made)) == 12
    types = {hub.get(f"{BASE}/{number}").json()["engagement"]["type"] for number in made[:5]}
    assert types == {"NOTE", "TASK", "CALL", "EMAIL", "MEETING"}
    hub.control("PUT", "snapshot", hub.control("GET", "snapshot"))
    hub.install(scopes=EMAIL_SCOPES)
    assert activity(hub, "notes") > max(made)


def test_all_engagements_page_by_page(hub: Hub) -> None:
    made = many(hub, 23)
    answers = walk(hub, "paged", limit=5)
    assert ids(answers) == made
    assert [len(answer["results"]) for answer in answers] == [5, 5, 5, 5, 3]
    assert ids(walk(hub, "paged", count=5)) == made
    added = activity(hub, "calls")
    assert ids(walk(hub, "paged", offset=answers[-1]["offset"])) == [added]


def test_recently_modified_engagements(hub: Hub) -> None:
    made = many(hub, 14)
    hub.time.pass_(1)
    hub.call("PATCH", f"/crm/v3/objects/tasks/{made[1]}", {"properties": {"hs_task_subject": "Again"}})
    hub.call("DELETE", f"/crm/v3/objects/notes/{made[5]}")
    expected = [made[1], *(number for number in reversed(made) if number not in (made[1], made[5]))]
    answers = walk(hub, "recent/modified", count=4)
    assert ids(answers) == expected
    assert {answer["total"] for answer in answers} == {13}
    since = hub.get(f"{BASE}/{made[10]}").json()["engagement"]["lastUpdated"]
    assert ids(walk(hub, "recent/modified", count=2, since=since)) == expected[:5]
    hub.time.pass_(31 * DAY_S)
    hub.install(scopes=EMAIL_SCOPES)
    assert hub.get(f"{BASE}/recent/modified").json() == {"results": [], "hasMore": False, "offset": 0, "total": 0}


def test_modified_after_goes_forward_from_a_time_and_then_a_cursor(hub: Hub) -> None:
    made = many(hub, 11)
    start = hub.get(f"{BASE}/{made[2]}").json()["engagement"]["lastUpdated"]
    path, after, seen = f"{BASE}/modified/after", str(start), []
    while True:
        answer = hub.get(path, after=after, limit=4).json()
        seen += ids([answer])
        after = answer["after"]
        if not answer["hasMore"]:
            break
    assert seen == made[2:]
    # The last cursor is kept for the next time; until something changes there is nothing behind it.
    again = hub.get(path, after=after).json()
    assert again == {"results": [], "hasMore": False, "after": after}
    hub.time.pass_(60 * DAY_S)
    hub.install(scopes=EMAIL_SCOPES)
    hub.call("PATCH", f"/crm/v3/objects/notes/{made[0]}", {"properties": {"hs_note_body": "Later"}})
    assert ids([hub.get(path, after=after).json()]) == [made[0]]
    assert hub.get(path, after="not a cursor").status_code == 400
    assert ids([hub.get(path).json()]) == [*made[1:], made[0]]


def test_modified_after_passes_over_nothing_that_changed_at_once(hub: Hub) -> None:
    inputs = [{"properties": {"hs_timestamp": WHEN}} for _ in range(7)]
    made = [
        int(row["id"]) for row in hub.post("/crm/v3/objects/notes/batch/create", {"inputs": inputs}).json()["results"]
    ]
    first = hub.get(f"{BASE}/modified/after", limit=3).json()
    rest = hub.get(f"{BASE}/modified/after", after=first["after"]).json()
    assert ids([first, rest]) == made


def test_what_an_engagement_tells(hub: Hub) -> None:
    contact, other = hub.create(email="a@b.co"), hub.create(email="c@d.co")
    owner = next(iter(hub.emulator.portals[HUB].crm.owners))
    body = {
        "properties": {
            "hs_timestamp": WHEN,
            "hs_task_subject": "Call new lead",
            "hs_task_body": "<p>Ask &amp; listen</p>",
            "hs_task_status": "NOT_STARTED",
            "hs_task_type": "CALL",
            "hs_task_priority": "HIGH",
            "hubspot_owner_id": str(owner),
        },
        "associations": [
            {"to": {"id": each}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204}]}
            for each in (contact, other)
        ],
    }
    task = hub.post("/crm/v3/objects/tasks", body).json()["id"]
    shown = hub.get(f"{BASE}/{task}").json()
    head = shown["engagement"]
    assert (head["id"], head["portalId"], head["type"], head["ownerId"]) == (int(task), HUB, "TASK", owner)
    assert (head["timestamp"], head["createdAt"], head["lastUpdated"]) == (
        parse_instant(WHEN),
        hub.time.ms,
        hub.time.ms,
    )
    assert head["bodyPreview"] == "Ask & listen"
    assert shown["associations"]["contactIds"] == [int(contact), int(other)]
    assert shown["associations"]["companyIds"] == []
    told = {name: shown["metadata"][name] for name in ("subject", "status", "taskType", "priority")}
    assert told == {"subject": "Call new lead", "status": "NOT_STARTED", "taskType": "CALL", "priority": "HIGH"}


def test_calls_meetings_and_notes(hub: Hub) -> None:
    call = activity(hub, "calls", hs_call_title="Intro", hs_call_duration="65000", hs_call_status="COMPLETED")
    assert hub.get(f"{BASE}/{call}").json()["metadata"] == {
        "title": "Intro",
        "status": "COMPLETED",
        "durationMilliseconds": 65_000,
        "unknownVisitorConversation": False,
    }
    meeting = activity(hub, "meetings", hs_meeting_title="Demo", hs_meeting_start_time=WHEN)
    assert hub.get(f"{BASE}/{meeting}").json()["metadata"]["startTime"] == parse_instant(WHEN)
    note = activity(hub, "notes", hs_note_body="Hello", hs_attachment_ids="7;8")
    shown = hub.get(f"{BASE}/{note}").json()
    assert (shown["metadata"], shown["attachments"]) == ({"body": "Hello"}, [{"id": 7}, {"id": 8}])


def test_the_content_of_emails_needs_a_scope(hub: Hub) -> None:
    headers = {"from": {"email": "ada@acme.example"}, "to": [{"email": "bo@acme.example"}]}
    email = activity(
        hub,
        "emails",
        hs_email_subject="Offer",
        hs_email_html="<b>Hi</b>",
        hs_email_direction="INCOMING_EMAIL",
        hs_email_headers=json.dumps(headers),
    )
    shown = hub.get(f"{BASE}/{email}").json()
    assert shown["engagement"]["type"] == "INCOMING_EMAIL"
    assert (shown["metadata"]["subject"], shown["metadata"]["html"]) == ("Offer", "<b>Hi</b>")
    assert (shown["metadata"]["from"], shown["metadata"]["to"]) == (headers["from"], headers["to"])
    token = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["tickets"]})["access_token"]
    hub.token = token
    redacted = hub.get(f"{BASE}/{email}").json()
    assert "redacted" in redacted["metadata"]["html"]
    assert "subject" not in redacted["metadata"]
    assert redacted["engagement"]["bodyPreview"] == ""


def test_who_wrote_it(hub: Hub) -> None:
    note = {"op": "create", "object_type": "note", "properties": {"hs_timestamp": WHEN, "hs_note_body": "By Ada"}}
    (made,) = hub.change(note)
    assert hub.get(f"{BASE}/{made['id']}").json()["engagement"]["createdBy"] == ADMIN


def test_engagements_that_are_refused(hub: Hub, bare: Hub) -> None:
    assert hub.get(f"{BASE}/999").status_code == 404
    assert hub.get(f"{BASE}/latest").status_code == 404
    note = activity(hub, "notes")
    hub.call("DELETE", f"/crm/v3/objects/notes/{note}")
    assert hub.get(f"{BASE}/{note}").status_code == 404
    bare.install(user_id=102, scopes=["oauth"])
    refused = bare.get(f"{BASE}/paged")
    assert refused.status_code == 403


def test_seeded_activities_are_all_told_of(bare: Hub) -> None:
    counts = dict.fromkeys(KINDS, 30)
    bare.portal(7, seed={"contacts": 10, "companies": 3, "deals": 4, **counts})
    token = bare.control("POST", "portals/7/tokens", {"private_app": True, "scopes": EMAIL_SCOPES})
    bare.token = token["access_token"]
    rows = [row for answer in walk(bare, "paged", limit=40) for row in answer["results"]]
    crm = bare.emulator.portals[7].crm
    expected = sorted(number for kind in KINDS for number in crm.table(crm.object_type(kind)).live)
    assert [row["engagement"]["id"] for row in rows] == expected
    assert len(expected) == 150
    assert all(row["associations"]["contactIds"] for row in rows)
    after = bare.get(f"{BASE}/modified/after", limit=250).json()
    assert sorted(ids([after])) == expected
