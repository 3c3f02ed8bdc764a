"""Look at the machine's processes: who started which, which are a child's family. Ends only what it is given."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_BOOT = _PROC / "sys/kernel/random/boot_id"


@dataclass(frozen=True)
class Process:
    """One living process. `started` differs between two processes that had the same pid, also across boots."""

    pid: int
    parent: int
    group: int
    started: str
    command: str


def everyone() -> list[Process]:
    """Return every living process; zombies, which only wait to be counted, are not."""
    return list(_from_proc() if _BOOT.exists() else _from_ps())


def look(pid: int) -> Process | None:
    if _BOOT.exists():
        return _read_proc(_PROC / str(pid), _BOOT.read_text()[:8])
    return next((found for found in _from_ps() if found.pid == pid), None)


def family(pid: int, among: Sequence[Process] | None = None) -> list[Process]:
    """Return a process, its descendants and the members of its group, itself first."""
    processes = everyone() if among is None else among
    members = [found for found in processes if found.pid == pid or found.group == pid]
    known = {found.pid for found in members} | {pid}
    while True:
        more = [found for found in processes if found.parent in known and found.pid not in known]
        if not more:
            return sorted(members, key=lambda found: (found.pid != pid, found.pid))
        members += more
        known |= {found.pid for found in more}


def working_in(folder: Path) -> list[Process]:
    """Return the processes whose working directory is this folder (Linux; elsewhere none are found)."""
    return _chosen(lambda entry: (entry / "cwd").readlink() == folder)


def marked(variable: str) -> list[Process]:
    """Return the processes that were started with this environment variable, as NAME=value (Linux only)."""
    wanted = os.fsencode(variable)
    return _chosen(lambda entry: wanted in (entry / "environ").read_bytes().split(b"\0"))


def end(
    processes: Iterable[Process], *, sign: signal.Signals = signal.SIGTERM, patience_s: float = 15
) -> list[Process]:
    """Ask these processes to end, kill those that do not, and return those that had to be killed."""
    remaining = _alive(processes)
    send(remaining, sign)
    remaining = _wait_for(remaining, patience_s)
    send(remaining, signal.SIGKILL)
    _wait_for(remaining, 10)
    return remaining


def _alive(processes: Iterable[Process]) -> list[Process]:
    """Return those that still are the same process, not another with the same number."""
    now = {(found.pid, found.started) for found in everyone()}
    return [process for process in processes if (process.pid, process.started) in now]


def send(processes: Iterable[Process], sign: signal.Signals) -> None:
    for process in processes:
        try:
            os.kill(process.pid, sign)
        except ProcessLookupError:
            continue


def _wait_for(processes: list[Process], patience_s: float) -> list[Process]:
    deadline = time.monotonic() + patience_s
    remaining = _alive(processes)
    while remaining and time.monotonic() < deadline:
        time.sleep(0.05)
        remaining = _alive(remaining)
    return remaining


def _chosen(wanted: Callable[[Path], bool]) -> list[Process]:
    def is_wanted(process: Process) -> bool:
        try:
            return wanted(_PROC / str(process.pid))
        except OSError:  # gone meanwhile, or somebody else's
            return False

    return [process for process in everyone() if is_wanted(process)] if _BOOT.exists() else []


def _from_proc() -> Iterator[Process]:
    boot = _BOOT.read_text()[:8]
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and (found := _read_proc(entry, boot)) is not None:
            yield found


def _read_proc(entry: Path, boot: str) -> Process | None:
    try:
        # The second field is the program's name in brackets, which may hold spaces and brackets itself.
        fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
        command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return None
    if fields[0] in "ZX":
        return None
    return Process(int(entry.name), int(fields[1]), int(fields[2]), f"{boot}-{fields[19]}", command)


def _from_ps() -> Iterator[Process]:
    listing = subprocess.run(
        ["ps", "-axww", "-o", "pid=,ppid=,pgid=,stat=,lstart=,command="],
        capture_output=True,
        text=True,
        check=True,
        env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "/bin:/usr/bin")},
    )
    for line in listing.stdout.splitlines():
        pid, parent, group, state, *rest = line.split(maxsplit=9)
        if not state.startswith("Z"):
            yield Process(int(pid), int(parent), int(group), " ".join(rest[:5]), "".join(rest[5:]))
