"""Everything a running stack writes anywhere, as bytes by place: what a thief of any of it would hold."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
from django.core.management import get_commands
from psycopg import sql

from tests.hubspot import Account, wait_for
from tests.journeys.world import World

# Kept by the demo for itself and for its reader, and the state of HubSpot itself.
_NOT_THE_APPS = {"identity.json", "env", "demo.json", "emulator.json", "emulator.log", "lock"}
_EXPORTS: dict[str, tuple[str, ...]] = {
    "inbox_export": (),
    "mirror_export": ("--portal", "{hub_id}"),
    "portal_export": ("--portal", "{hub_id}"),
}


def database(world: World) -> dict[str, bytes]:
    """Return every table as COPY writes it, what sessions hold, and the statements that run or ran last."""
    with psycopg.connect(world.stack.plan.postgres.url, autocommit=True) as connection:
        named = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
        tables = [str(name) for (name,) in connection.execute(named)]
        assert len(tables) > 20
        found = {f"database: {table}": _copied(connection, table) for table in tables}
        statements = connection.execute("SELECT query FROM pg_stat_activity").fetchall()
        sessions = connection.execute("SELECT session_data FROM django_session").fetchall()
    found["database: statements"] = "\n".join(query or "" for (query,) in statements).encode()
    found["database: contents of sessions"] = b"\n".join(_session(data) for (data,) in sessions)
    return found


def _copied(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as rows:
        return b"".join(bytes(part) for part in rows)


def _session(data: str) -> bytes:
    """Undo what Django does to a session before it signs it: JSON, perhaps compressed, in base64."""
    content, packed = data.split(":")[0], data.startswith(".")
    decoded = base64.urlsafe_b64decode(content.lstrip(".") + "===")
    return zlib.decompress(decoded) if packed else decoded


def files(world: World) -> dict[str, bytes]:
    """Return the logs of every process, Redis' append-only file, the clock's notes: all files but the demo's own."""
    data = world.stack.plan.data
    paths = [path for path in data.rglob("*") if path.is_file() and path.name not in _NOT_THE_APPS]
    found = {f"file: {path.relative_to(data)}": path.read_bytes() for path in paths}
    assert {f"file: logs/{name}.log" for name in ("web", "worker", "beat", "postgres")} <= set(found)
    assert any("aof" in name for name in found)
    return found


def command_lines(world: World) -> dict[str, bytes]:
    """Return what any user of the machine may read of the processes. Linux only; empty elsewhere."""
    pids = [pid for name in ("web", "worker", "beat") for pid in world.stack.pids(name)]
    with contextlib.suppress(OSError):
        return {"command lines": b"\n".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids)}
    return {}


def exports(world: World, accounts: list[Account]) -> dict[str, bytes]:
    """Return what each command that exports prints, for each account."""
    commands = {name for name in get_commands() if name.endswith("_export")}
    assert commands == set(_EXPORTS), "an export that is not looked into"
    runs = {
        (name, *(argument.format(hub_id=account.hub_id) for argument in _EXPORTS[name]))
        for name in commands
        for account in accounts
    }
    return {f"export: {' '.join(run)}": world.stack.manage(*run).encode() for run in sorted(runs)}


class Monitor:
    """Listens to every command that anybody gives Redis, with its arguments; what is only read is in no file."""

    def __init__(self, url: str) -> None:
        self._path = parse_qs(urlsplit(url).query).get("path", [urlsplit(url).path])[0]
        self._heard = bytearray()
        self._over = threading.Event()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        thread = threading.Thread(target=self._listen, name="monitor", daemon=True)
        thread.start()
        wait_for(lambda: self._heard, what="Redis to be overheard")
        try:
            yield
        finally:
            self._over.set()
            thread.join(timeout=30)

    def heard(self) -> dict[str, bytes]:
        return {"Redis: commands": bytes(self._heard)}

    def _listen(self) -> None:
        while not self._over.wait(0.05):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
                connection.connect(self._path)
                connection.settimeout(0.5)
                connection.sendall(b"MONITOR\r\n")
                self._take_in(connection)

    def _take_in(self, connection: socket.socket) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                part = connection.recv(1 << 16)
                if not part:
                    return  # Redis ended; it may come back
                self._heard += part
