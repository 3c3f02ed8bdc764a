"""The children's logs: kept from growing without end, and quoted where somebody needs to know what happened."""

from __future__ import annotations

from pathlib import Path

_LARGE = 10 * 1024 * 1024
_QUOTED = 16 * 1024


def set_aside_large(folder: Path) -> None:
    """Begin a new log where the old one is large; the one before the old one goes. Nobody may be writing."""
    for log in folder.glob("*.log"):
        if log.stat().st_size > _LARGE:
            log.replace(log.with_suffix(".log.1"))


def tail(log: Path, lines: int = 20) -> str:
    """Return the end of a log, indented so that it reads as a quotation."""
    if not log.exists() or not log.stat().st_size:
        return f"    ({log.name} is empty)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _QUOTED))
        said = file.read().decode(errors="replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in said)
