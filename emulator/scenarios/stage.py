"""What a scenario is given to work with, and how it is described."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulator.faults import Fault
from emulator.oauth.apps import App
from emulator.portals import Portal

if TYPE_CHECKING:
    from emulator.world import Emulator

Value = int | float | str | None


class ScenarioRefused(Exception):
    """It cannot be played here; the message says why."""


@dataclass
class Stage:
    """One scenario being played. What it puts up is taken down again when it ends, by itself or early."""

    emulator: Emulator
    parameters: Mapping[str, Value]
    seed: int
    now_ms: int
    # In virtual time; equal to `now_ms` for what is over at once.
    ends_at: int
    undo: list[Callable[[], object]] = field(default_factory=list)
    # What the scenario did, for whoever asked for it.
    outcome: dict[str, Any] = field(default_factory=dict)

    def number(self, name: str) -> float:
        value = self.parameters[name]
        assert isinstance(value, int | float)
        return value

    def whole(self, name: str) -> int:
        return int(self.number(name))

    def text(self, name: str) -> str:
        return str(self.parameters[name])

    def fault(
        self,
        action: str,
        *,
        share: float = 1.0,
        method: str | None = None,
        path: str | None = None,
        hub_id: int | None = None,
        **params: Any,
    ) -> None:
        """Every fault has dice of its own, so that one does not move another's."""
        faults = self.emulator.faults
        fault = Fault(
            faults.next_id(),
            action,
            method=method,
            path=path,
            hub_id=hub_id if hub_id is not None else self.hub_id(),
            params=params,
            probability=share,
            seed=self.seed * 1_000 + len(self.undo),
            ends_at=self.ends_at,
        )
        faults.add(fault)
        self.undo.append(lambda: faults.remove(fault.id))

    def hub_id(self) -> int | None:
        """The account that the scenario was given; none means all of them."""
        value = self.parameters.get("hub_id")
        return int(value) if value is not None else None

    def portal(self) -> Portal:
        """The account that the scenario is about, by default the first.

        Raises ScenarioRefused.
        """
        hub_id = self.hub_id()
        portals = self.emulator.portals
        found = portals.get(hub_id) if hub_id is not None else next(iter(portals.values()), None)
        if found is None:
            raise ScenarioRefused("there are no accounts: make one first, or begin with --seed demo")
        return found

    def app(self) -> App:
        """The app that the scenario is about, by default the first that the account has.

        Raises ScenarioRefused.
        """
        portal, wanted = self.portal(), self.parameters.get("client_id")
        installed = [i.client_id for i in self.emulator.grants.installs.values() if i.hub_id == portal.hub_id]
        client_id = wanted if wanted is not None else next(iter(installed), None)
        app = self.emulator.apps.get(str(client_id)) if client_id in installed else None
        if app is None:
            raise ScenarioRefused(f"portal {portal.hub_id} has no such app installed")
        return app


@dataclass(frozen=True)
class Scenario:
    name: str
    description: str
    begin: Callable[[Stage], None]
    # Each parameter and what it is by default; with `seconds`, how long the scenario lasts in virtual time.
    parameters: Mapping[str, Value]
