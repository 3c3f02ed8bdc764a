"""What a running demo writes down: demo.json and env for people and tools, processes.json for the start that heals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from . import processes
from .environment import MARK, shell_lines
from .files import write_private, write_private_json
from .plan import NAMES, Plan

_ONE_PROCESS = {"postgres", "redis"}  # their sessions come and go; whoever ends the server ends them

Families = Mapping[str, list[processes.Process]]


class Record:
    """The files of one data directory. Each is replaced in one step, mode 0600."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._demo = plan.data / "demo.json"
        self._processes = plan.data / "processes.json"
        self._written: dict[str, list[int]] = {}

    def processes_are(self, families: Families) -> None:
        everyone = [process for family in families.values() for process in family]
        write_private_json(self._processes, [{"pid": found.pid, "started": found.started} for found in everyone])

    def announce(self, families: Families, hub_ids: list[int]) -> None:
        """Write what a stranger needs to find and use this demo, again whenever its processes have changed."""
        pids = {name: [found.pid for found in families.get(name, [])] for name in NAMES}
        pids |= {name: pids[name][:1] for name in _ONE_PROCESS}
        if pids == self._written:
            return
        self.processes_are(families)
        write_private_json(self._demo, self._contents() | {"hub_ids": hub_ids, "pids": pids})
        self._written = pids

    def write_env(self) -> None:
        """Write the app's settings as lines for a shell, for `manage.py` beside the running demo."""
        write_private(self._plan.data / "env", shell_lines(self._plan.settings))

    def withdraw(self) -> None:
        """Nothing runs any more, or does not yet."""
        self._demo.unlink(missing_ok=True)
        self._processes.unlink(missing_ok=True)
        self._written = {}

    def crashed(self) -> bool:
        """Tell whether an earlier run ended without withdrawing."""
        return self._demo.exists() or self._processes.exists()

    def leftovers(self) -> list[processes.Process]:
        """Return an earlier run's living processes: recorded ones that still are who they were, and marked ones."""
        recorded = self._recorded()
        found = [process for process in processes.everyone() if (process.pid, process.started) in recorded]
        found += processes.marked(f"{MARK}={self._plan.data}")
        return list({process.pid: process for process in found}.values())

    def _recorded(self) -> set[tuple[int, str]]:
        try:
            entries: Iterable[dict[str, object]] = json.loads(self._processes.read_text())
            return {(int(str(entry["pid"])), str(entry["started"])) for entry in entries}
        except (OSError, ValueError, TypeError, KeyError):  # no record, or not one of ours
            return set()

    def _contents(self) -> dict[str, object]:
        plan, identity = self._plan, self._plan.identity
        return {
            "web": plan.web,
            "emulator": plan.emulator,
            "database_url": plan.settings["DATABASE_URL"],
            "redis_url": plan.settings["REDIS_URL"],
            "staff": {"username": identity.staff_username, "password": identity.staff_password},
            "app": {
                "client_id": plan.settings["HUBSPOT_CLIENT_ID"],
                "client_secret": plan.settings["HUBSPOT_CLIENT_SECRET"],
                "app_id": int(plan.settings["HUBSPOT_APP_ID"]),
            },
        }
