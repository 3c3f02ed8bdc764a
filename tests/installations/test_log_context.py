from __future__ import annotations

import pytest

from crm import parallel
from installations import log_context
from installations.ratelimit import WorkClass
from lanes import worker
from lanes.kinds import LaneKind
from lanes.models import Lane
from tests.portals import make_portal

pytestmark = pytest.mark.django_db


def test_work_is_about_its_portals_account_while_it_lasts() -> None:
    portal = make_portal(connected=False)
    with log_context.work_for(portal.pk):
        assert log_context.hub_id() == portal.hub_id
    assert log_context.hub_id() is None


def test_a_portal_that_is_gone_is_about_nobody() -> None:
    with log_context.work_for(-1):
        assert log_context.hub_id() is None


def test_calls_in_the_background_are_about_the_same_account() -> None:
    with log_context.request("abc"):
        log_context.is_about(4711)
        seen = parallel.all_of([lambda: (log_context.hub_id(), log_context.request_id())] * 3)
    assert seen == [(4711, "abc")] * 3


@pytest.mark.django_db(transaction=True)
def test_a_slice_is_about_the_account_of_its_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    portal = make_portal()
    Lane.objects.exclude(kind="events").update(due_at=None)
    seen: list[int | None] = []
    kind = LaneKind("events", WorkClass.EVENTS, lambda _: seen.append(log_context.hub_id()))
    monkeypatch.setattr("lanes.kinds._kinds", {"events": kind})
    Lane.objects.filter(kind="events").update(due_at="2026-01-01T00:00Z")
    assert worker.work() == 1
    assert seen == [portal.hub_id]
