"""Name a browser so that its user knows it again: family and system, no more than a person would say."""

from __future__ import annotations

import re

# In this order: most browsers also claim to be others.
_FAMILIES = {
    "Edg(e|A|iOS)?/": "Edge",
    "OPR/|Opera": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/|FxiOS/": "Firefox",
    "(Headless)?Chrome/|CriOS/|Chromium/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X|Macintosh": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def describe(user_agent: str) -> str:
    """Return "Firefox on Windows" and the like, empty if neither is known. Nothing of the header itself is kept."""
    family, system = _first(_FAMILIES, user_agent), _first(_SYSTEMS, user_agent)
    return " on ".join(filter(None, (family, system)))


def _first(known: dict[str, str], user_agent: str) -> str:
    return next((name for pattern, name in known.items() if re.search(pattern, user_agent)), "")
