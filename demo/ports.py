"""Ports: which are free, and who listens on one that is not."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import random
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import processes
from .place import private_folder

_LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
_LISTENING = "0A"
_BLOCK = 20  # ports that a process reserves at once
_BLOCKS = range(20_000, 32_000, _BLOCK)


class PortTaken(Exception):
    """Somebody listens where we want to; the message says who and what to change."""


def require_free(port: int, variable: str, purpose: str) -> None:
    """Raise PortTaken unless nobody listens on this port, under either of the addresses of `localhost`."""
    if is_free(port):
        return
    holder = listener(port)
    who = f"{holder.command[:100]} (process {holder.pid})" if holder else "a process that cannot be looked at from here"
    raise PortTaken(
        f"Port {port}, wanted for {purpose}, is in use: {who} listens there.\n"
        f"Stop it, or choose another port: make demo {variable}={port + 10}"
    )


def is_free(port: int) -> bool:
    return all(_may_listen(family, address, port) for family, address in _LOOPBACKS)


def free_ports(count: int = 1) -> int:
    """Return the first of `count` free ports in a row. None is given twice, to this process or to another one of ours.

    Below the range from which systems take the near end of outgoing connections: those come and go by themselves.
    """
    while True:
        block = _own_block(count)
        first, block.given = block.first + block.given, block.given + count
        if all(is_free(port) for port in range(first, first + count)):
            return first


@dataclass
class _Block:
    """Ports that are this process' alone while it lives, as far as we are concerned; `given` of them are taken."""

    first: int
    lock: int  # the open file that says so: the system closes it with the process, however that ends
    owner: int
    given: int = 0


_blocks: list[_Block] = []


def _own_block(count: int) -> _Block:
    """Return a block with that many left. Raises PortTaken when none is to be had."""
    if not _blocks or _blocks[-1].owner != os.getpid() or _blocks[-1].given + count > _BLOCK:
        _blocks.append(_reserve_block())
    return _blocks[-1]


def _reserve_block() -> _Block:
    folder = private_folder("ports")
    for first in random.sample(_BLOCKS, len(_BLOCKS)):
        lock = os.open(folder / str(first), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)  # somebody else's; so it stays, whatever listens there at the moment
            continue
        return _Block(first, lock, os.getpid())
    raise PortTaken(f"All ports between {_BLOCKS.start} and {_BLOCKS.stop} are reserved by other processes of ours.")


def listener(port: int) -> processes.Process | None:
    """Return the process that listens on a port of this machine, if the system tells us."""
    pid = next(_pids_by_proc(port), None) if Path("/proc/net/tcp").exists() else _pid_by_lsof(port)
    return None if pid is None else processes.look(pid)


def _may_listen(family: socket.AddressFamily, address: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As servers do: connections that have ended but are not forgotten yet must not count as a listener.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
            probe.listen(1)
    except PermissionError as error:
        raise PortTaken(f"This user may not listen on port {port}. Choose one above 1023.") from error
    except OSError as error:
        # A machine without IPv6 says something else than "in use".
        return family == socket.AF_INET6 and error.errno != errno.EADDRINUSE
    return True


def _pids_by_proc(port: int) -> Iterator[int]:
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for process in processes.everyone() if sockets else ():
        if not sockets.isdisjoint(_open_files(process.pid)):
            yield process.pid


def _open_files(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):  # gone meanwhile, or somebody else's
        for entry in list(Path(f"/proc/{pid}/fd").iterdir()):
            with contextlib.suppress(OSError):  # closed meanwhile
                yield str(entry.readlink())


def _inodes(port: int) -> Iterator[str]:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _pid_by_lsof(port: int) -> int | None:
    if shutil.which("lsof") is None:
        return None
    found = subprocess.run(
        ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-t"], capture_output=True, text=True, check=False
    )
    return int(found.stdout.split()[0]) if found.stdout.strip() else None
