"""/metrics: the figures in Prometheus' words. No label names an account."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterator, Mapping
from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from crm.object_types import BY_ID
from installations.credentials import endpoint
from lanes import queue_age
from webhooks.models import JournalReader

from . import figures


def metrics(request: HttpRequest) -> HttpResponse:
    """403 to anybody who neither is on this machine nor knows METRICS_TOKEN; 503 without the database."""
    if not _may_read(request):
        return HttpResponse("Not from here without METRICS_TOKEN.\n", status=403, content_type="text/plain")
    try:
        text = generate_latest(_registry)
    except DatabaseError:
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    expected = f"Bearer {settings.METRICS_TOKEN}"
    given = request.headers.get("Authorization", "")
    has_token = bool(settings.METRICS_TOKEN) and hmac.compare_digest(given.encode(), expected.encode())
    return has_token or _is_local(request)


def _is_local(request: HttpRequest) -> bool:
    """A proxy on this machine is local too, but those whom it speaks for are not."""
    if any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP")):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class _Reader(Collector):
    """Reads everything anew for each scrape, so that it does not matter which of our processes is asked."""

    def collect(self) -> Iterator[Metric]:
        yield from _work()
        yield from _tokens()
        yield from _journal()
        yield from _calls()
        mirrored = {
            BY_ID[type_id].plural if type_id in BY_ID else type_id: n
            for type_id, n in figures.mirrored_records().items()
        }
        yield _gauge("mirror_records", "Live records that are mirrored.", "object_type", mirrored)


def _work() -> Iterator[Metric]:
    due = {lanes.work_class.name.lower(): lanes for lanes in figures.due_lanes()}
    yield _gauge("portals", "Installations by state.", "state", figures.portals_by_state())
    late = "Portals that should have been erased two hours ago. 0 is expected."
    yield _single("erasures_overdue", late, figures.overdue_erasures())
    counts = {name: lanes.count for name, lanes in due.items()}
    yield _gauge("lanes_due", "Lanes that wait for a worker.", "work_class", counts)
    ages = {name: lanes.age_s for name, lanes in due.items()}
    yield _gauge("lanes_oldest_due_seconds", "How long the oldest of them has waited.", "work_class", ages)
    yield from _queue_age()
    yield _gauge("lanes_failing", "Lanes whose latest slice failed.", "kind", figures.failing_lanes())
    bound = f"Events that are not done, counted up to {figures.BOUND}."
    yield _gauge("events", bound, "state", figures.waiting_events())
    beat = figures.beat()
    yield _counter("lost_wake_ups", "Lanes found with work and no due time. 0 is expected.", beat.lost_wake_ups)
    if beat.age_s is not None:
        yield _single("sweep_age_seconds", "Since the last sweep. Over 180: beat or all workers are dead.", beat.age_s)


def _queue_age() -> Iterator[Metric]:
    ages = queue_age.last_day()
    within = "Share of the last 24 hours' portal-minutes in which nothing waited longer than the aim. Warn below it."
    yield _gauge("queue_age_within_aim", within, "work_class", {age.name: age.share for age in ages})
    late = "Portal-minutes of the last 24 hours that were later than the aim."
    yield _gauge("queue_age_late_portal_minutes", late, "work_class", {age.name: age.late for age in ages})
    longest = "Longest wait of any portal for a worker in the last 24 hours, as sampled every minute."
    yield _gauge("queue_age_longest_seconds", longest, "work_class", {age.name: age.longest_s for age in ages})
    alone = "Portals that miss the aim by themselves."
    counts = {work_class.name.lower(): count for work_class, count in queue_age.count_missing(ages).items()}
    yield _gauge("queue_age_portals_missing", alone, "work_class", counts)
    yield _single("queue_age_aim", "The share that is aimed at.", settings.QUEUE_AGE_SLO)


def _tokens() -> Iterator[Metric]:
    is_halted = endpoint.state() is not None
    yield _single("token_endpoint_halted", "1 while refreshing stands still for all portals.", int(is_halted))
    failures = figures.refresh_failures()
    stops = figures.stops()
    is_all = any(stop.hub_id is None for stop in stops)
    yield _single("calls_stopped", "1 while staff have stopped all calls to HubSpot.", int(is_all))
    yield _single("portals_stopped", "Accounts whose calls staff have stopped one by one.", len(stops) - is_all)
    unusual = "Portals with an hour unlike their own that nobody has looked at, by what was unusual. 0 is expected."
    yield _gauge("anomalies", unusual, "kind", figures.anomalies_by_kind())
    new_places = "Sign-ins of staff from a new place that nobody has looked at."
    yield _single("staff_new_places", new_places, len(figures.new_places_of_staff()))
    yield _single("refresh_failures", "Portals whose latest token refresh failed.", failures)


def _journal() -> Iterator[Metric]:
    journal = figures.journal()
    if journal.is_wanted and journal.lag_s is not None:
        lag = "Since the end of HubSpot's journal was last reached. Over 300: uninstalls are noticed late."
        yield _single("journal_lag_seconds", lag, journal.lag_s)
    yield _single(
        "journal_refused", "1 while HubSpot does not let the app read its journal.", int(bool(journal.refused_at))
    )
    row = journal.row or JournalReader()
    yield _single("journal_failures", "Attempts to read it that failed in a row.", row.failures)
    for name, explanation, count in (
        ("journal_files", "Files of it that were read.", row.files),
        ("journal_events", "Events in them.", row.events),
        ("journal_odd_entries", "What stood among the events and is none. 0 is expected.", row.odd),
        ("journal_gaps", "Times that something in it was lost to us. 0 is expected.", row.gaps),
    ):
        yield _counter(name, explanation, count)


def _calls() -> Iterator[Metric]:
    answers = figures.calls_by_answer(timezone.now() - timedelta(hours=1))
    yield _gauge("api_calls_last_hour", "Calls to HubSpot of the last hour, by their last answer.", "answer", answers)
    today = figures.calls_since(figures.midnight())
    yield _single("api_requests_today", "Requests to HubSpot since midnight UTC, with repetitions.", today.requests)
    yield _single("api_errors_today", "Those that HubSpot answered with an error, or not at all.", today.errors)
    share = "Share of errors among them. HubSpot allows 0.05 a day; warn at 0.02."
    yield _single("api_error_share_today", share, today.error_share)
    why = "Failed requests since midnight UTC by HubSpot's category, or by our name for it."
    yield _gauge("api_errors_by_category_today", why, "category", figures.categories(timezone.now().date()))
    is_degraded = figures.limiter_is_degraded()
    yield _single("limiter_degraded", "1 while Redis is away and each process limits by itself.", int(is_degraded))


def _gauge(name: str, explanation: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"hubapp_{name}", explanation, labels=[label])
    for value, figure in values.items():
        family.add_metric([value], figure)
    return family


def _counter(name: str, explanation: str, count: int) -> CounterMetricFamily:
    family = CounterMetricFamily(f"hubapp_{name}", explanation)
    family.add_metric([], count)
    return family


def _single(name: str, explanation: str, figure: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"hubapp_{name}", explanation, value=figure)


_registry = CollectorRegistry()
_registry.register(_Reader())
