"""The form that brings an import: its JSON and its files."""

from __future__ import annotations

import io
import json
from typing import Any, NamedTuple

import falcon
from falcon.media.multipart import MultipartFormHandler, MultipartParseError

from emulator.errors import InvalidInput, InvalidJson


class Upload(NamedTuple):
    name: str
    content: bytes


def read(content_type: str | None, body: bytes) -> tuple[dict[str, Any], list[Upload]]:
    """Raises InvalidInput for what is no such form, and InvalidJson."""
    if not (content_type or "").lower().startswith("multipart/form-data"):
        raise InvalidInput("An import is a form: Content-Type must be multipart/form-data.")
    request: bytes | None = None
    uploads: list[Upload] = []
    try:
        for part in MultipartFormHandler().deserialize(io.BytesIO(body), content_type, len(body)):
            content: bytes = part.stream.read()
            if part.name == "importRequest":
                request = content
            elif part.name == "files" and part.filename:
                uploads.append(Upload(part.filename, content))
    except (MultipartParseError, falcon.HTTPError, UnicodeDecodeError) as broken:
        raise InvalidInput(f"The form cannot be read: {broken}") from None
    if request is None:
        raise InvalidInput("The form has no importRequest.")
    return _json(request), uploads


def _json(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidJson("importRequest is not JSON") from None
    if not isinstance(found, dict):
        raise InvalidJson("Cannot deserialize value of type `ImportRequest`")
    return found
