"""The whole product as real processes: start, stop, kill by name. For `make demo`, for tests and for benchmarks.

with Stack(folder, sizes=Sizes(web_workers=1), env={"HUBSPOT_SCOPES": "oauth"}) as stack:
    httpx2.get(f"{stack.web}/healthz")
    stack.kill("worker")              # SIGKILL, with its children
    stack.start("worker")             # restart=True does this by itself, after a pause
"""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from . import app_setup, logs, ports, processes, signals
from .control import Control
from .emulated import registration
from .lock import Lock
from .patience import Patience
from .place import remove_abandoned
from .plan import NAMES, Sizes, make_plan
from .record import Families, Record
from .roster import STOPPING, emulator_of, recruit
from .supervisor import Post, Supervisor

_SERVERS = ("postgres", "redis")
_APP = ("web", "worker", "beat")
_RECORD_EVERY_S = 1.0


def _say_nothing(_line: str) -> None:
    """What tests and benchmarks want."""


class Stack:
    """One demo on one data directory. It is started and stopped once, its children as often as you like.

    `env` holds settings and other variables for the processes; our own environment reaches them only through it.
    `names` chooses who is started. With `restart` a child that died comes back by itself. `emulator_seed` is "demo",
    three accounts, or "none"; without `keep_emulator` what is in the emulator goes with its process.
    """

    def __init__(
        self,
        data: Path,
        *,
        web_port: int | None = None,
        emulator_port: int | None = None,
        sizes: Sizes | None = None,
        env: Mapping[str, str] | None = None,
        names: Collection[str] = NAMES,
        restart: bool = False,
        pause_s: float = 1.0,
        emulator_seed: str = "demo",
        keep_emulator: bool = True,
        fsync: bool = True,
        say: Callable[[str], None] = _say_nothing,
    ) -> None:
        self.plan = make_plan(
            data,
            web_port=web_port,
            emulator_port=emulator_port,
            sizes=sizes or Sizes(),
            given=env or {},
            names=names,
            emulator_seed=emulator_seed,
            keep_emulator=keep_emulator,
            fsync=fsync,
        )
        self.control = Control(self.plan.emulator)
        self._emulator = emulator_of(self.plan, self.control, say)
        recruits = recruit(self.plan, self._emulator)
        self._posts = {name: Post(name, child, Patience(pause_s)) for name, child in recruits.items()}
        self._record = Record(self.plan)
        self._sole_run = Lock(self.plan.data / "lock")
        self._lock = threading.RLock()  # one change of a child at a time: ours or the supervisor's
        self._supervisor = Supervisor(self._posts, self._lock, say) if restart else None
        self._stopping = threading.Event()
        self._recorder = threading.Thread(target=self._keep_record, name="recorder", daemon=True)
        self._say = say

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ── What it is ──────────────────────────────────────────────────────────────────────────────────────────

    @property
    def web(self) -> str:
        return self.plan.web

    @property
    def emulator(self) -> str:
        return self.plan.emulator

    @property
    def hub_ids(self) -> list[int]:
        """The emulator's accounts, known once it is up."""
        return self._emulator.hub_ids

    @property
    def gave_up(self) -> str | None:
        """Why the supervisor gave up, once it has: a child that died as soon as it was up, again and again."""
        return self._supervisor.gave_up if self._supervisor is not None else None

    def running(self, name: str) -> bool:
        return self._posts[name].running

    def log(self, name: str) -> Path:
        return self._posts[name].child.log

    def pids(self, name: str) -> list[int]:
        """Return the pids of a running child and of its own children, its own first."""
        return [found.pid for found in self._families(name)[name]]

    def manage(self, *arguments: str) -> str:
        """Run a command of the app beside the running processes and return what it printed. Raises CommandFailed."""
        return app_setup.manage(self.plan.environment, *arguments)

    # ── Starting ────────────────────────────────────────────────────────────────────────────────────────────

    def start(self, *names: str) -> None:
        """Start everything, or only these children again. Returns when they are ready.

        Raises AlreadyRunning, PortTaken, CommandFailed, or one of supervisor.START_FAILED, with nothing left running.
        """
        if names:
            with self._lock:
                for name in names:
                    self._posts[name].start()
            return
        self._sole_run.acquire()
        try:
            self._heal()
            for port, variable, purpose in self.plan.ports_to_take:
                ports.require_free(port, variable, purpose)
            self._start_everything()
        except BaseException:
            self.stop()
            raise

    def _heal(self) -> None:
        """End what an earlier run left behind, and forget what it wrote down."""
        leftovers, crashed = self._record.leftovers(), self._record.crashed()
        self._record.withdraw()
        if leftovers:
            self._say(f"The earlier run was killed and left processes behind ({len(leftovers)}); they are ended.")
            processes.end(leftovers)
        elif crashed:
            self._say("The earlier run was killed. Its data is as it was then.")
        self._forget_orphaned_cluster()
        remove_abandoned()
        logs.set_aside_large(self.plan.logs)

    def _forget_orphaned_cluster(self) -> None:
        """Remove a database whose data directory was deleted: the keys of what is in it are gone."""
        owner, cluster = self.plan.place / "instance", self.plan.postgres.data
        if not cluster.is_relative_to(self.plan.place):
            return  # it lies in the data directory itself
        if cluster.exists() and (not owner.exists() or owner.read_text() != self.plan.identity.instance):
            self._say(f"{cluster} belongs to a data directory that is gone; it is removed.")
            shutil.rmtree(cluster)
        owner.write_text(self.plan.identity.instance)

    def _start_everything(self) -> None:
        for name in _SERVERS:
            self._launch(name)
            self._wait_for(name)
        self._launch("emulator")
        if not self._posts.keys().isdisjoint(_APP):
            self._set_up_app()
        self._wait_for("emulator")
        for name in _APP:
            self._launch(name)
        for name in _APP:
            self._wait_for(name)
        self._record.write_env()
        self._announce()
        self._recorder.start()
        if self._supervisor is not None:
            self._supervisor.start()

    def _set_up_app(self) -> None:
        self._say("  setting up the database")
        begins = {"redis", "emulator"} <= self._posts.keys()
        wanted = app_setup.set_up(self.plan.environment, self.plan.identity, begins=begins)
        self._emulator.app = registration(self.plan.settings, wanted)

    def _launch(self, name: str) -> None:
        if name in self._posts:
            with signals.held():
                self._posts[name].launch()
            self._record.processes_are(self._families(*self._posts))

    def _wait_for(self, name: str) -> None:
        if name in self._posts:
            self._posts[name].child.wait_until_ready()
            self._say(f"  {name} is up")

    # ── While it runs ───────────────────────────────────────────────────────────────────────────────────────

    def wait(self, timeout_s: float | None = None) -> None:
        """Return when the supervisor has given up, or after `timeout_s`."""
        assert self._supervisor is not None
        self._supervisor.finished.wait(timeout_s)

    def kill(self, *names: str, sign: signal.Signals = signal.SIGKILL) -> None:
        """Send these children and their own children a signal, all at once; after SIGKILL, wait until they are gone."""
        found = [process for family in self._families(*names).values() for process in family]
        if sign == signal.SIGKILL:
            self.expect_death(*names)
            processes.end(found, sign=sign)
        else:
            processes.send(found, sign)

    def expect_death(self, *names: str) -> None:
        """Somebody kills processes of these children on purpose: should one end of it, that is not held against it."""
        for name in names:
            self._posts[name].expect_death()

    def _keep_record(self) -> None:
        while not self._stopping.wait(_RECORD_EVERY_S):
            self._announce()

    def _announce(self) -> None:
        self._record.announce(self._families(*self._posts), self.hub_ids)

    def _families(self, *names: str) -> Families:
        everyone = processes.everyone()
        found = {}
        for name in names:
            process = self._posts[name].child.process
            found[name] = (
                processes.family(process.pid, everyone) if process is not None and process.poll() is None else []
            )
        return found

    # ── Stopping ────────────────────────────────────────────────────────────────────────────────────────────

    def stop(self, *names: str) -> None:
        """Stop everything in order, or only these children; a stopped child does not come back by itself."""
        if names:
            with self._lock:
                for name in names:
                    self._posts[name].stop()
            return
        if not self._sole_run.held:
            return  # never started, or stopped already
        self._stopping.set()
        if self._supervisor is not None:
            self._supervisor.end()
        if self._recorder.is_alive():
            self._recorder.join()
        with ThreadPoolExecutor(thread_name_prefix="stops") as pool:
            for group in STOPPING:
                list(pool.map(lambda name: self._posts[name].stop(), [name for name in group if name in self._posts]))
        self.control.close()
        self._record.withdraw()
        self._sole_run.release()

    def erase(self) -> None:
        """Remove everything that a stopped demo has kept."""
        for folder in (self.plan.data, self.plan.place):
            shutil.rmtree(folder, ignore_errors=True)

    def kill_everything(self) -> None:
        """For somebody who cannot wait for stop(), also while it is under way. Takes no lock, asks nobody."""
        found = self._families(*self._posts).values()
        processes.send([process for family in found for process in family], signal.SIGKILL)
