"""What the person who starts a demo says through the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .environment import port_of

WEB_PORT = 8000
EMULATOR_PORT = 8765


class Misused(Exception):
    """A variable of ours makes no sense; the message says which."""


@dataclass(frozen=True)
class Options:
    """None means that nothing was said."""

    data: Path | None
    web_port: int | None
    emulator_port: int | None


def read_options(env: Mapping[str, str]) -> Options:
    """Raises Misused."""
    data = env.get("DEMO_DATA", "").strip()
    return Options(
        data=Path(data) if data else None,
        web_port=_port(env, "WEB_PORT") or port_of(env.get("PUBLIC_URL", "")),
        emulator_port=_port(env, "EMULATOR_PORT"),
    )


def _port(env: Mapping[str, str], name: str) -> int | None:
    given = env.get(name, "").strip()
    if not given:
        return None
    if not given.isdecimal() or not 0 < int(given) < 65_535:
        raise Misused(f"{name} is {given!r}; it must be a port number between 1 and 65534.")
    return int(given)
