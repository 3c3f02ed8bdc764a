"""Apps in files, for `python -m emulator --app FILE`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from emulator.control.apps import configure
from emulator.control.fields import Rejected
from emulator.world import Emulator


def load_app(emulator: Emulator, path: Path) -> None:
    """Configure the app that a file describes as a control call would.

    `webhooks_hsmeta` may be the path of the project's own file, seen from this one.

    Raises Rejected.
    """
    body = _json(path)
    if isinstance(body, dict) and isinstance(body.get("webhooks_hsmeta"), str):
        body = body | {"webhooks_hsmeta": _json(path.parent / body["webhooks_hsmeta"])}
    try:
        configure(emulator, body)
    except Rejected as refused:
        raise Rejected(f"{path}: {refused}") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as failure:
        raise Rejected(f"{path}: {failure.strerror}") from None
    except ValueError as invalid:
        raise Rejected(f"{path} is not JSON: {invalid}") from None
