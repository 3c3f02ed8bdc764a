"""Take secrets out of text, by their shape and by where they stand. The last net, below the Secret type."""

from __future__ import annotations

import re
from functools import cache

from django.conf import settings

MASK = "***"

_NAMES = "code|state|client_secret|refresh_token|access_token|id_token|token|password|secret|signature"
_QUOTED_NAMES = "client_secret|refresh_token|access_token|id_token|token|password|secret|authorization|cookie"
_SHAPES = [
    # Codes, refresh tokens and private-app tokens carry their hublet in front: na1-…, eu1-…, pat-na1-….
    re.compile(r"(?<![\w.-])(?:pat-)?[a-z]{2}\d{1,2}-[\w-]{6,}"),
    re.compile(r"(?i)(?<=bearer )\s*[^\s\"',;]+"),
    re.compile(rf"(?i)(?<![\w-])(?<=\b)(?P<kept>(?:{_NAMES})=)[^\s&\"'<>]+"),
    re.compile(rf"(?i)(?P<kept>[\"'](?:{_QUOTED_NAMES})[\"']\s*:\s*[\"'])[^\"']+"),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"),  # a JSON web token
    re.compile(r"hubapp_[a-z]+_[\w.-]{8,}"),  # of the embedded view: embedded.tokens
    re.compile(r"\bv1\.[A-Za-z0-9+/]{24,}={0,2}"),  # sealed by the vault
    # Access tokens: long, unbroken, of both cases and digits. An event's key is shorter and of one case.
    re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{64,}={0,2}"),
]


def scrub(text: str) -> str:
    """Return the text with everything masked that is, or looks like, a secret."""
    for secret in _our_own(
        settings.HUBSPOT_CLIENT_SECRET, settings.HUBSPOT_CLIENT_SECRET_PREVIOUS, settings.SECRET_KEY
    ):
        text = text.replace(secret, MASK)
    for shape in _SHAPES:
        text = shape.sub(_masked, text)
    return text


def _masked(found: re.Match[str]) -> str:
    return (found.groupdict().get("kept") or "") + MASK


@cache
def _our_own(*secrets: str) -> list[str]:
    """Secrets of ours that have no shape of their own. Short ones would take words out of every line."""
    return [secret for secret in secrets if len(secret) >= 12]
