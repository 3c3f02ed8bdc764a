"""Take out of an error what we sent in confidence: some servers repeat the request that they refuse.

An error's names (category, correlation id, …) are logged and kept, and its text is shown to people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hubspot_api.secret import Secret

MASK = "***"
_LEAST = 8  # shorter ones would take words out of the text


def without(sent: Iterable[Secret], headers: Mapping[str, str], body: bytes) -> tuple[Mapping[str, str], bytes]:
    """Return headers, by their names in lower case, and body with every one of the secrets masked."""
    texts = [text for secret in sent if len(text := secret.reveal()) >= _LEAST]
    for text in texts:
        body = body.replace(text.encode(), MASK.encode())
    return {name.lower(): _masked(value, texts) for name, value in headers.items()}, body


def _masked(value: str, texts: list[str]) -> str:
    for text in texts:
        value = value.replace(text, MASK)
    return value
