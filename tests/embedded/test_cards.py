"""What a card shows, to whom: the state of the record to those let in, of the connection to the others, no data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from crm.models import Record, Sync
from crm.object_types import CONTACT
from embedded import record_state
from installations.calls import switches
from installations.models import Membership, Portal
from lanes.models import Lane
from tests.pages.furniture import (
    ADMIN,
    ARCHIVED_ID,
    COMPANY_ID,
    CONTACT_ID,
    GONE_ID,
    MERGED_ID,
    OWNER,
    STATES,
    VIEWER,
    WAITING,
    add_event,
    add_record,
    furnished,
)
from webhooks.models import EVENTS, Failure

from .asking import OFFER, call

pytestmark = pytest.mark.django_db
STRANGER = 77
FRESH_ID = 31
MEMBERS = {OWNER: "owner", ADMIN: "admin", VIEWER: "viewer"}
OTHERS = {WAITING: "waiting", STRANGER: "none"}


def said_to(portal: Portal, user_id: int, record_id: int = CONTACT_ID, *, type_id: str = "0-1") -> dict[str, Any]:
    answer = call(portal, user_id, record_id, type_id=type_id).send()
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def quiet() -> Portal:
    """A portal in which nothing waits, with a contact about which there was never an event."""
    portal = furnished()
    add_record(portal, CONTACT, FRESH_ID, properties={"email": "fresh@example.com"})
    last = add_event(portal, "deal.creation", 1)
    Lane.objects.filter(portal=portal, kind=EVENTS).update(position=last.pk)
    return portal


@pytest.mark.parametrize(("user_id", "role"), MEMBERS.items())
def test_members_see_the_state_of_the_record(user_id: int, role: str) -> None:
    portal = quiet()
    said = said_to(portal, user_id, FRESH_ID)
    assert (said["connection"]["state"], said["access"], said["canOpenView"]) == ("active", role, True)
    record = said["record"]
    assert (record["state"], record["inSync"], record["waiting"], record["failed"]) == ("in_sync", True, 0, 0)
    assert record["text"] == "In sync with HubSpot."
    assert record["readAt"].endswith("Z")
    assert said["queue"] == {"waiting": 0}
    assert said["links"] == {
        "open": f"{settings.PUBLIC_URL}/portals/{portal.hub_id}/records/contacts/{FRESH_ID}/",
        "ask": None,
        "connect": None,
    }


@pytest.mark.parametrize(("user_id", "access"), OTHERS.items())
def test_others_see_the_connection_and_where_to_ask(user_id: int, access: str) -> None:
    portal = quiet()
    said = said_to(portal, user_id, FRESH_ID)
    assert (said["access"], said["canOpenView"], said["record"], said["queue"]) == (access, False, None, None)
    assert said["connection"] == {"state": "active", "text": "Connected."}
    paths = {WAITING: f"/portals/{portal.hub_id}/", STRANGER: f"/signin?hub_id={portal.hub_id}"}
    assert said["links"] == {"open": None, "ask": settings.PUBLIC_URL + paths[user_id], "connect": None}


@pytest.mark.parametrize("user_id", OTHERS)
def test_others_do_not_learn_whether_a_record_exists(user_id: int) -> None:
    portal = quiet()
    answers = {json.dumps(said_to(portal, user_id, one)) for one in (FRESH_ID, CONTACT_ID, GONE_ID, 999_999)}
    assert len(answers) == 1


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("user_id", [*MEMBERS, *OTHERS])
def test_nothing_personal_is_in_it(state: str, user_id: int) -> None:
    portal = furnished(state)
    text = call(portal, user_id).send().content.decode()
    for personal in ("Ada", "Lovelace", "example.com", "+49 30", "Grace", portal.name):
        assert personal not in text, personal


def test_an_owner_of_another_account_is_nobody_here() -> None:
    mine, other = quiet(), quiet()
    Membership.objects.filter(portal=other, user_id=OWNER).update(user_id=STRANGER)
    assert said_to(other, STRANGER, FRESH_ID)["record"] is not None
    assert said_to(mine, STRANGER, FRESH_ID)["record"] is None


@pytest.mark.parametrize(
    ("record_id", "state"),
    [(ARCHIVED_ID, "archived"), (MERGED_ID, "merged"), (GONE_ID, "gone"), (999_999, "not_read")],
)
def test_what_is_no_longer_or_not_yet_there_is_called_so(record_id: int, state: str) -> None:
    record = said_to(quiet(), OWNER, record_id)["record"]
    assert (record["state"], record["inSync"]) == (state, False)
    assert record["text"]


def test_events_that_wait_are_counted_for_the_record_and_for_all() -> None:
    portal = quiet()
    for event_type, object_id in (("contact.propertyChange", FRESH_ID), ("contact.deletion", 5), ("deal.x", FRESH_ID)):
        add_event(portal, event_type, object_id)
    other = quiet()
    add_event(other, "contact.propertyChange", FRESH_ID)
    said = said_to(portal, OWNER, FRESH_ID)
    assert said["record"]["state"] == "waiting"
    assert (said["record"]["waiting"], said["queue"]) == (1, {"waiting": 3})
    assert said["record"]["text"] == "A change of it is being read."


def test_a_change_that_failed_shows() -> None:
    portal = quiet()
    event = add_event(portal, "contact.propertyChange", FRESH_ID)
    Lane.objects.filter(portal=portal, kind=EVENTS).update(position=event.pk)
    Failure.objects.create(event=event, portal=portal, reason="ServerFailed", retry_at=timezone.now())
    record = said_to(portal, OWNER, FRESH_ID)["record"]
    assert (record["state"], record["failed"], record["inSync"]) == ("failed", 1, False)


def test_of_many_failures_the_latest_are_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """HubSpot asks for every record that somebody opens: that must not cost more the more has failed."""
    monkeypatch.setattr(record_state, "COUNTED", 2)
    portal = quiet()
    for object_id in (FRESH_ID, FRESH_ID, FRESH_ID, 5):
        event = add_event(portal, "contact.propertyChange", object_id)
        Failure.objects.create(event=event, portal=portal, reason="ServerFailed", died_at=timezone.now())
    Lane.objects.filter(portal=portal, kind=EVENTS).update(position=event.pk)
    assert said_to(portal, OWNER, FRESH_ID)["record"]["failed"] == 1
    assert said_to(portal, OWNER, 5)["record"]["failed"] == 1


def test_a_portals_failures_are_found_without_looking_at_others() -> None:
    """No other portal's dead letters, and never the inbox of all."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = record_state.latest_failures(quiet()).explain()
    assert "Seq Scan" not in plan
    assert "failure_portal" in plan


