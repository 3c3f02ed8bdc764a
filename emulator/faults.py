"""Faults on demand: answers that fail, connections that die, events that go astray. Deterministic by seed."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from emulator.clock import wall_ms
from emulator.instants import iso

ANSWERS = frozenset({"status", "latency", "reset", "truncate", "html", "drip", "echo", "wrong_hublet", "migrating"})
WEBHOOKS = frozenset({"drop", "duplicate", "reorder", "delay"})
ACTIONS = ANSWERS | WEBHOOKS


@dataclass
class Fault:
    id: int
    action: str
    method: str | None = None
    # A prefix of the path, or a pattern when it holds a *.
    path: str | None = None
    hub_id: int | None = None
    event_type: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    probability: float = 1.0
    # How many times it may still strike; None is for ever.
    count: int | None = None
    seed: int = 0
    # In virtual time; None: from the beginning, and for ever.
    starts_at: int | None = None
    ends_at: int | None = None
    struck: int = 0
    random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    @property
    def spent(self) -> bool:
        return self.count is not None and self.struck >= self.count

    def is_over(self, now_ms: int) -> bool:
        return self.ends_at is not None and now_ms >= self.ends_at

    def is_on(self, now_ms: int) -> bool:
        return (self.starts_at is None or now_ms >= self.starts_at) and not self.is_over(now_ms)

    def is_about(self, method: str, path: str, hub_id: int | None) -> bool:
        if self.method is not None and self.method != method:
            return False
        if self.hub_id is not None and self.hub_id != hub_id:
            return False
        if self.path is None:
            return True
        return fnmatchcase(path, self.path) if "*" in self.path else path.startswith(self.path)

    def strikes(self) -> bool:
        if self.spent or self.random.random() >= self.probability:
            return False
        self.struck += 1
        return True

    def as_json(self) -> dict[str, Any]:
        match = {"method": self.method, "path": self.path, "hub_id": self.hub_id, "event_type": self.event_type}
        return {
            "id": self.id,
            "match": {name: value for name, value in match.items() if value is not None},
            "action": self.action,
            "params": dict(self.params),
            "probability": self.probability,
            "count": self.count,
            "seed": self.seed,
            "starts_at": None if self.starts_at is None else iso(self.starts_at),
            "ends_at": None if self.ends_at is None else iso(self.ends_at),
            "struck": self.struck,
        }


class Faults:
    """The faults in force, in the order they were asked for."""

    def __init__(self, now_ms: Callable[[], int] = wall_ms) -> None:
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: dict[int, Fault] = {}
        # Looked at without the lock: most of the time there are none.
        self.any_for_answers = False
        self.any_for_webhooks = False

    def next_id(self) -> int:
        return next(self._ids)

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults[fault.id] = fault
            self._look()

    def remove(self, fault_id: int) -> bool:
        with self._lock:
            found = self._faults.pop(fault_id, None) is not None
            self._look()
            return found

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self._look()

    def _look(self) -> None:
        actions = {fault.action for fault in self._faults.values()}
        self.any_for_answers = bool(actions & ANSWERS)
        self.any_for_webhooks = bool(actions & WEBHOOKS)

    def all(self) -> list[Fault]:
        """Those in force or still to come: one whose time is over is forgotten."""
        with self._lock:
            self._forget_over()
            return list(self._faults.values())

    def _forget_over(self) -> int:
        now = self._now_ms()
        over = [fault.id for fault in self._faults.values() if fault.is_over(now)]
        for fault_id in over:
            del self._faults[fault_id]
        if over:
            self._look()
        return now

    def for_answer(self, method: str, path: str, hub_id: int | None) -> list[Fault]:
        """The faults that strike this call."""
        with self._lock:
            now = self._forget_over()
            return [
                fault
                for fault in self._faults.values()
                if fault.action in ANSWERS
                and fault.is_on(now)
                and fault.is_about(method, path, hub_id)
                and fault.strikes()
            ]

    def for_event(self, hub_id: int, event_type: str) -> list[Fault]:
        """The faults that strike this event."""
        with self._lock:
            now = self._forget_over()
            return [
                fault
                for fault in self._faults.values()
                if fault.action in WEBHOOKS
                and fault.is_on(now)
                and fault.hub_id in (None, hub_id)
                and fault.event_type in (None, event_type)
                and fault.strikes()
            ]
