"""Forms of several parts, as files are sent in."""

from __future__ import annotations

import io
import json
from typing import Any, NamedTuple

import falcon
from falcon.media.multipart import MultipartFormHandler, MultipartParseError

from emulator.errors import InvalidInput, InvalidJson
from emulator.web.exchange import raw_body


class Part(NamedTuple):
    name: str
    filename: str | None
    content: bytes

    def text(self) -> str:
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            raise InvalidInput(f"{self.name} is not UTF-8.") from None

    def json_object(self) -> dict[str, Any]:
        """Raises InvalidJson."""
        try:
            found = json.loads(self.content)
        except (ValueError, RecursionError):
            raise InvalidJson(f"{self.name} is not JSON") from None
        if not isinstance(found, dict):
            raise InvalidJson(f"Cannot deserialize value of type `Object` for field {self.name}")
        return found


def parts(req: falcon.Request) -> list[Part]:
    """Raises InvalidInput for what is no such form."""
    if not (req.content_type or "").lower().startswith("multipart/form-data"):
        raise InvalidInput("The body is a form: Content-Type must be multipart/form-data.")
    body = raw_body(req)
    try:
        return [
            Part(part.name or "", part.filename, part.stream.read())
            for part in MultipartFormHandler().deserialize(io.BytesIO(body), req.content_type, len(body))
        ]
    except (MultipartParseError, falcon.HTTPError, UnicodeDecodeError) as broken:
        raise InvalidInput(f"The form cannot be read: {broken}") from None
