"""The scenarios being played."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.instants import iso
from emulator.scenarios.library import LIBRARY
from emulator.scenarios.stage import Scenario, ScenarioRefused, Stage, Value

if TYPE_CHECKING:
    from emulator.world import Emulator


@dataclass(frozen=True)
class Running:
    id: int
    scenario: Scenario
    stage: Stage

    def as_json(self) -> dict[str, Any]:
        stage = self.stage
        return {
            "id": self.id,
            "name": self.scenario.name,
            "params": dict(stage.parameters),
            "seed": stage.seed,
            "began_at": iso(stage.now_ms),
            "ends_at": iso(stage.ends_at),
            "outcome": stage.outcome,
        }


class Scenarios:
    """All that a scenario puts up carries its own end, so that nothing has to watch for it."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._running: dict[int, Running] = {}

    def begin(self, name: str, given: Mapping[str, Value] | None = None, seed: int = 0) -> Running:
        """Raises ScenarioRefused."""
        scenario = LIBRARY.get(name)
        if scenario is None:
            raise ScenarioRefused(f"there is no scenario {name}; there are {', '.join(sorted(LIBRARY))}")
        parameters = {**scenario.parameters, **(given or {})}
        if (hub_id := parameters.get("hub_id")) is not None and hub_id not in self._emulator.portals:
            raise ScenarioRefused(f"there is no portal {hub_id}")
        now = self._emulator.clock.now_ms()
        lasts_ms = int(float(parameters.get("seconds") or 0) * 1000)
        stage = Stage(self._emulator, parameters, seed, now, now + lasts_ms)
        try:
            scenario.begin(stage)
        except ScenarioRefused:
            _take_down(stage)
            raise
        running = Running(next(self._ids), scenario, stage)
        with self._lock:
            self._running[running.id] = running
        return running

    def running(self) -> list[Running]:
        """Those that are not over."""
        now = self._emulator.clock.now_ms()
        with self._lock:
            self._running = {each.id: each for each in self._running.values() if now < each.stage.ends_at}
            return list(self._running.values())

    def end(self, scenario_id: int) -> bool:
        with self._lock:
            running = self._running.pop(scenario_id, None)
        if running is not None:
            _take_down(running.stage)
        return running is not None

    def clear(self) -> None:
        with self._lock:
            ended = list(self._running.values())
            self._running.clear()
        for running in ended:
            _take_down(running.stage)


def _take_down(stage: Stage) -> None:
    for undo in stage.undo:
        undo()
