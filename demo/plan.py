"""All that is decided before anything starts: where, who, with which settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import ports
from .environment import MARK, Addresses, app_settings, bare_environment
from .identity import Identity, keep_identity
from .place import place_of
from .postgres import Postgres
from .redis import Redis

NAMES = ("postgres", "redis", "emulator", "web", "worker", "beat")
HUBLETS = ("na1", "eu1")


@dataclass(frozen=True)
class Sizes:
    """How many processes and threads the app's programs have."""

    web_workers: int = 2
    web_threads: int = 4
    worker_concurrency: int = 2


@dataclass(frozen=True)
class Plan:
    """`names` are those we start; `settings` the app's, `environment` all that our programs run in."""

    data: Path
    place: Path
    identity: Identity
    names: tuple[str, ...]
    addresses: Addresses
    sizes: Sizes
    emulator_seed: str
    keep_emulator: bool
    postgres: Postgres
    redis: Redis
    settings: Mapping[str, str] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def web(self) -> str:
        return self.settings["PUBLIC_URL"]

    @property
    def emulator(self) -> str:
        return self.settings["HUBSPOT_API_URL"]

    @property
    def ports_to_take(self) -> list[tuple[int, str, str]]:
        """Return each port that we will listen on, the variable that moves it and its purpose."""
        first = self.addresses.emulator_port
        wanted = [(self.addresses.web_port, "WEB_PORT", "the app")] if "web" in self.names else []
        if "emulator" in self.names:
            wanted += [
                (first + offset, "EMULATOR_PORT", f"the emulator ({hublet})") for offset, hublet in enumerate(HUBLETS)
            ]
        return wanted


def make_plan(
    data: Path,
    *,
    web_port: int | None,
    emulator_port: int | None,
    sizes: Sizes,
    given: Mapping[str, str],
    names: Collection[str],
    emulator_seed: str,
    keep_emulator: bool,
    fsync: bool,
) -> Plan:
    """Decide everything; make the data directory and what must be kept in it. Ports not given are free ones."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = data.resolve()
    (data / "logs").mkdir(mode=0o700, exist_ok=True)
    place, logs = place_of(data), data / "logs"
    postgres = Postgres(data / "postgres", place, fsync=fsync, log=logs / "postgres.log")
    redis = Redis(data / "redis", place, log=logs / "redis.log")
    addresses = Addresses(
        web_port=web_port or ports.free_ports(),
        emulator_port=emulator_port or ports.free_ports(len(HUBLETS)),
        database_url=postgres.url,
        redis_url=redis.url,
    )
    identity = keep_identity(data / "identity.json")
    settings = app_settings(identity, addresses, given)
    return Plan(
        data=data,
        place=place,
        identity=identity,
        names=_ours(names, given, addresses.emulator),
        addresses=addresses,
        sizes=sizes,
        emulator_seed=emulator_seed,
        keep_emulator=keep_emulator,
        postgres=postgres,
        redis=redis,
        settings=settings,
        environment={
            **bare_environment(),
            **given,
            **settings,
            "DJANGO_SETTINGS_MODULE": "hubapp.settings",
            "PYTHONUNBUFFERED": "1",
            MARK: str(data),
        },
    )


def _ours(names: Collection[str], given: Mapping[str, str], emulator: str) -> tuple[str, ...]:
    """Leave out what the environment says is elsewhere: that server is somebody else's."""
    elsewhere = {
        "postgres": bool(given.get("DATABASE_URL")),
        "redis": bool(given.get("REDIS_URL")),
        "emulator": given.get("HUBSPOT_API_URL", "").rstrip("/") not in {"", emulator},
    }
    return tuple(name for name in NAMES if name in names and not elsewhere.get(name))
