from __future__ import annotations

from demo.patience import Patience, how_it_ended


def test_quick_deaths_double_the_pause_and_exhaust_patience() -> None:
    patience = Patience(pause_s=1, deaths_allowed=5)
    assert [patience.pause_after(0.5) for _ in range(6)] == [1, 2, 4, 8, 10, None]


def test_a_child_that_lived_starts_with_a_clean_slate() -> None:
    patience = Patience(pause_s=1, deaths_allowed=2)
    assert [patience.pause_after(lived) for lived in (1, 1, 60, 1, 1)] == [1, 2, 1, 2, None]


def test_ends_are_told_in_words() -> None:
    assert how_it_ended(3) == "ended with exit code 3"
    assert how_it_ended(-9) == "was killed by SIGKILL"
