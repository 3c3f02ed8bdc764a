"""Scenarios over HTTP."""

from __future__ import annotations

import falcon

from emulator.control.fields import Fields, Rejected
from emulator.control.resources import ControlResource, body_of
from emulator.scenarios.library import LIBRARY
from emulator.scenarios.running import Running
from emulator.scenarios.stage import Scenario, ScenarioRefused, Value
from emulator.web.exchange import no_content, reply
from emulator.world import Emulator


class ScenarioList(ControlResource):
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        library = [
            {"name": each.name, "description": each.description, "params": dict(each.parameters)}
            for each in LIBRARY.values()
        ]
        running = [each.as_json() for each in self.emulator.scenarios.running()]
        reply(resp, {"running": running, "library": library})

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = Fields(body_of(req), ("name", "params", "seed"))
        scenario = LIBRARY[fields.choice("name", sorted(LIBRARY))]
        given = read_parameters(scenario, fields)
        try:
            running = self.emulator.scenarios.begin(scenario.name, given, fields.whole("seed", 0))
        except ScenarioRefused as refused:
            raise Rejected(str(refused)) from None
        reply(resp, running.as_json(), 201)

    def on_delete(self, _req: falcon.Request, resp: falcon.Response) -> None:
        self.emulator.scenarios.clear()
        no_content(resp)


class ScenarioItem(ControlResource):
    """A scenario that is over is not there any more."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response, scenario_id: str) -> None:
        reply(resp, self._running(scenario_id).as_json())

    def on_delete(self, _req: falcon.Request, resp: falcon.Response, scenario_id: str) -> None:
        self.emulator.scenarios.end(self._running(scenario_id).id)
        no_content(resp)

    def _running(self, text: str) -> Running:
        for running in self.emulator.scenarios.running():
            if str(running.id) == text:
                return running
        raise Rejected(f"there is no scenario {text} under way")


_SHARES = frozenset({"share", "resets", "failures", "duplicates", "reordered", "dropped", "delayed"})
# What may not be nothing, lest the fault made of it could not be.
_AT_LEAST_ONE = frozenset({"bytes", "window_ms"})
CHOICES = {"healed_by": ("refreshing", "authorizing"), "tokens": ("die", "until_expiry")}


def read_parameters(scenario: Scenario, body: Fields) -> dict[str, Value]:
    """Each of the kind that its default has.

    Raises Rejected.
    """
    given = Fields(body.mapping("params", {}), scenario.parameters, "params")
    return {name: _read(given, name, scenario.parameters[name]) for name in scenario.parameters if name in given}


def _read(given: Fields, name: str, default: Value) -> Value:
    if name in CHOICES:
        return given.choice(name, CHOICES[name])
    if name == "hub_id":
        return given.whole(name)
    if default is None or isinstance(default, str):
        return given.text(name)
    high = 1.0 if name in _SHARES else 30 * 86_400_000
    low = 1 if name in _AT_LEAST_ONE else 0
    if name in _AT_LEAST_ONE or name in ("records", "changes_each", "calls", "left"):
        return given.whole(name, low=low, high=int(high))
    return given.amount(name, low=0.001 if name == "window_s" else 0, high=high)


def routes(emulator: Emulator) -> list[tuple[str, ControlResource]]:
    return [
        ("/_emulator/scenarios", ScenarioList(emulator)),
        ("/_emulator/scenarios/{scenario_id}", ScenarioItem(emulator)),
    ]
