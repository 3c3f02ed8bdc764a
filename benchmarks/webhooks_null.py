"""A receiver that reads a delivery and answers: what the sender could send if acknowledging took nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def application(
    environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], Any]
) -> Iterable[bytes]:
    environ["wsgi.input"].read()
    start_response("204 No Content", [])
    return []
