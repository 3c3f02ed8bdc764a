from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from crm import retention, tasks
from crm.models import Change
from tests.portals import make_portal

pytestmark = pytest.mark.django_db


def test_old_changes_go_and_young_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    old, young = timezone.now() - retention.KEPT - timedelta(minutes=1), timezone.now()
    for portal in (make_portal(connected=False), make_portal(connected=False)):
        Change.objects.bulk_create(
            Change(
                portal=portal,
                position=position,
                object_type="0-1",
                record_id=position,
                version=1,
                kind=Change.Kind.CREATED,
                source=Change.Source.EVENT,
                at=old if position <= 5 else young,
            )
            for position in range(1, 9)
        )
    tasks.purge_changes()
    assert set(Change.objects.values_list("position", flat=True)) == {6, 7, 8}
