"""Secrets that a run knows by value, and how each would look in a place where it must not be."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

LEAST = 12  # so many characters of a secret count as the secret


class Canaries:
    """Every secret by what it is. Threads may add to them while a run goes on."""

    def __init__(self) -> None:
        self._looks: dict[bytes, str] = {}
        self._seen: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, what: str, *secrets: str | bytes) -> None:
        """Raises ValueError for one so short that it would be found in anything."""
        for secret in secrets:
            value = secret if isinstance(secret, bytes) else secret.encode()
            if len(value) < LEAST:
                raise ValueError(f"{what} has only {len(value)} characters")
            if value not in self._seen:
                self._seen.add(value)
                self._looks |= {look: f"{what} ({how})" for look, how in _looks(value).items()}

    def kinds(self) -> set[str]:
        return {what.partition(" (")[0] for what in self._looks.values()}

    def found_in(self, places: Mapping[str, bytes]) -> list[str]:
        """Return a line for each secret in each place, with what stands around it."""
        # Pages and logs repeat themselves: what is the same in many places is searched once.
        lines = b"\n".join({line for content in places.values() for line in content.split(b"\n")})
        return [
            f"{what} in {place}: …{_around(content, content.index(look), len(look))}…"
            for look, what in self._looks.items()
            if look in lines
            for place, content in places.items()
            if look in content
        ]


def _looks(value: bytes) -> dict[bytes, str]:
    """The first characters of a secret in each form; its last ones as they are."""
    head = value[:LEAST]
    found: dict[bytes, str] = {}
    for how, looks in (
        ("in base64", _base64(head)),
        ("in hexadecimals", (head.hex(), head.hex().upper())),
        ("escaped", _escaped(head)),
    ):
        found |= {look.encode(): how for look in looks}
    return found | {value[-LEAST:]: "its end", head: "as it is"}


def _base64(head: bytes) -> Iterable[str]:
    """At each of the three places where it can begin, without what the neighbours have a part in; both alphabets."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + head).rstrip(b"=").decode()
        own = whole[-(-before * 8 // 6) : (before + len(head)) * 8 // 6]
        yield own
        yield own.replace("+", "-").replace("/", "_")


def _escaped(head: bytes) -> Iterable[str]:
    if head.isascii() and head.decode().isprintable():
        text = head.decode()
        yield from (quote(text, safe=""), quote_plus(text), html.escape(text), json.dumps(text)[1:-1])
    else:
        yield repr(head)[2:-1]


def _around(content: bytes, start: int, length: int) -> str:
    return content[max(start - 200, 0) : start + length + 60].decode(errors="replace")
