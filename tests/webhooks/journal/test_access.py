"""A journal that may not be read, or is switched off."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from installations.clients import journal_client
from tests.hubspot import HubSpot
from tests.webhooks.journal.telling import JOURNAL, SUBSCRIPTIONS, read, row, subscriptions
from webhooks.journal import reading
from webhooks.models import JournalReader

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/oauth/2026-03/token", 400), (SUBSCRIPTIONS, 403), (SUBSCRIPTIONS, 404), (f"{JOURNAL}/earliest", 401)],
)
def test_without_access_it_rests_and_says_so_once(
    hubspot: HubSpot, caplog: pytest.LogCaptureFixture, path: str, status: int
) -> None:
    hubspot.fault("status", {"path": path}, params={"status": status, "body": {"message": "no"}})
    journal_client.cache_clear()
    for _ in range(3):
        read()
    refused = row()
    assert refused.refused_at is not None
    assert refused.next_at > timezone.now() + timedelta(minutes=50)
    assert (refused.token, refused.lease_until) == (None, None)
    assert caplog.text.count("does not let the app read") == 1
    hubspot.call("DELETE", "/_emulator/faults")
    read()
    assert (row().refused_at, row().latest_error) == (None, "")
    assert row().caught_up_at is not None


def test_the_command_asks_again_at_once_when_access_was_given(hubspot: HubSpot) -> None:
    hubspot.fault("status", {"path": SUBSCRIPTIONS}, params={"status": 403})
    read()
    with pytest.raises(CommandError, match="noticed minutes later"):
        call_command("hubspot_subscriptions", "--journal")
    hubspot.call("DELETE", "/_emulator/faults")
    out = StringIO()
    call_command("hubspot_subscriptions", "--journal", stdout=out)
    assert "tells of installs and uninstalls" in out.getvalue()
    assert len(subscriptions(hubspot)) == 2
    reading.read()
    assert row().refused_at is None
    assert row().caught_up_at is not None


def test_the_command_says_when_the_journal_is_switched_off(hubspot: HubSpot, settings: Settings) -> None:
    settings.HUBSPOT_JOURNAL = False
    with pytest.raises(CommandError, match="not read"):
        call_command("hubspot_subscriptions", "--journal")


def test_switched_off_it_asks_nothing(hubspot: HubSpot, settings: Settings) -> None:
    settings.HUBSPOT_JOURNAL = False
    assert reading.read() == 0
    assert not JournalReader.objects.exists()
    assert hubspot.requests(path="/webhooks-journal") == []
