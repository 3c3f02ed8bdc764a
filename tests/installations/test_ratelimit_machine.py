"""Any order of calls, answers, failures and clocks, against a server that counts naively."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from .limiter_machine import LimiterMachine
from .naive_server import url as url  # the fixture

pytestmark = pytest.mark.chaos

EXAMPLES, STEPS = (1500, 100) if os.environ.get("CHAOS") == "long" else (40, 50)


def test_nothing_goes_over_the_limit_and_nothing_is_lost(url: str) -> None:
    machine: type[LimiterMachine] = type("Machine", (LimiterMachine,), {"url": url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
