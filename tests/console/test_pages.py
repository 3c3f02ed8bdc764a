from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests.events import failed, stored
from tests.portals import make_member, make_portal
from installations.models import Membership, ApiCall, AuditEntry, Portal
from installations.audit import record
from django.utils import timezone

pytestmark = pytest.mark.django_db


def fill() -> Portal:
    portal = make_portal()
    failed(stored(portal), dead=True)
    make_member(portal, 5, Membership.Role.OWNER)
    record(portal, "somebody", "installed")
    ApiCall.objects.create(at=timezone.now(), portal=portal, method="GET", path="/x", status=200, attempts=1, waited_ms=0, took_ms=3, received_bytes=9)
    return portal


def test_every_list_and_every_row_has_a_page(console: Client) -> None:
    fill()
    for model, page in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        answer = console.get(reverse(f"{name}_changelist"))
        assert answer.status_code == 200, (model, answer.headers)
        row = page.get_queryset(answer.wsgi_request).first()
        assert row is not None, model
        assert console.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
