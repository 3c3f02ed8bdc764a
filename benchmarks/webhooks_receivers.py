"""The receivers that are compared: the app, Express with BullMQ, and one that does nothing."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis

from demo.environment import bare_environment
from demo.ports import free_ports
from demo.programs import Program, web_command
from demo.redis import Redis, find_server
from demo.stack import Stack

from .wait_until import wait_until

PORTALS = 50
PEER = Path(__file__).parent / "peers" / "express_bullmq"
_INSTALL = f"from benchmarks.webhooks_portals import install; install({PORTALS})"


class Missing(Exception):
    """Something that this benchmark needs is not there; the message says how to get it."""


def _nothing() -> None:
    """Before a round of a receiver that keeps nothing."""


@dataclass(frozen=True)
class Receiver:
    """One that listens. `prepare` is for the time between two rounds; `kept` says how many events it holds by now."""

    port: int
    secret: str = field(default="secret", repr=False)
    app_id: int = 1
    prepare: Callable[[], object] = _nothing
    kept: Callable[[], int] | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def require_programs() -> None:
    """Raises Missing."""
    absent = [name for name in ("node", "npm") if shutil.which(name) is None]
    if absent:
        raise Missing(
            f"{' and '.join(absent)} not found. Node 20 or newer is needed; Debian: apt-get install nodejs npm"
        )
    if find_server()[1]:
        raise Missing("redis-server not found. Debian, Ubuntu: apt-get install redis-server")


# ── Ours ────────────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def app(folder: Path) -> Iterator[Receiver]:
    """The app as the demo runs it, with PostgreSQL and a Redis for the doorbell, but without a worker."""
    stack = Stack(folder, names=("postgres", "redis", "web"))
    try:
        with stack, psycopg.connect(stack.plan.postgres.url, autocommit=True) as database:
            stack.manage("shell", "-c", _INSTALL)
            yield Receiver(
                stack.plan.addresses.web_port,
                stack.plan.identity.client_secret,
                stack.plan.identity.app_id,
                prepare=lambda: database.execute("CHECKPOINT"),
                kept=lambda: _kept(database),
                facts=_settings(database),
            )
    finally:
        stack.erase()


def _kept(database: psycopg.Connection) -> int:
    row = database.execute("SELECT count(*) FROM webhooks_event WHERE portal_id IS NOT NULL").fetchone()
    assert row is not None
    return int(row[0])


def _settings(database: psycopg.Connection) -> dict[str, str]:
    names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")
    rows = database.execute("SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name", [list(names)])
    return dict(rows.fetchall())


# ── The peer ────────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def peers(folder: Path) -> Iterator[dict[str, Receiver]]:
    """Express with BullMQ in its four ways: a job at a time or all at once, each with both habits of Redis."""
    program = _install_peer(folder / "peer")
    server = Redis(folder / "redis", folder)
    server.start()
    socket_path = str(folder / "redis.sock")
    try:
        with (
            redis.Redis(unix_socket_path=socket_path) as store,
            _node(program, socket_path, {}) as one_by_one,
            _node(program, socket_path, {"BULK": "1"}) as at_once,
        ):
            yield {
                f"{name}, {appendfsync}": _peer(port, store, appendfsync)
                for name, port in (("add", one_by_one), ("addBulk", at_once))
                for appendfsync in ("always", "everysec")
            }
    finally:
        server.stop()


def _install_peer(folder: Path) -> Path:
    """Install the peer's packages and return its program. Raises Missing."""
    shutil.copytree(PEER, folder, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"npm could not install the peer's packages; it needs the registry:\n{done.stderr[-1000:]}")
    return folder / "receiver.mjs"


@contextmanager
def _node(program: Path, socket_path: str, env: Mapping[str, str]) -> Iterator[int]:
    port = free_ports()
    environment = bare_environment() | {"REDIS_SOCKET": socket_path, "SECRET": "secret", "PORT": str(port)}
    with _running("peer", ["node", str(program)], port, environment | dict(env), program.parent / "peer.log"):
        yield port


def _peer(port: int, store: redis.Redis, appendfsync: str) -> Receiver:
    return Receiver(
        port,
        prepare=lambda: _prepare(store, appendfsync),
        kept=lambda: int(store.llen("bull:webhooks:wait")),
        facts={"redis_version": str(store.info("server")["redis_version"])},
    )


def _prepare(store: redis.Redis, appendfsync: str) -> None:
    """Empty Redis and let it forget the file it wrote; while events come in it need not rewrite it."""
    store.flushall()
    store.config_set("auto-aof-rewrite-percentage", 0)
    store.config_set("appendfsync", appendfsync)
    store.bgrewriteaof()
    wait_until(lambda: not store.info("persistence")["aof_rewrite_in_progress"], "Redis to rewrite its file")


# ── Nothing ─────────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def null(folder: Path) -> Iterator[Receiver]:
    """A granian whose application answers at once: how much the sender can send."""
    port = free_ports()
    command = [part.replace("demo.wsgi", "benchmarks.webhooks_null") for part in web_command(port, 1, 1)]
    with _running("null receiver", command, port, bare_environment(), folder / "null.log"):
        yield Receiver(port)


@contextmanager
def _running(name: str, command: list[str], port: int, env: Mapping[str, str], log: Path) -> Iterator[None]:
    program = Program(name, command, env=env, log=log, is_ready=lambda: _listens(port))
    try:
        program.start()
        yield
    finally:
        program.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def python_version() -> str:
    return sys.version.split()[0]
