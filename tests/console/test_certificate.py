"""The certificate of an erasure, in the console."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from installations.credentials import vault
from installations.leaving import disconnecting, erasing
from installations.models import Portal

pytestmark = pytest.mark.django_db


@pytest.fixture
def erased(portal: Portal) -> Portal:
    disconnecting.begin(portal, "somebody", destroy_now=True)
    Portal.objects.update(erase_at=timezone.now())
    assert erasing.erase_those_due() == 1
    portal.refresh_from_db()
    return portal


def address(portal: Portal) -> str:
    return f"/admin/installations/portal/{portal.pk}/certificate/"


def test_a_portals_page_leads_to_the_certificate_once_it_is_erased(console: Client, erased: Portal) -> None:
    page = console.get(f"/admin/installations/portal/{erased.pk}/change/").content.decode()
    assert f'href="{address(erased)}"' in page
    shown = console.get(address(erased))
    text = shown.content.decode()
    assert shown.status_code == 200
    assert f"HubSpot account {erased.hub_id}" in text
    assert "signed by us" in text
    assert "crm.Sync" in text
    assert erased.certificate is not None
    assert json.loads(shown.context["text"]) == erased.certificate


def test_there_is_none_before(console: Client, portal: Portal) -> None:
    assert console.get(address(portal)).status_code == 404
    page = console.get(f"/admin/installations/portal/{portal.pk}/change/").content.decode()
    assert "certificate/" not in page


def test_a_changed_certificate_is_shown_as_that(console: Client, erased: Portal) -> None:
    Portal.objects.update(certificate=(erased.certificate or {}) | {"erased_at": "<b>yesterday</b>"})
    text = console.get(address(erased)).content.decode()
    assert "changed, or not signed" in text
    assert "<b>yesterday" not in text


def test_one_of_a_key_that_is_gone_is_shown_as_that(console: Client, erased: Portal, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = vault.make_key("new")
    assert "signed by a key that is not ours" in console.get(address(erased)).content.decode()
