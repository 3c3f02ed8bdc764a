from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from hubapp import figures
from installations.credentials import endpoint
from installations.models import Credential, Portal
from installations.ratelimit import RateLimiter
from lanes.models import Lane, PortalWait, Sweep, WaitMinute
from tests.calls import logged
from tests.events import failed, stored
from tests.portals import make_portal
from webhooks.models import JournalReader

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _beat_is_alive(db: None) -> None:
    Sweep.objects.create(swept_at=timezone.now())
    JournalReader.objects.create(caught_up_at=timezone.now())


def alarms(console: Client) -> list[str]:
    answer = console.get("/admin/")
    assert answer.status_code == 200
    return [alarm.text for alarm in answer.context["alarms"] if "DEBUG" not in alarm.text]


def health(console: Client, portal: Portal) -> str:
    page = console.get("/admin/installations/portal/")
    (row,) = (row for row in page.context["cl"].result_list if row.pk == portal.pk)
    return str(page.context["cl"].model_admin.health(row))


def test_a_quiet_app_has_no_alarms(console: Client) -> None:
    portal = make_portal()
    Lane.objects.update(due_at=None)
    assert alarms(console) == []
    assert "well" in health(console, portal)


def test_figures_lead_to_the_rows_behind_them(console: Client) -> None:
    failed(stored(make_portal()), dead=True)
    page = console.get("/admin/")
    links = [fact.url for group in page.context["groups"] for fact in group.facts if fact.url]
    assert len(links) > 10
    assert {console.get(link).status_code for link in links} == {200}


def test_a_halted_token_endpoint_says_why(console: Client) -> None:
    endpoint.halt("HubSpot does not accept our client id or secret (BAD_CLIENT_ID).")
    (alarm,) = alarms(console)
    assert "BAD_CLIENT_ID" in alarm


def test_a_dead_beat_is_noticed(console: Client) -> None:
    Sweep.objects.update(swept_at=timezone.now() - timedelta(minutes=10))
    assert alarms(console) == ["The last sweep was 10 min ago: beat or all workers are dead."]
    Sweep.objects.all().delete()
    assert "never" in alarms(console)[0]


def test_a_journal_that_nobody_reads_is_noticed(console: Client, settings: Settings) -> None:
    JournalReader.objects.update(caught_up_at=timezone.now() - timedelta(minutes=6), latest_error="NoAnswer: none")
    (alarm,) = alarms(console)
    assert "6 min ago" in alarm
    assert "NoAnswer: none" in alarm
    JournalReader.objects.all().delete()
    assert "never" in alarms(console)[0]
    settings.HUBSPOT_JOURNAL = False
    assert alarms(console) == []


def test_a_journal_that_the_app_may_not_read_is_said_in_one_line(console: Client) -> None:
    JournalReader.objects.update(refused_at=timezone.now(), caught_up_at=None, latest_error="Forbidden: no")
    answer = console.get("/admin/")
    (alarm,) = (alarm for alarm in answer.context["alarms"] if "DEBUG" not in alarm.text)
    assert "does not let the app read" in alarm.text
    assert not alarm.is_problem


def test_a_gap_in_the_journal_is_news_for_three_days(console: Client) -> None:
    JournalReader.objects.update(gaps=1, gap_at=timezone.now() - timedelta(days=2))
    (alarm,) = alarms(console)
    assert "was lost to us" in alarm
    JournalReader.objects.update(gap_at=timezone.now() - timedelta(days=4))
    assert alarms(console) == []


def test_an_erasure_that_does_not_end_is_noticed(console: Client) -> None:
    portal = make_portal()
    Lane.objects.update(due_at=None)
    portal.move_to(Portal.State.DISCONNECTED)
    Portal.objects.update(erase_at=timezone.now() - timedelta(hours=1))
    assert alarms(console) == []
    Portal.objects.update(erase_at=timezone.now() - timedelta(hours=3))
    assert alarms(console) == ["1 portal should have been erased by now; the log says what is in the way."]


def test_a_lost_wake_up_is_never_forgotten(console: Client) -> None:
    Sweep.objects.update(found=1)
    assert "1 wake-ups were lost" in alarms(console)[0]


def test_a_lane_that_nobody_takes_is_noticed(console: Client) -> None:
    make_portal()
    Lane.objects.update(due_at=None)
    Lane.objects.filter(kind="events").update(due_at=timezone.now() - timedelta(minutes=3))
    assert alarms(console) == ["A lane has waited 3 min for a worker."]


@pytest.mark.parametrize(("failures", "expected"), [(1, []), (2, [False]), (5, [True])])
def test_the_share_of_errors_warns_before_hubspot_does(
    console: Client, monkeypatch: pytest.MonkeyPatch, failures: int, expected: list[bool]
) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(figures, "midnight", lambda: long_ago)  # else this fails just after midnight
    portal = make_portal()
    Lane.objects.update(due_at=None)
    for number in range(100):
        logged(portal, 503 if number < failures else 200)
    answer = console.get("/admin/")
    found = [alarm.is_problem for alarm in answer.context["alarms"] if "of today's requests" in alarm.text]
    assert found == expected


