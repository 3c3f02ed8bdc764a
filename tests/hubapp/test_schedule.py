from __future__ import annotations

from celery import current_app

from hubapp.schedule import SCHEDULE


def test_everything_that_beat_says_is_a_task_with_time_limits() -> None:
    current_app.loader.import_default_modules()
    for name, entry in SCHEDULE.items():
        task = current_app.tasks[str(entry["task"])]
        soft, hard = task.soft_time_limit, task.time_limit
        assert soft, name
        assert hard, name
        assert soft < hard, name


def test_every_task_of_ours_is_said_by_somebody() -> None:
    current_app.loader.import_default_modules()
    ours = {name for name in current_app.tasks if not name.startswith("celery.")}
    assert ours == {entry["task"] for entry in SCHEDULE.values()}


def test_no_message_outlives_the_next_one() -> None:
    for name, entry in SCHEDULE.items():
        options, period = entry["options"], entry["schedule"]
        assert isinstance(options, dict)
        assert options["expires"] <= (period if isinstance(period, float | int) else 24 * 3600), name


def test_workers_and_beat_have_the_schedule() -> None:
    from hubapp.celery import app

    assert app.conf.beat_schedule == SCHEDULE


def test_what_anybody_can_make_any_number_of_is_purged_every_hour() -> None:
    for name in ("purge flows", "clear sessions", "purge quarantine"):
        assert SCHEDULE[name]["schedule"] == 3600, name
