"""Bodies of calls, as they are sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx2


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent, and what it is."""

    content: bytes = field(repr=False)
    content_type: str


def json_body(value: object) -> Body:
    """Return `value` as JSON. Raises ValueError for NaN and infinity, TypeError for what JSON does not know."""
    return Body(json.dumps(value, separators=(",", ":"), allow_nan=False).encode(), "application/json")


def form_with_file(fields: Mapping[str, str], name: str, content: bytes) -> Body:
    """Return a multipart form of text fields and one file, in the part `file`."""
    form = httpx2.Request("POST", "", data=dict(fields), files={"file": (name, content)})
    return Body(form.read(), form.headers["Content-Type"])