def test_what_causes_the_days_errors_comes_first_by_portal_path_and_reason(console: Client) -> None:
    loud, quiet = make_portal(), make_portal()
    for _ in range(4):
        logged(loud, 429)
    logged(quiet, 403, path="/crm/owners/{version}")
    logged(None, 503, at=timezone.now() - timedelta(days=2))
    groups = {group.title: group for group in console.get("/admin/").context["groups"]}
    facts = groups["Most frequent errors of today"].facts
    assert [fact.label for fact in facts] == [
        "429 RATE_LIMITS, GET /crm/objects/{version}/{object_type}",
        "403 MISSING_SCOPES, GET /crm/owners/{version}",
    ]
    assert [fact.value for fact in facts] == [f"4 × {loud}", f"1 × {quiet}"]
    assert [str(loud.hub_id) in fact.url for fact in facts] == [True, False]
    assert console.get(facts[0].url).status_code == 200


def test_a_day_without_errors_names_no_causes(console: Client) -> None:
    logged(make_portal(), 200)
    assert "Most frequent errors" not in console.get("/admin/").content.decode()


def test_a_limiter_without_redis_is_noticed(console: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    away = RateLimiter("redis://127.0.0.1:1/0")
    monkeypatch.setattr(figures, "limiter", lambda: away)
    assert alarms(console) == ["Redis is away: each process limits its calls by itself, at half the rate."]


def test_health_is_one_word_per_portal(console: Client) -> None:
    portals = [make_portal() for _ in range(4)]
    token, lane, reconnect, _ = portals
    Credential.objects.filter(portal=token).update(failures=1)
    Lane.objects.filter(portal=lane, kind="events").update(failures=1)
    reconnect.move_to(Portal.State.NEEDS_RECONNECT)
    said = [health(console, portal) for portal in portals]
    for words, expected in zip(said, ["token trouble", "lanes failing", "needs reconnect", "well"], strict=True):
        assert expected in words


def test_a_portal_that_left_has_a_page_without_tokens_or_lanes(console: Client) -> None:
    portal = make_portal()
    portal.move_to(Portal.State.ERASED)
    Credential.objects.all().delete()
    Lane.objects.all().delete()
    page = console.get(f"/admin/installations/portal/{portal.pk}/change/").content.decode()
    assert "None: the portal has left." in page
    assert "erased" in health(console, portal)


@pytest.mark.parametrize(("late", "is_missed"), [(1, False), (2, True)])
def test_a_day_that_misses_the_aim_of_the_queues_age_is_an_alarm(console: Client, late: int, is_missed: bool) -> None:
    WaitMinute.objects.create(at=timezone.now(), work_class=1, portals=100, waiting=late, late=late, longest_s=75.0)
    said = alarms(console)
    assert bool(said) == is_missed
    if is_missed:
        (alarm,) = said
        assert "events waited less than 60 s for a worker in 98.00 % of all portals' minutes; the aim is 99 %" in alarm


def test_the_page_of_the_queues_age_names_who_misses_it(console: Client) -> None:
    html = console.get("/admin/lanes/portalwait/").content.decode()
    assert "Nothing was sampled" in html
    portal, now = make_portal(), timezone.now()
    WaitMinute.objects.create(at=now, work_class=1, portals=100, waiting=5, late=2, longest_s=75.0)
    PortalWait.objects.create(at=now, portal=portal, work_class=1, waited_s=75.0, lanes=1, is_late=True)
    html = console.get("/admin/lanes/portalwait/").content.decode()
    assert "98.00 %" in html
    assert "5 portal-minutes with a wait worth noting, 2 beyond the aim" in html
    assert [html.count(f'<rect class="{kind}"') for kind in ("failed", "held", "worked")] == [1, 1, 0]
    missing = html[html.index('id="missing"') : html.index('id="chart"')]
    assert f">{portal.hub_id}</a>" in missing
    assert "0.00 %" in missing


@pytest.mark.parametrize(("chosen", "shown"), [("", [40, 75]), ("late", [75]), ("within", [40]), ("x", [40, 75])])
def test_waits_are_listed_by_the_aim_that_they_meet_or_miss(console: Client, chosen: str, shown: list[int]) -> None:
    for waited in (40.0, 75.0):
        portal = make_portal()
        PortalWait.objects.create(
            at=timezone.now(), portal=portal, work_class=1, waited_s=waited, lanes=1, is_late=waited > 60
        )
    page = console.get("/admin/lanes/portalwait/", {"aim": chosen} if chosen else {})
    assert sorted(row.waited_s for row in page.context["cl"].result_list) == shown
