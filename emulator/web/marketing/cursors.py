"""Opaque tokens for the place where a page ended."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import falcon

from emulator.errors import InvalidInput
from emulator.instants import parse_instant
from emulator.marketing.timeline import Place
from emulator.web.exchange import next_page


def read_place(req: falcon.Request, name: str) -> Place | None:
    """Raises InvalidInput for what no answer ever said."""
    text = req.get_param(name)
    if not text:
        return None
    try:
        at, _, event_id = base64.urlsafe_b64decode(text.encode()).decode().partition(":")
        return int(at), event_id
    except (ValueError, binascii.Error):
        raise InvalidInput(f"Invalid value for {name}: {text[:50]}") from None


def write_place(place: Place) -> str:
    return base64.urlsafe_b64encode(f"{place[0]}:{place[1]}".encode()).decode()


def paged(req: falcon.Request, results: list[Any], following: Place | None, **more: Any) -> dict[str, Any]:
    """The answer of a v3 list."""
    answer: dict[str, Any] = {**more, "results": results}
    if following is not None:
        answer["paging"] = next_page(req, write_place(following))
    return answer


def moment(req: falcon.Request, name: str, default: int | None = None) -> int | None:
    """An instant in ISO-8601 or milliseconds.

    Raises InvalidInput.
    """
    text = req.get_param(name)
    if not text:
        return default
    try:
        # A plus sign that was not encoded arrives as a space.
        return parse_instant(text.replace(" ", "+"))
    except (ValueError, OverflowError, OSError):
        raise InvalidInput(f"Invalid value for {name}: {text[:50]}") from None
