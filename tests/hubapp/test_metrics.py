from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from crm.models import Sync
from demo.redis import Redis
from hubapp import figures
from installations.credentials import endpoint
from installations.models import Credential, Portal
from lanes.models import Lane, PortalWait, Sweep, WaitMinute
from tests.calls import logged
from tests.events import failed, stored
from tests.portals import make_portal
from tests.processes import ROOT
from webhooks.models import JournalReader

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_server")]
HOUR = timedelta(hours=1)


def scrape(client: Client, **extra: Any) -> dict[tuple[str, tuple[str, ...]], float]:
    answer = client.get("/metrics", **extra)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (sample.name, tuple(sample.labels.values())): sample.value for family in families for sample in family.samples
    }


def call(portal: Portal, status: int | None = 200, *, attempts: int = 1, ago: timedelta = timedelta()) -> None:
    logged(portal, status, attempts=attempts, at=timezone.now() - ago)


def test_an_empty_app_has_figures_too(client: Client) -> None:
    found = scrape(client)
    assert found["hubapp_portals", ("active",)] == 0
    assert found["hubapp_lanes_due", ("events",)] == 0
    assert found["hubapp_events", ("pending",)] == 0
    assert found["hubapp_limiter_degraded", ()] == 0
    assert ("hubapp_sweep_age_seconds", ()) not in found  # never yet is not "just now"


def test_portals_lanes_and_events_are_counted_by_state(client: Client) -> None:
    portal, other = make_portal(), make_portal()
    other.move_to(Portal.State.NEEDS_RECONNECT)
    dead, retrying = stored(portal), stored(portal)
    failed(dead, dead=True)
    failed(retrying)
    Lane.objects.filter(portal=portal, kind="events").update(position=retrying.pk)
    stored(portal)
    stored(424242)
    Lane.objects.filter(kind="reconcile").update(failures=2, due_at=None)
    Lane.objects.filter(kind="events", portal=portal).update(due_at=timezone.now() - HOUR)
    Lane.objects.filter(kind="events", portal=other).update(due_at=timezone.now() - 2 * HOUR, parked=True)
    found = scrape(client)
    assert found["hubapp_portals", ("active",)] == found["hubapp_portals", ("needs_reconnect",)] == 1
    assert [found["hubapp_events", (state,)] for state in ("pending", "retrying", "dead", "quarantined")] == [1] * 4
    assert found["hubapp_lanes_due", ("events",)] == 1
    assert found["hubapp_lanes_oldest_due_seconds", ("events",)] == pytest.approx(3600, abs=60)
    assert found["hubapp_lanes_failing", ("reconcile",)] == 2


def test_the_journals_lag_and_gaps(client: Client) -> None:
    found = scrape(client)
    assert ("hubapp_journal_lag_seconds", ()) not in found  # never yet is not "just now"
    assert found["hubapp_journal_gaps_total", ()] == found["hubapp_journal_refused", ()] == 0
    JournalReader.objects.create(
        caught_up_at=timezone.now() - HOUR, gaps=2, odd=3, failures=4, refused_at=timezone.now()
    )
    found = scrape(client)
    assert found["hubapp_journal_lag_seconds", ()] == pytest.approx(3600, abs=60)
    figures = [
        found[f"hubapp_journal_{name}", ()] for name in ("gaps_total", "odd_entries_total", "failures", "refused")
    ]
    assert figures == [2, 3, 4, 1]


def test_a_lane_that_is_held_does_not_wait(client: Client) -> None:
    portal = make_portal()
    held = {"token": "0" * 32, "lease_until": timezone.now() + HOUR, "due_at": timezone.now() - HOUR}
    Lane.objects.filter(portal=portal, kind="events").update(**held)
    assert scrape(client)["hubapp_lanes_due", ("events",)] == 0


def test_counting_ends_at_a_bound(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "BOUND", 3)
    for portal in (make_portal(), make_portal()):
        for _ in range(4):
            stored(portal)
            stored(424242)
    found = scrape(client)
    assert found["hubapp_events", ("pending",)] == found["hubapp_events", ("quarantined",)] == 3


def test_the_sweep_tells_that_beat_lives_and_what_was_lost(client: Client) -> None:
    Sweep.objects.create(swept_at=timezone.now() - HOUR, found=7)
    found = scrape(client)
    assert found["hubapp_sweep_age_seconds", ()] == pytest.approx(3600, abs=60)
    assert found["hubapp_lost_wake_ups_total", ()] == 7


def test_trouble_with_tokens_shows(client: Client) -> None:
    make_portal()
    Credential.objects.update(failures=1)
    endpoint.halt("HubSpot does not accept our client id or secret.")
    found = scrape(client)
    assert found["hubapp_token_endpoint_halted", ()] == found["hubapp_refresh_failures", ()] == 1


