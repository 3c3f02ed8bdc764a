"""Too much at once: of changes, of events gone astray, of calls by others."""

from __future__ import annotations

from functools import partial

from emulator.crm.records import by_user
from emulator.crm.writes import create, update
from emulator.limits import burst_crowd, search_crowd
from emulator.scenarios.stage import Scenario, Stage


def _webhook_storm(stage: Stage) -> None:
    """The faults are there before the changes, and stay for those that follow."""
    portal = stage.portal()
    stage.fault("duplicate", share=stage.number("duplicates"), hub_id=portal.hub_id)
    stage.fault("reorder", share=stage.number("reordered"), hub_id=portal.hub_id, window_ms=stage.whole("window_ms"))
    kind, source = portal.crm.object_type("contacts"), by_user(portal.users[0].user_id)
    with portal.crm.lock:
        made = [
            create(portal.crm, kind, {"email": f"storm-{stage.now_ms}-{number}@storm.example"}, source)
            for number in range(stage.whole("records"))
        ]
        for turn in range(stage.whole("changes_each")):
            for record in made:
                update(portal.crm, kind, record, {"firstname": f"Storm {turn}"}, source)
    stage.outcome["record_ids"] = [str(record.id) for record in made]


def _flaky_webhooks(stage: Stage) -> None:
    stage.fault("drop", share=stage.number("dropped"))
    stage.fault("duplicate", share=stage.number("duplicates"))
    stage.fault("delay", share=stage.number("delayed"), ms=stage.whole("delay_ms"))
    stage.fault("reorder", share=stage.number("reordered"), window_ms=stage.whole("window_ms"))


def _rate_storm(stage: Stage) -> None:
    portal, limits = stage.portal(), stage.emulator.limits
    crowds = []
    if rate := stage.number("searches_per_s"):
        crowds.append(search_crowd(portal.hub_id, rate, stage.ends_at, stage.seed))
    if rate := stage.number("calls_per_s"):
        app = stage.app()
        crowds.append(burst_crowd(app.app_id, portal.hub_id, rate, stage.ends_at, stage.seed + 1))
    for crowd in crowds:
        limits.add_crowd(crowd)
        stage.undo.append(partial(limits.remove_crowd, crowd))


def _day_used_up(stage: Stage) -> None:
    portal, limits = stage.portal(), stage.emulator.limits
    day = portal.day(stage.now_ms)
    before, allowed = limits.daily_usage(portal, day)
    limits.set_daily_usage(portal, day, max(before, allowed - stage.whole("left")))
    stage.undo.append(lambda: limits.set_daily_usage(portal, day, before))


SCENARIOS = (
    Scenario(
        "webhook_storm",
        "A user imports contacts and changes each several times; some events come twice, some in another order.",
        _webhook_storm,
        {
            "seconds": 60,
            "hub_id": None,
            "records": 200,
            "changes_each": 4,
            "duplicates": 0.2,
            "reordered": 0.5,
            "window_ms": 5_000,
        },
    ),
    Scenario(
        "flaky_webhooks",
        "Events get lost, come twice, late, or in another order.",
        _flaky_webhooks,
        {
            "seconds": 300,
            "hub_id": None,
            "dropped": 0.05,
            "duplicates": 0.1,
            "delayed": 0.2,
            "delay_ms": 30_000,
            "reordered": 0.3,
            "window_ms": 5_000,
        },
    ),
    Scenario(
        "rate_storm",
        "Others use up the account's searches and the app's calls: your first call may be the one too many.",
        _rate_storm,
        {"seconds": 60, "hub_id": None, "client_id": None, "searches_per_s": 8.0, "calls_per_s": 12.0},
    ),
    Scenario(
        "day_used_up",
        "The account's private apps have only so many calls left until its midnight.",
        _day_used_up,
        {"seconds": 86_400, "hub_id": None, "left": 0},
    ),
)
