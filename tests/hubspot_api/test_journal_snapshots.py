"""Snapshots, which come through the journal."""

from __future__ import annotations

import pytest

from hubspot_api import errors, journal, journal_snapshots, objects
from hubspot_api.client import Client
from hubspot_api.journal_snapshots import SnapshotRequest
from tests.hubspot_api.emulated import HUB, Place


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
