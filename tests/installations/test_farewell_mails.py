"""Who hears that a portal is disconnected, once, and what it says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from installations import outbox
from installations.leaving import disconnecting, ending, erasing, hearsay
from installations.leaving.farewell_mails import DISCONNECTED, UNINSTALLED
from installations.models import Credential, Mail, Membership, Portal
from tests.installations.mail_servers import mail_server
from tests.portals import make_member, make_portal, sign_in_as

pytestmark = pytest.mark.django_db

TO = ["installer@example.com", "user7@example.com", "user8@example.com"]


@pytest.fixture
def portal(db: None) -> Portal:
    return peopled()


def peopled() -> Portal:
    portal = make_portal()
    portal.installed_by_email = "installer@example.com"
    portal.save(update_fields=["installed_by_email"])
    roles = [Membership.Role.OWNER, Membership.Role.ADMIN, Membership.Role.VIEWER, Membership.Role.WAITING]
    for user_id, role in enumerate(roles, start=7):
        make_member(portal, user_id, role)
    return portal


def uninstall(portal: Portal) -> None:
    """The journal told of it, and a refresh was refused."""
    with transaction.atomic():
        hearsay.note_uninstall(portal.hub_id, timezone.now())
    Credential.objects.filter(portal=portal).update(refused_at=timezone.now())
    assert hearsay.look_into(portal.pk) is None


def pass_time() -> None:
    Mail.objects.filter(state=Mail.State.WAITING).update(due_at=timezone.now() - timedelta(seconds=1))


def send() -> int:
    pass_time()
    return outbox.send_due(for_s=60)


def sent_to() -> list[str]:
    return sorted(to for message in mail.outbox for to in message.to)


def test_owner_admins_and_installer_hear_of_an_uninstall_once(portal: Portal) -> None:
    uninstall(portal)
    assert outbox.send_due(for_s=60) == 0, "whoever puts the app back at once is not bothered"
    assert send() == 3
    uninstall(portal)
    assert send() == 0
    assert sent_to() == TO


def test_it_says_what_happened_what_becomes_of_the_data_and_what_to_do(portal: Portal) -> None:
    uninstall(portal)
    send()
    portal.refresh_from_db()
    body = mail.outbox[0].body
    assert portal.name in mail.outbox[0].subject
    assert "was uninstalled" in body
    assert portal.erase_at is not None
    assert f"erased on {portal.erase_at:%d %B %Y}" in body
    assert f"certificate of account {portal.hub_id}" in body
    assert f"http://localhost:8000/install?hub_id={portal.hub_id}\n" in body
    assert "access-1" not in body


def test_the_one_about_reconnecting_is_not_sent_on_top(portal: Portal) -> None:
    """Refused twice first, told by the journal then: only what is true when it leaves is said."""
    from installations.signals import portal_needs_reconnect

    with transaction.atomic():
        portal.move_to(Portal.State.NEEDS_RECONNECT, "HubSpot no longer accepts our access.")
        portal_needs_reconnect.send(Portal, portal=portal)
    uninstall(portal)
    send()
    assert sent_to() == TO
    assert set(Mail.objects.filter(state=Mail.State.SENT).values_list("kind", flat=True)) == {UNINSTALLED}


def test_nobody_hears_of_it_once_the_app_is_back(portal: Portal) -> None:
    uninstall(portal)
    make_portal(portal.hub_id)
    assert send() == 0
    assert set(Mail.objects.values_list("state", flat=True)) == {Mail.State.NOT_NEEDED}


def test_another_portal_hears_nothing(portal: Portal) -> None:
    other = make_portal()
    make_member(other, 99, Membership.Role.OWNER)
    uninstall(portal)
    send()
    assert "user99@example.com" not in sent_to()


def test_a_disconnect_at_the_page_is_confirmed_with_who_did_it(client: Client, portal: Portal) -> None:
    sign_in_as(client, 8)
    address = f"/portals/{portal.hub_id}/disconnect/"
    posted = {"confirm": str(portal.hub_id), "destroy_now": "1"}
    assert client.post(address, posted).status_code == 302
    assert send() == 3
    assert sent_to() == TO
    body = mail.outbox[0].body
    assert "user8@example.com disconnected" in body
    assert "destroyed without telling HubSpot" in body
    assert set(Mail.objects.values_list("kind", flat=True)) == {DISCONNECTED}


def test_it_waits_until_hubspot_has_been_told(portal: Portal) -> None:
    disconnecting.begin(portal, "user8@example.com")
    assert send() == 0
    assert set(Mail.objects.values_list("state", "attempts")) == {("waiting", 0)}
    with transaction.atomic():
        ending.finish(Portal.objects.get(pk=portal.pk), "The app was uninstalled.")
    assert send() == 3
    assert "The app was uninstalled." in mail.outbox[0].body


def test_a_mail_server_that_is_down_delays_it(portal: Portal, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # where nobody listens
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    uninstall(portal)
    portal.refresh_from_db()
    assert portal.state == Portal.State.DISCONNECTED, "what must be destroyed waits for no mail server"
    assert send() == 0
    with mail_server() as server:
        settings.EMAIL_PORT = server.port
        assert send() == 3
    assert len(server.taken) == 3


def test_erasing_takes_the_addresses_along(portal: Portal) -> None:
    uninstall(portal)
    Portal.objects.update(erase_at=timezone.now() - timedelta(seconds=1))
    assert erasing.erase_those_due() == 1
    assert not Mail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_notice_at_once_one_posts_it() -> None:
    portal = peopled()
    with transaction.atomic():
        hearsay.note_uninstall(portal.hub_id, timezone.now())
    Credential.objects.filter(portal=portal).update(refused_at=timezone.now())

    def look(_: int) -> None:
        hearsay.look_into(portal.pk)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, range(4)))
    assert Mail.objects.count() == 3


def test_it_is_posted_with_the_end_or_not_at_all(portal: Portal) -> None:
    """A process that dies before the end is committed leaves neither."""

    with transaction.atomic():
        ending.uninstalled(Portal.objects.select_for_update().get(pk=portal.pk))
        assert Mail.objects.exists()
        transaction.set_rollback(True)
    assert not Mail.objects.exists()
