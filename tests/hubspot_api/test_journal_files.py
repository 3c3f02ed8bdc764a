"""The journal's files, whose addresses are their permission."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from hubspot_api import errors, journal
from hubspot_api.client import Client
from hubspot_api.errors import HubSpotError
from hubspot_api.fields import Fields
from hubspot_api.journal import Entry
from hubspot_api.journal_events import read_event
from hubspot_api.ports import Bucket
from hubspot_api.retrying import Retries
from hubspot_api.said import Call
from tests.hubspot_api.emulated import Place
from tests.hubspot_api.fakes import ok, world
from tests.hubspot_api.journals import change


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