def test_calls_are_told_apart_by_their_answer(client: Client) -> None:
    portal = make_portal()
    for status in (200, 201, 404, 429, 429, 503, None):
        call(portal, status)
    call(portal, 500, ago=2 * HOUR)
    found = scrape(client)
    answers = [found["hubapp_api_calls_last_hour", (answer,)] for answer in ("2xx", "4xx", "429", "5xx", "none")]
    assert answers == [2, 1, 2, 1, 1]


def test_every_attempt_counts_as_hubspot_counts_it() -> None:
    portal = make_portal()
    call(portal, 200, attempts=3)  # two errors, then it worked
    call(portal, 503, attempts=2)
    call(portal, None, attempts=0)  # the limiter held it back: HubSpot saw nothing
    today = figures.calls_since(timezone.now() - HOUR)
    assert (today.requests, today.errors) == (5, 4)
    assert today.error_share == 0.8


def test_what_found_no_connection_is_no_request() -> None:
    portal = make_portal()
    logged(portal, None, attempts=3, error="NotSent")
    logged(portal, None, attempts=2, error="AnswerLost")
    today = figures.calls_since(timezone.now() - HOUR)
    assert (today.requests, today.errors) == (2, 2)


def test_the_days_errors_and_their_share_and_categories(client: Client) -> None:
    portal = make_portal()
    for status in (200, 200, 429, 503):
        call(portal, status)
    found = scrape(client)
    assert found["hubapp_api_error_share_today", ()] == 0.5
    assert found["hubapp_api_errors_by_category_today", ("RATE_LIMITS",)] == 1
    assert found["hubapp_api_errors_by_category_today", ("ServerFailed",)] == 1


def test_mirrored_records_are_named_by_type(client: Client) -> None:
    for portal in (make_portal(), make_portal()):
        Sync.objects.filter(portal=portal, object_type="0-1").update(live_records=10)
    assert scrape(client)["hubapp_mirror_records", ("contacts",)] == 20


def test_no_label_names_an_account(client: Client) -> None:
    portal = make_portal(987_654_321)
    stored(portal)
    call(portal)
    assert b"987654321" not in client.get("/metrics").content


def test_without_redis_the_limiter_counts_as_degraded(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from installations.ratelimit import RateLimiter

    away = RateLimiter("redis://127.0.0.1:1/0")
    monkeypatch.setattr(figures, "limiter", lambda: away)
    assert scrape(client)["hubapp_limiter_degraded", ()] == 1


def test_strangers_may_not_read_them(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "let-me-in"
    strangers: list[dict[str, Any]] = [
        {"REMOTE_ADDR": "203.0.113.7"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "203.0.113.7", "HTTP_AUTHORIZATION": "Bearer guess"},
        {"REMOTE_ADDR": "203.0.113.7", "HTTP_AUTHORIZATION": "Bearer lét-me-in"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=203.0.113.7"},
    ]
    for extra in strangers:
        assert client.get("/metrics", **extra).status_code == 403, extra


def test_no_token_is_not_an_empty_token(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.7", HTTP_AUTHORIZATION="Bearer ").status_code == 403


def test_whoever_knows_the_token_may(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "let-me-in"
    scrape(client, REMOTE_ADDR="203.0.113.7", HTTP_AUTHORIZATION="Bearer let-me-in")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_so_may_this_machine(client: Client, address: str, redis_server: Redis) -> None:
    scrape(client, REMOTE_ADDR=address)


def test_the_queue_age_is_held_against_its_aim(client: Client) -> None:
    assert scrape(client)["hubapp_queue_age_aim", ()] == 0.99
    portal, now = make_portal(), timezone.now()
    WaitMinute.objects.create(at=now, work_class=1, portals=4, waiting=2, late=1, longest_s=75.0)
    PortalWait.objects.create(at=now, portal=portal, work_class=1, waited_s=75.0, lanes=1, is_late=True)
    found = scrape(client)
    names = ("within_aim", "late_portal_minutes", "longest_seconds", "portals_missing")
    assert [found[f"hubapp_queue_age_{name}", ("events",)] for name in names] == [0.75, 1, 75, 1]


def test_the_runbook_names_every_figure_and_no_other(client: Client) -> None:
    now = timezone.now()
    Sweep.objects.create(swept_at=now)
    JournalReader.objects.create(caught_up_at=now)
    families = text_string_to_metric_families(client.get("/metrics").content.decode())
    served = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    told = re.findall(r"`(hubapp_\w+)[`{]", (ROOT / "docs" / "operations.md").read_text())
    assert set(told) == served
