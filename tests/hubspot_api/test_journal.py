"""The webhooks journal, read from the emulator."""

from __future__ import annotations

import httpx2
import pytest

from hubspot_api import errors, journal, journal_snapshots
from hubspot_api import journal_subscriptions as subscriptions
from hubspot_api.app_tokens import AppTokens
from hubspot_api.client import Client
from hubspot_api.journal_snapshots import SnapshotRequest
from hubspot_api.ports import Bucket
from tests.hubspot_api.emulated import HUB, HUB_EU, Place
from tests.hubspot_api.fakes import ok, world
from tests.hubspot_api.journals import UNKNOWN, change, emails


def test_an_empty_journal_has_an_end_at_once(app: Client) -> None:
    assert journal.earliest(app) is None
    assert journal.latest(app) is None
    assert journal.earliest_many(app).results == ()
    assert list(journal.events(app)) == []


def test_events_come_in_order_file_by_file(place: Place, app: Client) -> None:
    change(place, "a@x.example", "b@x.example")
    change(place, "c@x.example")
    events = list(journal.events(app))
    assert [event.properties["email"] for event in events] == ["a@x.example", "b@x.example", "c@x.example"]
    first = events[0]
    assert (first.kind, first.action, first.hub_id, first.object_type) == ("object", "CREATE", HUB, "0-1")
    assert first.object_id is not None
    assert first.occurred_at.tzinfo is not None
    assert "a@x.example" not in repr(first)


def test_whoever_resumes_loses_nothing_and_repeats_no_finished_file(place: Place, app: Client) -> None:
    change(place, "a@x.example", "b@x.example")
    change(place, "c@x.example", "d@x.example")
    stored = [event.resume_after for event in journal.events(app)]
    assert stored[0] is None
    assert emails(app, stored[0]) == ["a@x.example", "b@x.example", "c@x.example", "d@x.example"]
    assert emails(app, stored[1]) == ["c@x.example", "d@x.example"]
    assert stored[2] == stored[1]
    assert emails(app, stored[3]) == []
    change(place, "e@x.example")
    assert emails(app, stored[3]) == ["e@x.example"]


def test_a_reader_that_dawdles_still_gets_the_next_file(place: Place, app: Client) -> None:
    change(place, "a@x.example")
    change(place, "b@x.example")
    reading = journal.events(app)
    assert next(reading).properties["email"] == "a@x.example"
    place.control("clock", advance_s=20 * 60)  # longer than addresses live
    assert next(reading).properties["email"] == "b@x.example"


def test_entries_one_by_one_and_many_at_once(place: Place, app: Client) -> None:
    for name in "abc":
        change(place, f"{name}@x.example")
    first = journal.earliest(app)
    assert first is not None
    second, third = (entry.offset for entry in journal.following_many(app, first.offset).results)
    assert [entry.offset for entry in journal.earliest_many(app, 2).results] == [first.offset, second]
    assert [entry.offset for entry in journal.latest_many(app, 2).results] == [second, third]
    following = journal.following(app, first.offset)
    assert following is not None
    assert following.offset == second
    latest = journal.latest(app)
    assert latest is not None
    assert latest.offset == third
    assert journal.following(app, third) is None
    found = journal.find(app, [third, UNKNOWN])
    assert [entry.offset for entry in found.results] == [third]
    assert [error.category for error in found.errors] == ["OBJECT_NOT_FOUND"]
    assert journal.read_file(app, found.results[0]).events[0].properties["email"] == "c@x.example"


def test_one_account_of_several(place: Place, app: Client) -> None:
    place.tokens(HUB_EU)
    subscriptions.to_objects(app, HUB_EU, "0-1")
    change(place, "a@x.example")
    assert [event.hub_id for event in journal.events(app, hub_id=HUB)] == [HUB]
    assert list(journal.events(app, hub_id=HUB_EU)) == []


def test_an_offset_that_is_too_old_is_not_found(place: Place, app: Client) -> None:
    change(place, "a@x.example")
    (event,) = journal.events(app)
    place.control("clock", advance_s=4 * 86_400)
    with pytest.raises(errors.NotFound):
        list(journal.events(app, event.resume_after))
    with pytest.raises(errors.NotFound):
        journal.following_many(app, UNKNOWN)


def test_each_kind_of_call_draws_on_the_allowance_that_hubspot_counts_it_in(place: Place, app: Client) -> None:
    place.log.records.clear()
    journal.latest(app)
    journal.find(app, [UNKNOWN])
    subscriptions.list_all(app)
    journal_snapshots.take(app, [SnapshotRequest(HUB, "0-1", 1, ("email",))])
    assert [record.bucket for record in place.log.records] == [
        *(Bucket.JOURNAL, Bucket.JOURNAL),
        *(Bucket.JOURNAL_SUBSCRIPTIONS, Bucket.JOURNAL_SNAPSHOTS),
    ]


def test_the_journals_own_limit(busy: Place) -> None:
    client = busy.client(tokens=AppTokens(busy.oauth(), journal.SCOPES))
    for _ in range(100):
        assert journal.latest(client) is None
    with pytest.raises(errors.RateLimited) as caught:
        journal.latest(client)
    assert caught.value.retry_at is not None
    assert busy.log.records[-1].attempts == 1


def test_a_lost_answer_is_asked_for_again() -> None:
    here = world(httpx2.ReadError("reset"), ok(status=204))
    assert journal.earliest(here.client) is None
    assert here.hubspot.paths() == ["GET /webhooks-journal/journal/2026-03/earliest"] * 2


ENTRY = {"currentOffset": UNKNOWN, "url": "https://files.example/x", "expiresAt": "2026-11-20T12:15:00Z"}


def test_an_entry_that_follows_itself_is_the_end() -> None:
    """What HubSpot answers at the end is not known for sure: nobody should read the last file for ever."""
    here = world(ok(ENTRY))
    assert journal.following(here.client, UNKNOWN) is None
    assert journal.following(here.client, UNKNOWN.replace("0", "1")) is not None
    assert list(journal.files(here.client, UNKNOWN)) == []
    assert len(here.hubspot.asked) == 3


def test_an_entry_without_a_name_is_none_to_go_on_after() -> None:
    """Whoever stored it would begin with the earliest again, and again."""
    here = world(ok(ENTRY | {"currentOffset": ""}))
    with pytest.raises(errors.ResponseInvalid, match="currentOffset"):
        journal.earliest(here.client)
