"""Start child processes that never outlive this one."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)  # loaded now: between fork and exec only system calls are safe


def _die_with_parent(parent: int) -> None:
    """Ask Linux to end this child when the thread that started it ends, also by SIGKILL."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


def start(
    arguments: Sequence[str | Path],
    *,
    log: IO[bytes] | int,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own, so that Ctrl-C reaches only us and we end it in order.

    Call it from a thread that lasts (the main one): on Linux the child ends with the thread that started it.
    `user` is a numeric user (and group) id to run as; None keeps ours. On systems without Linux' parent-death
    signal a killed parent leaves its children to the next start, which heals.
    """
    parent = os.getpid()
    return subprocess.Popen(
        [str(argument) for argument in arguments],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=env,
        cwd=cwd,
        process_group=0,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        preexec_fn=(lambda: _die_with_parent(parent)) if sys.platform == "linux" else None,  # noqa: PLW1509 - only a system call
    )


def stop(child: subprocess.Popen[bytes], *, sign: signal.Signals = signal.SIGTERM, patience_s: float = 15) -> None:
    """End a child: ask with `sign`, and after `patience_s` seconds kill its whole group."""
    if child.poll() is not None:
        return
    child.send_signal(sign)
    try:
        child.wait(patience_s)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
