"""The files that come with an import."""

from __future__ import annotations

from typing import NamedTuple


class Upload(NamedTuple):
    name: str
    content: bytes
