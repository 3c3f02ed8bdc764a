"""Bodies as people read them: JSON indented and coloured, anything else as it is."""

from __future__ import annotations

import json
import re

from emulator.web.html import Child, Markup, el

_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b')
# More than this is shown without colours.
_LONGEST = 40_000


def highlighted(body: bytes) -> Markup:
    text = body.decode("utf-8", "replace")
    try:
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return _block(text)
    return _block(_coloured(text)) if len(text) <= _LONGEST else _block(text)


def _block(content: Child) -> Markup:
    return el("pre", el("code", content), class_="payload", tabindex=0, data_copy=True)


def _coloured(text: str) -> list[Child]:
    parts: list[Child] = []
    end = 0
    for match in _TOKEN.finditer(text):
        parts.append(text[end : match.start()])
        string, colon, number, _word = match.groups()
        look = "key" if colon else "string" if string else "number" if number else "word"
        parts.append(el("span", string or match.group(), class_=look))
        parts.append(colon or "")
        end = match.end()
    return [*parts, text[end:]]
