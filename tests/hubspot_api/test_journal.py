"""The webhooks journal, read from the emulator."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from hubspot_api import errors, journal, journal_snapshots, objects
from hubspot_api import journal_subscriptions as subscriptions
from hubspot_api.app_tokens import AppTokens
from hubspot_api.client import Client
from hubspot_api.errors import HubSpotError
from hubspot_api.fields import Fields
from hubspot_api.journal import Entry
from hubspot_api.journal_events import APP_INSTALL, APP_UNINSTALL, read_event
from hubspot_api.journal_snapshots import SnapshotRequest
from hubspot_api.journal_subscriptions import Condition
from hubspot_api.ports import Bucket
from hubspot_api.retrying import Retries
from hubspot_api.said import Call
from tests.hubspot_api.emulated import HUB, HUB_EU, USER, Place
from tests.hubspot_api.fakes import ok, refusal, world
from tests.hubspot_api.test_oauth import Server

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def app(place: Place) -> Client:
    """The app itself, installed in one account, whose contacts it hears of."""
    place.tokens()
    client = place.client(tokens=AppTokens(place.oauth(), journal.SCOPES))
    subscriptions.to_objects(client, HUB, "0-1")
    return client


def change(place: Place, *emails: str) -> None:
    """Create contacts, and let the journal's file be published."""
    made = [{"op": "create", "object_type": "contact", "properties": {"email": email}} for email in emails]
    place.control(f"portals/{HUB}/changes", changes=made)
    place.control("clock", advance_s=2)


def emails(app: Client, after: str | None = None) -> list[str | None]:
    return [event.properties["email"] for event in journal.events(app, after)]


# Reading


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


# Files, whose addresses are their permission


def entry_of(app: Client) -> Entry:
    found = journal.latest(app)
    assert found is not None
    return found


def test_a_file_is_read_without_the_token_and_its_address_is_told_to_nobody(place: Place, app: Client) -> None:
    change(place, "a@x.example")
    entry = entry_of(app)
    assert journal.read_file(app, entry).offset == entry.offset  # the storage refuses whoever shows a token
    record = place.log.records[-1]
    assert (record.path, record.bucket, record.status, record.attempts) == ("journal file", Bucket.EXEMPT, 200, 1)
    assert record.bytes_received > 0
    assert "Signature" not in repr(entry)


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


def test_an_address_that_is_too_old_or_was_changed(place: Place, app: Client) -> None:
    change(place, "a@x.example")
    entry = entry_of(app)
    place.control("clock", advance_s=16 * 60)
    with pytest.raises(errors.AddressExpired) as caught:
        journal.read_file(app, entry)
    assert "Signature" not in str(caught.value)
    assert journal.read_file(app, entry_of(app)).events


@pytest.mark.parametrize(
    ("action", "params", "kind", "again"),
    [
        ("status", {"status": 503}, errors.Overloaded, True),
        ("html", {"status": 200}, errors.AnswerUnreadable, True),
        ("html", {"status": 404}, errors.NotFound, False),
        ("status", {"status": 302}, errors.UnexpectedStatus, False),
    ],
)
def test_files_fail_by_class_and_are_read_again(
    place: Place, app: Client, action: str, params: dict[str, Any], kind: type[HubSpotError], again: bool
) -> None:
    change(place, "a@x.example")
    entry = entry_of(app)
    place.fault(action, "/webhooks-journal-files", **params)
    with pytest.raises(HubSpotError) as caught:
        journal.read_file(app, entry)
    assert type(caught.value) is kind
    patient = place.client(tokens=app.tokens, retries=Retries(first_pause=0.0))
    place.fault(action, "/webhooks-journal-files", **params)
    if again:
        assert journal.read_file(patient, entry).events
        assert place.log.records[-1].attempts == 2
    else:
        with pytest.raises(kind):
            journal.read_file(patient, entry)


@pytest.mark.parametrize("url", ["http://files.example/f?sig=canary", "file:///etc/passwd", "https://[x", "", "\x00"])
def test_an_address_that_protects_less_than_the_apis_own_is_refused(url: str) -> None:
    entry = {"currentOffset": "1", "url": url, "expiresAt": "2026-01-01T00:00:00Z"}
    here = world(ok(entry))
    with pytest.raises(errors.ResponseInvalid) as caught:
        journal.read_file(here.client, entry_of(here.client))
    assert "canary" not in str(caught.value)
    assert len(here.hubspot.asked) == 1


def test_a_file_with_another_offset_is_refused() -> None:
    entry = {"currentOffset": "1", "url": "https://files.example/f", "expiresAt": "2026-01-01T00:00:00Z"}
    file = {"offset": "2", "publishedAt": "2026-01-01T00:00:00Z", "journalEvents": []}
    here = world(ok(entry), ok(file))
    with pytest.raises(errors.ResponseInvalid):
        list(journal.files(here.client))
    assert [request.headers.get("authorization") for request in here.hubspot.asked] == ["Bearer t-1", None]


