"""Write files that only their owner may read, whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path


def write_private(path: Path, content: str | bytes) -> None:
    """Replace a file in one step, mode 0600 from its first byte on."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    data = content.encode() if isinstance(content, str) else content
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    unfinished.rename(path)


def write_private_json(path: Path, value: object) -> None:
    write_private(path, json.dumps(value, indent=2) + "\n")
