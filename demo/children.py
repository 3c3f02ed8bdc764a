"""Start child processes that never outlive this one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from . import processes, tether

# On Linux a child ends with the *thread* that started it, so one thread that lasts starts them all.
_starter = ThreadPoolExecutor(1, "starts-children")


def _after_fork() -> None:
    global _starter  # noqa: PLW0603 - a forked process has the object but not its thread
    _starter = ThreadPoolExecutor(1, "starts-children")


os.register_at_fork(after_in_child=_after_fork)


def start(
    arguments: Sequence[str | Path],
    *,
    log: IO[bytes] | int,
    errors: IO[bytes] | int = subprocess.STDOUT,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: int | None = None,
    parting: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own, so that Ctrl-C reaches only us and we end it in order.

    Its output goes to `log`, and what it says of errors too, unless `errors` takes that.
    `user` is a numeric user (and group) id to run as; None keeps ours. `parting` is the signal the child gets when
    we die without a word; systems other than Linux leave such children to the next start, which heals.
    """
    program = shutil.which(str(arguments[0])) or str(arguments[0])
    tethered = [
        *(sys.executable, "-I", "-S", tether.__file__),
        *(str(os.getpid()), "-" if user is None else str(user), str(int(parting))),
        *(program, *(str(argument) for argument in arguments[1:])),
    ]

    def run() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            tethered,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=errors,
            env=env,
            cwd=cwd,
            process_group=0,
        )

    return _starter.submit(run).result()


def stop(child: subprocess.Popen[bytes], *, sign: signal.Signals = signal.SIGTERM, patience_s: float = 15) -> None:
    """End a child and what it left in its group: ask with `sign`, and after `patience_s` seconds kill."""
    if child.poll() is None:
        child.send_signal(sign)
        try:
            child.wait(patience_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    end_orphans(child)


def end_orphans(child: subprocess.Popen[bytes]) -> None:
    """Kill what a dead child left in its group: a web server's workers would go on serving without it."""
    found = [process for process in processes.everyone() if process.group == child.pid]
    if not any(process.pid == child.pid for process in found):  # else the number is another's by now
        processes.end(found, sign=signal.SIGKILL)