def test_half_a_file_is_read_again() -> None:
    entry = {"currentOffset": "1", "url": "https://files.example/f", "expiresAt": "2026-01-01T00:00:00Z"}
    file = {"offset": "1", "publishedAt": "2026-01-01T00:00:00Z", "journalEvents": []}
    here = world(ok(entry), httpx2.Response(200, content=b'{"offset":"1","jour'), ok(file), ok(status=204))
    assert [one.offset for one in journal.files(here.client)] == ["1"]
    assert here.log.records[1].attempts == 2


def test_a_file_that_comes_too_slowly_ends_at_the_deadline() -> None:
    entry = {"currentOffset": "1", "url": "https://files.example/f", "expiresAt": "2026-01-01T00:00:00Z"}

    def slow(_: httpx2.Request) -> httpx2.Response:
        here.time.pass_(11)
        return httpx2.Response(200, stream=Pieces())

    here = world(ok(entry), slow)
    with pytest.raises(errors.DeadlineExceeded):
        list(journal.files(here.client))


class Pieces(httpx2.SyncByteStream):
    """A body that never ends."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b" "


def test_an_odd_event_does_not_stop_the_journal() -> None:
    odd = {
        "type": "galaxy",
        "portalId": 7,
        "occurredAt": "2026-01-01T00:00:00Z",
        "objectId": "x",
        "propertyChanges": {"n": 1, "b": True, "s": "s", "z": None},
        "mergedObjectIds": [1, "x", True],
        "fromObjectId": "y",
    }
    event = read_event(Fields.of(odd, Call()))
    assert (event.kind, event.action, event.object_id, event.association) == ("galaxy", "", None, None)
    assert event.properties == {"n": "1", "b": "true", "s": "s", "z": None}
    assert event.merged_ids == (1,)
    assert event.values == odd


def test_what_is_no_event_is_set_aside_and_the_rest_of_its_file_is_read() -> None:
    entry = {"currentOffset": "1", "url": "https://files.example/f", "expiresAt": "2026-01-01T00:00:00Z"}
    good = {"type": "object", "portalId": 7, "occurredAt": "2026-01-01T00:00:00Z"}
    wrong = [None, "x", {}, good | {"portalId": "x"}, good | {"occurredAt": 5}, good | {"type": None}]
    file = {"offset": "1", "publishedAt": "2026-01-01T00:00:00Z", "journalEvents": [wrong[0], good, *wrong[1:], good]}
    here = world(ok(entry), ok(file), ok(status=204))
    (read,) = journal.files(here.client)
    assert [event.hub_id for event in read.events] == [7, 7]
    assert read.odd == tuple(wrong)


# The app's token


def test_the_apps_token_is_kept_and_replaced_before_its_end(place: Place, app: Client) -> None:
    tokens = app.tokens.current()
    assert app.tokens.current() is tokens
    journal.earliest(app)
    assert app.tokens.current() is tokens
    assert sum(record.path.startswith("/oauth") for record in place.log.records) == 1


def test_a_token_that_hubspot_forgot_is_replaced_on_the_way(place: Place, app: Client) -> None:
    place.control("clock", advance_s=3600)
    assert journal.earliest(app) is None
    assert place.log.records[-1].attempts == 2


def test_tokens_end_by_the_clock() -> None:
    server = Server(ok({"access_token": "t", "expires_in": 1800, "token_type": "bearer"}))
    tokens = AppTokens(server.oauth, ["a", "b"])
    first = tokens.current()
    server.time.pass_(1739)
    assert tokens.current() is first
    server.time.pass_(1)
    second = tokens.current()
    assert second.generation == first.generation + 1
    assert tokens.rejected(first) is second, "somebody else has replaced it"
    assert tokens.rejected(second).generation == second.generation + 1
    assert b"grant_type=client_credentials&scope=a+b" in server.hubspot.asked[0].content


def test_threads_share_a_token_and_one_of_them_asks() -> None:
    together = threading.Barrier(4)

    def grant(_: httpx2.Request) -> httpx2.Response:
        return ok({"access_token": f"t-{len(server.hubspot.asked)}", "expires_in": 1800, "token_type": "bearer"})

    def current(_: int) -> int:
        together.wait(timeout=5)
        return tokens.current().generation

    server = Server(grant)
    tokens = AppTokens(server.oauth, ["a"])
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(current, range(4))) == {1}
    assert len(server.hubspot.asked) == 1


def test_a_wrong_secret_is_the_apps_own_fault(place: Place) -> None:
    client = place.client(tokens=AppTokens(place.oauth(secret="wrong"), journal.SCOPES))
    with pytest.raises(errors.ClientInvalid):
        journal.earliest(client)
    with pytest.raises(errors.OAuthRefused):
        journal.earliest(place.client(tokens=AppTokens(place.oauth(), ["crm.objects.contacts.read"])))


def test_scopes_and_tokens_that_do_not_open_the_journal(place: Place) -> None:
    with pytest.raises(HubSpotError) as refused:
        journal.earliest(place.client())  # an account's token
    assert refused.value.certainly_not_done
    reader = place.client(tokens=AppTokens(place.oauth(), ["developer.webhooks_journal.read"]))
    assert journal.earliest(reader) is None
    with pytest.raises(errors.MissingScopes):
        subscriptions.list_all(reader)
    with pytest.raises(errors.MissingScopes):
        journal_snapshots.take(reader, [SnapshotRequest(HUB, "0-1", 1)])


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


# Subscriptions and filters


def test_subscriptions_of_all_kinds(place: Place, app: Client) -> None:
    made = [
        subscriptions.to_objects(app, HUB, "0-2", actions=["UPDATE"], properties=["name"], object_ids=[5, 7]),
        subscriptions.to_associations(app, HUB, "0-1", to_types=["0-2"]),
        subscriptions.to_privacy_deletions(app, HUB, "0-1"),
        subscriptions.to_lifecycle(app, APP_INSTALL),
        subscriptions.to_lifecycle(app, APP_UNINSTALL),
    ]
    assert [(one.kind, one.hub_id) for one in made] == [
        ("OBJECT", HUB),
        ("ASSOCIATION", HUB),
        ("GDPR_PRIVACY_DELETION", HUB),
        ("APP_LIFECYCLE_EVENT", None),
        ("APP_LIFECYCLE_EVENT", None),
    ]
    companies = made[0]
    assert (companies.actions, companies.properties, companies.object_ids) == (("UPDATE",), ("name",), (5, 7))
    assert made[1].associated_types == ("0-2",)
    assert subscriptions.get(app, companies.id) == companies
    assert {one.id for one in subscriptions.list_all(app)} >= {one.id for one in made}

    again = subscriptions.to_objects(app, HUB, "0-2")
    assert (again.id, again.properties) == (companies.id, ())
    subscriptions.delete(app, companies.id)
    with pytest.raises(errors.NotFound):
        subscriptions.get(app, companies.id)
    subscriptions.delete_of_account(app, HUB)
    subscriptions.delete_of_account(app, HUB)
    assert {one.kind for one in subscriptions.list_all(app)} == {"APP_LIFECYCLE_EVENT"}


def test_lists_need_their_scope(place: Place, app: Client) -> None:
    place.tokens(HUB_EU, scopes=["crm.objects.contacts.read"])
    with pytest.raises(errors.MissingScopes) as caught:
        subscriptions.to_lists(app, HUB_EU)
    assert caught.value.scopes == ("crm.lists.read",)
    client = place.client()
    subscribed = subscriptions.to_lists(app, HUB, list_ids=[1, 2])
    assert (subscribed.kind, subscribed.list_ids) == ("LIST_MEMBERSHIP", (1, 2))
    subscriptions.to_lists(app, HUB)
    contact = objects.list_page(client, "contacts", limit=1).results[0].id
    body = {"name": "Some", "objectTypeId": "0-1", "processingType": "MANUAL"}
    list_id = int(client.request("POST", "/crm/lists/{version}", json=body).fields.child("list").id("listId"))
    client.request("PUT", f"/crm/lists/{{version}}/{list_id}/memberships/add", json=[str(contact)])
    place.control("clock", advance_s=2)
    (event,) = journal.events(app)
    assert (event.kind, event.action, event.list_id, event.object_id) == (
        "list_membership",
        "ADDED_TO_LIST",
        list_id,
        contact,
    )


def test_subscriptions_that_are_refused(place: Place, app: Client) -> None:
    with pytest.raises(errors.BadRequest):
        subscriptions.to_objects(app, HUB_EU, "0-1")  # not installed there
    with pytest.raises(errors.BadRequest):
        subscriptions.to_objects(app, HUB, "0-1", actions=["EXPLODE"])
    with pytest.raises(errors.MissingScopes):
        subscriptions.to_objects(app, HUB, "0-7")
    with pytest.raises(errors.NotFound):
        subscriptions.delete(app, 424242)


def test_what_other_kinds_tell(place: Place, app: Client) -> None:
    for subscribe in (subscriptions.to_associations, subscriptions.to_privacy_deletions):
        subscribe(app, HUB, "0-1")
    subscriptions.to_lifecycle(app, APP_UNINSTALL)
    client = place.client()
    one, two = (contact.id for contact in objects.list_page(client, "contacts", limit=2).results)
    company = objects.list_page(client, "companies", limit=1).results[0].id
    to = {"object_type": "company", "id": str(company)}
    changes = [
        {"op": "disassociate", "object_type": "contact", "id": str(one), "to": to},
        {"op": "associate", "object_type": "contact", "id": str(one), "to": to},
        {"op": "merge", "object_type": "contact", "id": str(two), "into": str(one)},
    ]
    place.control(f"portals/{HUB}/changes", user_id=USER, changes=changes)
    place.control(f"portals/{HUB}/uninstall", client_id="client-1")
    place.control("clock", advance_s=2)
    events = list(journal.events(app))
    ends = next(event.association for event in events if event.action == "ASSOCIATION_ADDED")
    assert ends is not None
    assert (ends.from_type, ends.from_id, ends.to_type, ends.to_id) == ("0-1", one, "0-2", company)
    assert ends.category == "HUBSPOT_DEFINED"
    merge = next(event for event in events if event.action == "MERGE")
    assert merge.object_id is not None
    assert {*merge.merged_ids, merge.object_id} >= {one, two}
    gone = next(event for event in events if event.kind == "app_lifecycle_event")
    assert (gone.action, gone.event_type, gone.hub_id) == ("APP_UNINSTALL", APP_UNINSTALL, HUB)


def test_filters_let_through_what_they_name(place: Place, app: Client) -> None:
    (contacts,) = subscriptions.list_all(app)
    conditions = (Condition("email", "ENDS_WITH", "@x.example"), Condition("email", "NOT_IN", values=("b@x.example",)))
    filter_id = subscriptions.add_filter(app, contacts.id, conditions)
    assert subscriptions.get_filter(app, filter_id).conditions == conditions
    assert [one.id for one in subscriptions.filters(app, contacts.id)] == [filter_id]
    change(place, "a@x.example", "b@x.example", "a@y.example")
    assert emails(app) == ["a@x.example"]
    subscriptions.delete_filter(app, filter_id)
    assert subscriptions.filters(app, contacts.id) == ()
    for ask in (subscriptions.get_filter, subscriptions.delete_filter):
        with pytest.raises(errors.NotFound):
            ask(app, filter_id)
    with pytest.raises(errors.NotFound):
        subscriptions.filters(app, 424242)
    with pytest.raises(errors.BadRequest):
        subscriptions.add_filter(app, contacts.id, [])


def test_a_new_filter_is_not_added_twice() -> None:
    here = world(refusal(500))
    with pytest.raises(errors.ServerFailed):
        subscriptions.add_filter(here.client, 1, [Condition("email", "IS_EMPTY")])
    assert len(here.hubspot.asked) == 1


@pytest.mark.parametrize("body", [{}, [1], [{"id": 1}]])
def test_filters_that_are_none(body: Any) -> None:
    with pytest.raises(errors.ResponseInvalid):
        subscriptions.filters(world(ok(body)).client, 1)


# Snapshots


def test_snapshots_come_through_the_journal(place: Place, app: Client) -> None:
    contacts = objects.list_page(place.client(), "contacts", properties=["email"]).results
    wanted = [SnapshotRequest(HUB, "0-1", one.id, ("email",)) for one in contacts] * 4
    taken = journal_snapshots.take(app, [*wanted, SnapshotRequest(HUB, "0-1", 1)])
    assert len(taken) == 121
    assert (taken[0].hub_id, taken[0].object_type, taken[0].object_id) == (HUB, "0-1", contacts[0].id)
    with pytest.raises(errors.NotFound):
        journal_snapshots.status(app, taken[0].id)
    place.control("clock", advance_s=2)
    status = journal_snapshots.status(app, taken[0].id)
    assert (status.state, status.done, status.error) == ("SUCCESS", True, None)
    failed = journal_snapshots.status(app, taken[-1].id)
    assert (failed.state, failed.done, failed.error) == ("FAILED", True, "VALIDATION_ERROR")
    event = next(iter(journal.events(app)))
    assert (event.action, event.snapshot_id) == ("SNAPSHOT", taken[0].id)
    assert event.properties == {"email": contacts[0].properties["email"]}


def test_snapshots_under_way_and_refused(place: Place, app: Client) -> None:
    (taken,) = journal_snapshots.take(app, [SnapshotRequest(HUB, "0-1", 1)])
    place.emulator.advance(0.3)
    assert not journal_snapshots.status(app, taken.id).done
    assert journal_snapshots.take(app, []) == ()
    with pytest.raises(errors.BadRequest):
        journal_snapshots.status(app, "no-uuid")
