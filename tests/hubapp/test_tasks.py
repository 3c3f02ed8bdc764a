from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hubapp.tasks import clear_sessions
from installations import bites

pytestmark = pytest.mark.django_db


def test_sessions_that_have_run_out_go() -> None:
    now = timezone.now()
    Session.objects.create(session_key="old", session_data="", expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="new", session_data="", expire_date=now + timedelta(hours=1))
    clear_sessions()
    clear_sessions()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]


def test_sessions_go_in_bites(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may begin any number: one DELETE for all would not end within its time."""
    monkeypatch.setattr(bites, "BITE", 2)
    for number in range(5):
        Session.objects.create(session_key=str(number), session_data="", expire_date=timezone.now())
    with CaptureQueriesContext(connection) as asked:
        clear_sessions()
    assert not Session.objects.exists()
    of_sessions = 'DELETE FROM "django_session"'
    assert sum(query["sql"].startswith(of_sessions) for query in asked.captured_queries) == 3
