"""The children of a demo, as its plan wants them."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx2

from . import programs
from .control import Control
from .emulated import Emulator
from .plan import Plan
from .programs import Program

# Who asks for work before who does it, the servers last. The web server outlives the emulator, which calls it.
STOPPING = (("beat", "worker"), ("emulator",), ("web",), ("redis",), ("postgres",))


class Child(Protocol):
    """What the stack asks of every child."""

    log: Path
    process: subprocess.Popen[bytes] | None

    def launch(self) -> None: ...

    def wait_until_ready(self) -> None: ...

    def stop(self) -> None: ...


def emulator_of(plan: Plan, control: Control, say: Callable[[str], None]) -> Emulator:
    state = plan.data / "emulator.json"
    command = programs.emulator_command(
        plan.addresses.emulator_port, plan.emulator_seed, state if plan.keep_emulator else None
    )
    return Emulator(control, command, state=state, env=plan.environment, log=plan.logs / "emulator.log", say=say)


def recruit(plan: Plan, emulator: Emulator) -> dict[str, Child]:
    """Return the children that we start, by name and in the order of starting."""
    addresses, sizes = plan.addresses, plan.sizes

    def is_web_ready() -> bool:
        return web_is_ready(addresses.web_port, plan.web)

    def program(name: str, command: list[str]) -> Program:
        return Program(name, command, env=plan.environment, log=plan.logs / f"{name}.log")

    web = Program(
        "web",
        programs.web_command(addresses.web_port, sizes.web_workers, sizes.web_threads),
        env=plan.environment,
        log=plan.logs / "web.log",
        is_ready=is_web_ready,
        parting=signal.SIGKILL,  # Granian waits for ever when asked to end twice, and Linux asks once for each thread
    )
    everyone: dict[str, Child] = {
        "postgres": plan.postgres,
        "redis": plan.redis,
        "emulator": emulator,
        "web": web,
        "worker": program("worker", programs.worker_command(sizes.worker_concurrency)),
        "beat": program("beat", programs.beat_command(plan.data / "celerybeat-schedule")),
    }
    return {name: everyone[name] for name in plan.names}


def web_is_ready(port: int, public_url: str) -> bool:
    """Tell whether the app answers. Asked on this machine, but by its public name: it may know no other."""
    headers = {"host": urlsplit(public_url).netloc}
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/healthz", headers=headers, timeout=5, trust_env=False).is_success
    except httpx2.TransportError:
        return False
