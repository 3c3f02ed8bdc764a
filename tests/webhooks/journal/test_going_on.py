"""Where the journal's reader goes on, and what does not stop it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from hubspot_api import journal_subscriptions
from installations.clients import journal_client
from installations.models import Portal
from tests.crm.mirrored import work_until_idle
from tests.hubspot import Account, HubSpot
from tests.webhooks.journal.telling import FILES, JOURNAL, publish, read, rewrite, row, state, uninstall
from webhooks.journal import reading
from webhooks.journal.reading import TRIES
from webhooks.models import Event, JournalReader

pytestmark = pytest.mark.django_db(transaction=True)


def test_files_are_read_in_order_to_the_end(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    others = [hubspot.add_account() for _ in range(3)]
    for other in others:
        hubspot.tokens(other)
        publish(hubspot)
    uninstall(hubspot, account)
    before = row()
    assert read() == 4
    after = row()
    assert (after.files, after.events) == (before.files + 4, before.events + 4)
    assert after.offset != before.offset
    assert read() == 0


def test_a_place_older_than_three_days_is_no_gap_if_we_were_at_the_end(
    hubspot: HubSpot, account: Account, portal: Portal
) -> None:
    """A quiet app: its last file went, and nothing was missed."""
    hubspot.advance(4 * 86_400)
    assert read() == 0
    assert (row().offset, row().gaps, row().failures) == ("", 0, 0)
    uninstall(hubspot, account)
    assert read() == 1
    assert (row().gaps, bool(row().offset)) == (0, True)


def test_a_place_that_went_while_nobody_read_is_a_gap_and_is_said(
    hubspot: HubSpot, account: Account, portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    hubspot.tokens(hubspot.add_account())
    hubspot.advance(4 * 86_400)
    uninstall(hubspot, account)
    JournalReader.objects.update(caught_up_at=timezone.now() - timedelta(days=4))
    assert read() == 1
    assert row().gaps == 1
    assert row().gap_at is not None
    assert "is lost" in caplog.text
    work_until_idle("uninstall")
    assert state(portal) == Portal.State.DISCONNECTED, "reading goes on with what is there"
    assert read() == 0
    assert row().gaps == 1, "one gap is counted once"


def test_a_404_at_the_journals_end_is_the_end(hubspot: HubSpot, portal: Portal) -> None:
    """Some report it instead of 204; then everything must not be read again each time."""
    hubspot.fault("status", {"path": f"{JOURNAL}/offset/*"}, params={"status": 404})
    offset = row().offset
    assert offset
    assert read() == 0
    assert (row().offset, row().gaps, row().failures) == (offset, 0, 0)


# What does not stop it


def test_events_of_other_kinds_are_counted_and_passed_over(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    journal_subscriptions.to_objects(journal_client(), account.hub_id, "0-1")
    hubspot.change(account, {"op": "create", "object_type": "contact", "properties": {"email": "a@x.example"}})
    uninstall(hubspot, account)
    read()
    work_until_idle("uninstall")
    assert state(portal) == Portal.State.DISCONNECTED
    assert (row().odd, row().gaps) == (0, 0)
    assert not Event.objects.exists()


def test_what_is_no_event_is_kept_and_the_rest_of_its_file_counts(
    hubspot: HubSpot, account: Account, portal: Portal
) -> None:
    uninstall(hubspot, account)

    def spoil(saved: dict[str, Any]) -> None:
        (hub_id, text) = saved["files"][-1]["events"][0]
        wrong = json.dumps(json.loads(text) | {"occurredAt": "yesterday"})
        saved["files"][-1]["events"] = [[hub_id, "null"], [hub_id, wrong], [hub_id, '"\\u0000"'], [hub_id, text]]

    rewrite(hubspot, spoil)
    read()
    assert row().odd == 3
    kept = Event.objects.filter(event_type="journal", portal=None, hub_id=None)
    assert {json.loads(each.payload) is None for each in kept} == {True, False}
    assert kept.count() == 3
    work_until_idle("uninstall")
    assert state(portal) == Portal.State.DISCONNECTED


@pytest.mark.parametrize(
    ("action", "params"), [("html", {"status": 200}), ("html", {"status": 404}), ("status", {"status": 403})]
)
def test_a_file_that_stays_unreadable_is_passed_over(
    hubspot: HubSpot, account: Account, portal: Portal, action: str, params: dict[str, Any]
) -> None:
    hubspot.tokens(hubspot.add_account())
    publish(hubspot)
    before = row().offset
    hubspot.fault(action, {"path": FILES}, params=params)
    for attempt in range(1, TRIES):
        read()
        assert (row().file_failures, row().offset, row().failures) == (attempt, before, attempt)
    read()
    assert row().offset != before
    assert (row().file_failures, row().gaps, row().failures) == (0, 1, 0)
    hubspot.call("DELETE", "/_emulator/faults")
    uninstall(hubspot, account)
    read()
    work_until_idle("uninstall")
    assert state(portal) == Portal.State.DISCONNECTED


def test_storage_that_does_not_answer_loses_nothing(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    uninstall(hubspot, account)
    hubspot.fault("status", {"path": FILES}, params={"status": 503})
    for _ in range(TRIES + 1):
        JournalReader.objects.update(next_at=timezone.now())
        assert reading.read() == 0
    assert (row().gaps, row().file_failures, row().failures) == (0, 0, TRIES + 1)
    assert row().next_at > timezone.now(), "each failure waits longer"
    hubspot.call("DELETE", "/_emulator/faults")
    assert read() == 1
    assert (row().failures, row().latest_error) == (0, "")