def test_the_source_is_how_the_latest_version_came() -> None:
    record = said_to(furnished(), OWNER)["record"]
    assert (record["source"], record["sourceText"]) == ("event", "webhook")
    assert said_to(furnished(), OWNER, COMPANY_ID, type_id="0-2")["record"]["source"] is None


def test_a_type_that_is_not_mirrored() -> None:
    for type_id in ("2-12345", "0-8"):
        record = said_to(quiet(), OWNER, 5, type_id=type_id)["record"]
        assert record["state"] == "unavailable"


def test_a_type_whose_scope_is_missing() -> None:
    portal = quiet()
    Sync.objects.filter(portal=portal, object_type="0-1").update(state=Sync.State.UNAVAILABLE)
    assert said_to(portal, OWNER, FRESH_ID)["record"]["state"] == "unavailable"


@pytest.mark.parametrize("state", ["needs_reconnect", "disconnecting"])
def test_a_connection_that_rests_says_so(state: str) -> None:
    said = said_to(furnished(state), OWNER)
    assert said["connection"]["state"] == state
    assert said["canOpenView"] is False
    assert said["record"]["state"] == "stopped"


def test_an_account_connected_by_a_private_app_has_no_card_of_ours() -> None:
    assert said_to(furnished("private_app"), OWNER)["connection"]["state"] == "not_connected"


def test_after_an_uninstall_nobody_is_known() -> None:
    portal = furnished()
    Portal.objects.filter(pk=portal.pk).update(state=Portal.State.DISCONNECTED)
    assert said_to(portal, OWNER)["connection"]["state"] == "not_connected"


@pytest.mark.parametrize("for_all", [True, False])
def test_while_calls_are_stopped_the_card_says_so_and_opens_nothing(*, for_all: bool) -> None:
    portal = quiet()
    switches.stop("alice", "a leak", None if for_all else portal.hub_id)
    said = said_to(portal, OWNER, FRESH_ID)
    assert (said["connection"]["state"], said["canOpenView"]) == ("paused", False)
    assert call(portal, OWNER).but(path=OFFER).send().status_code == 403
    other = quiet()
    assert said_to(other, OWNER, FRESH_ID)["canOpenView"] is not for_all


def test_a_proof_of_membership_that_is_old_does_not_matter_here() -> None:
    """HubSpot has just said who looks: it is a newer proof than any sign-in."""
    portal = quiet()
    Membership.objects.filter(portal=portal).update(proven_at="2020-01-01T00:00:00Z")
    assert said_to(portal, VIEWER, FRESH_ID)["record"] is not None
    assert Membership.objects.filter(portal=portal, proven_at__year=2020).count() == 4, "and is not kept as one"


def test_asking_leaves_no_trace() -> None:
    portal = quiet()
    before = list(Record.objects.filter(portal=portal).values()), Membership.objects.count()
    said_to(portal, STRANGER)
    assert (list(Record.objects.filter(portal=portal).values()), Membership.objects.count()) == before
