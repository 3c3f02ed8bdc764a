"""Staff try other limits: the form, the figures, the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings as configured
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from demo.redis import Redis
from hubspot_api.ports import Bucket
from installations.calls import dry_runs
from installations.models import AuditEntry, DryRun, Portal
from installations.ratelimit import Limits, Permit, WorkClass, limiter
from installations.ratelimit.dry_runs import DryRunStore, TriedLimits
from tests.clock import Clock
from tests.hubspot import trust_limiter, wait_for
from tests.portals import make_portal

pytestmark = pytest.mark.django_db
LIST, BEGIN = "/admin/installations/dryrun/", "/admin/installations/dryrun/begin/"


@pytest.fixture(autouse=True)
def _nothing_is_tried_before_or_after(redis_server: Redis) -> Iterator[None]:
    with redis.Redis.from_url(configured.REDIS_URL) as client:
        yield
        for key in client.scan_iter("hubapp:dry-run*"):
            client.delete(key)


@pytest.fixture(autouse=True)
def _commits_at_once(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """What is done after a commit is done at once where the test's own transaction never commits."""
    marker = request.node.get_closest_marker("django_db")
    if not (marker and marker.kwargs.get("transaction")):
        monkeypatch.setattr(transaction, "on_commit", lambda call: call())


def form(**fields: Any) -> dict[str, Any]:
    return {"whose": "all", "burst": "2", "hours": "24"} | {name: str(value) for name, value in fields.items()}


def begun(console: Client, **fields: Any) -> DryRun:
    answer = console.post(BEGIN, form(**fields))
    run = DryRun.objects.latest("begun_at")
    assert answer.status_code == 302, answer.content.decode()
    assert answer["Location"] == f"{LIST}{run.pk}/change/"
    return run


def page(console: Client, run: DryRun) -> str:
    answer = console.get(f"{LIST}{run.pk}/change/")
    assert answer.status_code == 200
    return answer.content.decode()


def cells(html: str, heading: str) -> list[list[str]]:
    rows = re.findall(rf"<tr>\s*<th scope=\"row\">{heading}.*?</tr>", html, re.DOTALL)
    found = [re.findall(r"<td.*?</td>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in found]


def call(portal: Portal, work_class: WorkClass, times: int = 1) -> None:
    for _ in range(times):
        permit = limiter().admit(portal.hub_id, Bucket.BURST, work_class)
        assert isinstance(permit, Permit)
        permit.answered(200, {})


def this_process_looks() -> None:
    """It would by itself within two seconds of the next call."""
    counting = limiter()._counting
    counting._look_at = 0.0
    counting.flush()


def seen(run: DryRun) -> int:
    figures = dry_runs.reading_of(run).figures
    return sum(one.calls for one in figures.counted.values()) if figures else -1


def test_nothing_yet_says_what_it_is_for(console: Client) -> None:
    html = console.get(LIST).content.decode()
    assert "Nothing has been tried yet" in html
    assert BEGIN in html


def test_staff_see_which_work_of_which_portal_would_have_waited(console: Client) -> None:
    trust_limiter()
    portal, quiet = make_portal(), make_portal()
    run = begun(console, burst=2, search=1)
    assert "No call yet" in page(console, run)
    this_process_looks()
    call(quiet, WorkClass.BULK)
    call(portal, WorkClass.URGENT)
    call(portal, WorkClass.BULK, 3)
    wait_for(lambda: seen(run) == 5, what="the figures")
    html = page(console, run)
    urgent, bulk = cells(html, "Calls in 10 s")
    assert urgent == ["2", "Urgent", "1", "0", "0", "0.0%", "–"]
    assert bulk[:6] == ["2", "Bulk", "4", "0", "3", "75.0%"]
    assert float(bulk[6].removesuffix(" s")) > 9
    (held_up,) = re.findall(rf">{portal.hub_id}</a>.*?</tr>", html, re.DOTALL)
    assert re.findall(r"<td>(.*?)</td>", held_up) == ["4", "3", "4 of 110", "0 of 4"]
    assert f">{quiet.hub_id}</a>" not in html


def test_ending_it_keeps_what_was_counted(console: Client) -> None:
    trust_limiter()
    portal, run = make_portal(), begun(console)
    this_process_looks()
    call(portal, WorkClass.EVENTS, 3)
    wait_for(lambda: seen(run) == 3, what="the figures")
    before = page(console, run)
    assert ">End</button>" in before
    console.post(LIST, {"action": "end", "_selected_action": str(run.pk), "index": "0"})
    run.refresh_from_db()
    assert run.ended_by == "staff alice"
    assert DryRunStore(configured.REDIS_URL, Limits()).tried() == []
    with redis.Redis.from_url(configured.REDIS_URL) as client:
        client.delete(*client.scan_iter("hubapp:dry-run*"))
    after = page(console, run)
    assert cells(after, "Calls in 10 s") == cells(before, "Calls in 10 s") != []
    assert "What was counted" in after
    assert ">End</button>" not in after
    assert not dry_runs.end(run, "bob"), "ends once"


def test_beginning_and_ending_are_written_down(console: Client) -> None:
    portal = make_portal()
    run = begun(console, hub_id=portal.hub_id, hours=1)
    dry_runs.end(run, "staff bob")
    entries = AuditEntry.objects.filter(portal=portal).order_by("pk").values_list("actor", "action", "detail")
    assert list(entries)[-2:] == [
        ("staff alice", "began a dry run of limits", f"Account {portal.hub_id}: burst 2"),
        ("staff bob", "ended a dry run of limits", f"Account {portal.hub_id}: burst 2"),
    ]
    begun(console)
    assert AuditEntry.objects.filter(portal=None, actor="staff alice").count() == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"burst": ""}, "at least one limit"),
        ({"burst": 0}, "greater than or equal to 1"),
        ({"burst": 10_001}, "less than or equal to 10000"),
        ({"burst": "many"}, "Enter a whole number"),
        ({"hub_id": 12}, "Account 12 is not connected"),
        ({"hours": 169}, "not one of the available choices"),
        ({"whose": "nobody"}, "not one of the available choices"),
        ({"whose": "190", "oauth": 5}, "all portals together"),
    ],
)
def test_what_cannot_be_tried_is_said_at_its_field(console: Client, fields: dict[str, Any], said: str) -> None:
    html = console.post(BEGIN, form(**fields)).content.decode()
    assert said in html
    assert 'role="alert"' in html
    assert not DryRun.objects.exists()


