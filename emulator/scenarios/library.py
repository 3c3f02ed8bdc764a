"""Every scenario there is."""

from __future__ import annotations

from emulator.scenarios import accounts, storms, wire
from emulator.scenarios.stage import Scenario

LIBRARY: dict[str, Scenario] = {
    scenario.name: scenario for scenario in (*wire.SCENARIOS, *storms.SCENARIOS, *accounts.SCENARIOS)
}
