"""Who hears that a portal has to be connected again, when, and what it says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from installations import outbox
from installations.credentials import tokens
from installations.credentials.reconnect_mails import FIRST_AFTER, NEEDED, REMIND_AFTER, REMINDER
from installations.leaving import disconnecting
from installations.models import Mail, Membership, Portal
from installations.signals import portal_needs_reconnect
from tests.portals import grant, make_member, make_portal

pytestmark = pytest.mark.django_db


@pytest.fixture
def portal(db: None) -> Portal:
    portal = make_portal()
    portal.installed_by_email = "installer@example.com"
    portal.save(update_fields=["installed_by_email"])
    return portal


def break_down(portal: Portal) -> None:
    with transaction.atomic():
        portal.move_to(Portal.State.NEEDS_RECONNECT, "HubSpot no longer accepts our access.")
        portal_needs_reconnect.send(Portal, portal=portal)


def connect_again(portal: Portal) -> None:
    with transaction.atomic():
        tokens.store(portal, grant(portal.hub_id), user_id=7)
        portal.move_to(Portal.State.ACTIVE)


def pass_time(by: timedelta) -> None:
    for message in Mail.objects.all():
        message.due_at -= by
        message.save(update_fields=["due_at"])


def sent_to() -> list[str]:
    return sorted(to for message in mail.outbox for to in message.to)


def test_installer_owners_and_admins_hear_of_it_once(portal: Portal) -> None:
    make_member(portal, 7, Membership.Role.OWNER)
    make_member(portal, 8, Membership.Role.ADMIN)
    make_member(portal, 9, Membership.Role.VIEWER)
    make_member(portal, 10, Membership.Role.WAITING)
    break_down(portal)
    assert outbox.send_due(for_s=60) == 0, "whoever took the app out on purpose is given time to be noticed"
    pass_time(FIRST_AFTER)
    assert outbox.send_due(for_s=60) == 3
    assert outbox.send_due(for_s=60) == 0
    assert sent_to() == ["installer@example.com", "user7@example.com", "user8@example.com"]


def test_it_says_what_happened_and_where_to_go(portal: Portal) -> None:
    break_down(portal)
    pass_time(FIRST_AFTER)
    outbox.send_due(for_s=60)
    (message,) = mail.outbox
    assert portal.name in message.subject
    assert f"http://localhost:8000/install?hub_id={portal.hub_id}\n" in message.body
    assert "HubSpot no longer accepts our access." in message.body
    assert portal.erase_at is not None
    assert f"erased on {portal.erase_at:%d %B %Y}" in message.body
    assert "access-1" not in message.body
    assert "na1-refresh-1" not in message.body


def test_there_is_one_reminder_and_it_is_the_last(portal: Portal) -> None:
    break_down(portal)
    pass_time(REMIND_AFTER)
    assert outbox.send_due(for_s=60) == 2
    assert sorted(Mail.objects.values_list("kind", "state")) == [(NEEDED, "sent"), (REMINDER, "sent")]
    assert any(message.subject.startswith("Reminder: ") and "not write" in message.body for message in mail.outbox)


def test_nobody_is_bothered_once_it_is_connected_again(portal: Portal) -> None:
    break_down(portal)
    connect_again(portal)
    pass_time(REMIND_AFTER)
    assert outbox.send_due(for_s=60) == 0
    assert set(Mail.objects.values_list("state", flat=True)) == {Mail.State.NOT_NEEDED}


def test_nobody_is_bothered_once_the_portal_has_left(portal: Portal) -> None:
    break_down(portal)
    disconnecting.begin(portal, "somebody", destroy_now=True)
    pass_time(REMIND_AFTER)
    outbox.send_due(for_s=60)
    asked = Mail.objects.filter(kind__in=[NEEDED, REMINDER])
    assert set(asked.values_list("state", flat=True)) == {Mail.State.NOT_NEEDED}
    assert not [message.subject for message in mail.outbox if "connected to HubSpot again" in message.subject]


def test_a_second_outage_is_told_anew_and_the_reminder_of_the_first_is_not(portal: Portal) -> None:
    break_down(portal)
    pass_time(FIRST_AFTER)
    outbox.send_due(for_s=60)
    connect_again(portal)
    break_down(portal)
    pass_time(REMIND_AFTER)
    outbox.send_due(for_s=60)
    assert [message.subject.startswith("Reminder") for message in mail.outbox] in (
        [False, False, True],
        [False, True, False],
    )
    first_reminder = Mail.objects.filter(kind=REMINDER).order_by("posted_at").first()
    assert first_reminder is not None
    assert first_reminder.state == Mail.State.NOT_NEEDED


def test_an_installer_whom_hubspot_did_not_name_is_no_obstacle(portal: Portal) -> None:
    Portal.objects.update(installed_by_email="")
    portal.refresh_from_db()
    break_down(portal)
    assert not Mail.objects.exists()


def test_erasing_takes_the_addresses_along(portal: Portal) -> None:
    from installations.leaving import erasing

    break_down(portal)
    Portal.objects.update(erase_at=timezone.now() - timedelta(seconds=1))
    assert erasing.erase_those_due() == 1
    assert not Mail.objects.exists()
