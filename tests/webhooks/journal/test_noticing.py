"""What the journal's reader notices, against the emulator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from installations.models import Portal
from lanes.models import Lane
from tests.crm.mirrored import work_until_idle
from tests.hubspot import Account, HubSpot
from tests.webhooks.journal.telling import SUBSCRIPTIONS, publish, read, row, state, subscriptions, uninstall
from webhooks.models import JournalReader

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_uninstall_is_noticed(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    uninstall(hubspot, account)
    assert read() == 1
    work_until_idle("uninstall")
    assert state(portal) == Portal.State.DISCONNECTED
    assert portal.state_reason == "The app was uninstalled in HubSpot."
    assert row().failures == 0


def test_both_subscriptions_are_made_once_a_day_and_made_again_without_harm(hubspot: HubSpot) -> None:
    read()
    kept = subscriptions(hubspot)
    assert len(kept) == 2
    JournalReader.objects.update(subscribed_at=timezone.now() - timedelta(hours=25))
    read()
    assert subscriptions(hubspot) == kept
    asked = len(hubspot.requests(path=SUBSCRIPTIONS))
    read()
    assert len(hubspot.requests(path=SUBSCRIPTIONS)) == asked


def test_an_uninstall_is_taken_from_the_file_only_once(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    uninstall(hubspot, account)
    read()
    assert read() == 0
    assert row().caught_up_at is not None


def test_of_several_events_of_an_account_the_latest_counts(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    """Uninstalled and installed again before anybody looked: the installation that is there stays."""
    hubspot.uninstall(account)
    again = hubspot.tokens(account)
    publish(hubspot)
    assert again["access_token"]
    read()
    portal.refresh_from_db()
    assert portal.uninstall_told_at is None
    assert not Lane.objects.filter(kind="uninstall").exists()


def test_what_happened_to_unknown_accounts_concerns_nobody(hubspot: HubSpot, portal: Portal) -> None:
    stranger = hubspot.add_account()
    hubspot.tokens(stranger)
    uninstall(hubspot, stranger)
    assert read() == 1
    assert state(portal) == Portal.State.ACTIVE
    assert not Lane.objects.filter(kind="uninstall").exists()
