"""Who is reminded to rotate a private app's token, and when not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from hubspot_api.secret import Secret
from installations import outbox
from installations.credentials import rotation_mails, tokens
from installations.models import Credential, Mail, Membership, Portal
from tests.portals import make_member, make_portal

pytestmark = pytest.mark.django_db
TOKEN = "pat-na1-12345678-canary"


@pytest.fixture
def portal(db: None) -> Portal:
    portal = make_portal()
    give_token(portal)
    make_member(portal, 7, Membership.Role.OWNER)
    make_member(portal, 8, Membership.Role.ADMIN)
    make_member(portal, 9, Membership.Role.VIEWER)
    return portal


@transaction.atomic
def give_token(portal: Portal) -> None:
    tokens.store_lasting(portal, Secret(TOKEN), [], user_id=7)
    Portal.objects.filter(pk=portal.pk).update(connection=Portal.Connection.PRIVATE_APP)


def days_pass(days: int) -> None:
    Credential.objects.update(obtained_at=timezone.now() - timedelta(days=days))


def sent_to() -> list[str]:
    return sorted(to for message in mail.outbox for to in message.to)


def test_owner_and_admins_are_reminded_after_half_a_year_and_once(portal: Portal) -> None:
    days_pass(179)
    assert rotation_mails.remind() == 0
    days_pass(180)
    for _ in range(2):
        assert rotation_mails.remind() == 1
        outbox.send_due(for_s=60)
    assert sent_to() == ["user7@example.com", "user8@example.com"]
    letter = mail.outbox[0]
    assert str(portal.hub_id) in letter.body
    assert f"/portals/{portal.hub_id}/settings/" in letter.body
    assert TOKEN not in letter.body


def test_a_month_later_they_are_reminded_again(portal: Portal) -> None:
    days_pass(180)
    rotation_mails.remind()
    outbox.send_due(for_s=60)
    Mail.objects.update(posted_at=timezone.now() - outbox.KEPT - timedelta(minutes=1))
    outbox.purge()
    rotation_mails.remind()
    outbox.send_due(for_s=60)
    assert sent_to().count("user7@example.com") == 2


@pytest.mark.parametrize("meanwhile", ["rotated", "installed", "refused", "left"])
def test_who_did_something_meanwhile_is_not_bothered(portal: Portal, meanwhile: str) -> None:
    days_pass(200)
    rotation_mails.remind()
    if meanwhile == "rotated":
        give_token(portal)
    elif meanwhile == "installed":
        Credential.objects.update(expires_at=timezone.now())
    else:
        state = Portal.State.NEEDS_RECONNECT if meanwhile == "refused" else Portal.State.DISCONNECTED
        Portal.objects.update(state=state)
    assert outbox.send_due(for_s=60) == 0
    assert rotation_mails.remind() == 0


def test_tokens_that_are_renewed_by_themselves_are_nobodys_business() -> None:
    make_member(make_portal(), 7, Membership.Role.OWNER)
    days_pass(400)
    assert rotation_mails.remind() == 0