def test_no_more_than_three_are_on_at_once(console: Client) -> None:
    for _ in range(3):
        begun(console)
    html = console.post(BEGIN, form()).content.decode()
    assert "3 dry runs are on" in html
    dry_runs.end(DryRun.objects.order_by("begun_at")[1], "staff")
    begun(console)
    assert sorted(DryRun.objects.filter(ended_at=None).values_list("place", flat=True)) == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_of_five_who_begin_at_once_three_do(redis_server: Redis) -> None:
    def begin(_: int) -> bool:
        try:
            dry_runs.begin("staff", {Bucket.BURST: 90})
        except dry_runs.TooManyDryRuns:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(5) as threads:
        assert sorted(threads.map(begin, range(5))) == [False, False, True, True, True]
    assert len(DryRunStore(configured.REDIS_URL, Limits()).tried()) == 3


@pytest.mark.django_db(transaction=True)
def test_who_is_overtaken_while_telling_redis_leaves_no_older_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else begins one between our look at what is on and our word to Redis."""

    class Overtaken(DryRunStore):
        overtakes = iter(range(1))

        def publish(self, runs: Iterable[TriedLimits]) -> None:
            for _ in self.overtakes:
                dry_runs.begin("bob", {Bucket.SEARCH: 3})
            super().publish(runs)

    overtaken = Overtaken(configured.REDIS_URL, Limits())
    monkeypatch.setattr(dry_runs, "_store", lambda: overtaken)
    dry_runs.begin("alice", {Bucket.BURST: 90})
    assert [one.calls for one in overtaken.tried()] == [{Bucket.BURST: 90}, {Bucket.SEARCH: 3}]


def test_it_ends_by_itself_and_the_others_are_told_to_redis_again(console: Client, clock: Clock) -> None:
    short, long = begun(console, hours=1), begun(console, hours=168)
    with redis.Redis.from_url(configured.REDIS_URL) as client:
        client.delete("hubapp:dry-run:tried")
    clock.advance(hours=2)
    assert dry_runs.end_those_due() == 1
    short.refresh_from_db()
    assert (short.ended_by, short.ended_at) == ("hubapp", short.ends_at)
    assert [one.name for one in DryRunStore(configured.REDIS_URL, Limits()).tried()] == [long.pk.hex]
    assert dry_runs.end_those_due() == 0


def test_the_database_lets_none_last_longer_than_a_week() -> None:
    now = timezone.now()
    with pytest.raises(ValueError, match="cannot be tried"):
        dry_runs.begin("staff", {Bucket.BURST: 1}, lasts=timedelta(days=8))
    with pytest.raises(IntegrityError, match="dry_run_ends_within_days"), transaction.atomic():
        DryRun.objects.create(place=1, burst=1, begun_at=now, begun_by="x", ends_at=now + timedelta(days=8))


def test_without_redis_it_begins_and_says_so(console: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    away = DryRunStore("redis://127.0.0.1:1/0", Limits())
    monkeypatch.setattr(dry_runs, "_store", lambda: away)
    run = begun(console)
    assert "Redis is away, or was not told yet" in page(console, run)
    dry_runs.end(run, "staff")
    run.refresh_from_db()
    assert run.figures is None
    assert "Redis was away when it ended" in page(console, run)


def test_what_it_counted_is_kept_once_redis_is_back(console: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begun(console)
    store = DryRunStore(configured.REDIS_URL, Limits())
    store.count([store.lost(store.tried()[0], 1234, timezone.now())])
    with monkeypatch.context() as while_away:
        while_away.setattr(dry_runs, "_store", lambda: DryRunStore("redis://127.0.0.1:1/0", Limits()))
        DryRun.objects.update(ends_at=timezone.now())
        assert dry_runs.end_those_due() == 1
        run.refresh_from_db()
        assert run.figures is None
    dry_runs.end_those_due()
    with redis.Redis.from_url(configured.REDIS_URL) as client:
        for key in client.scan_iter("hubapp:dry-run*"):
            client.delete(key)
    assert "At least 1,234 calls could not be counted" in page(console, run), "in the database, for good"


def test_what_redis_forgot_is_said(console: Client) -> None:
    run = begun(console)
    DryRun.objects.update(begun_at=timezone.now() - timedelta(hours=3))
    assert "Redis forgot what was counted before" in page(console, run)


def test_lost_calls_are_said(console: Client) -> None:
    run = begun(console)
    store = DryRunStore(configured.REDIS_URL, Limits())
    store.count([store.lost(store.tried()[0], 1234, timezone.now())])
    assert "At least 1,234 calls could not be counted" in page(console, run)
