from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from installations.half_hours import STEP, Day, HalfHour, last_day


def test_every_moment_of_a_day_has_its_bar_and_none_that_is_still_to_come() -> None:
    day = Day(last_day(HalfHour))
    latest = day.bars[-1]
    assert latest.at <= timezone.now()
    assert latest.until - day.begin == timedelta(hours=24)
    assert [day.bar(bar.at) for bar in day.bars] == day.bars
    assert day.bar(latest.until - timedelta(seconds=1)) is latest
    assert day.bar(latest.until) is None  # a clock ahead of ours wrote it
    assert day.bar(latest.until + 3 * STEP) is None
