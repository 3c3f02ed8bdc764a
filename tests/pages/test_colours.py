"""Text and controls stand out enough from what they are on: WCAG AA, in the light and in the dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

VARIABLES = Path(__file__).parents[2] / "static" / "css" / "variables.css"
TEXT, CONTROL = 4.5, 3.0
GROUNDS = ("ground", "surface", "raised", "warn-ground")
PAIRS = [
    *[(text, ground, TEXT) for text in ("text", "muted", "link") for ground in GROUNDS],
    *[(kind, f"{kind}-ground", TEXT) for kind in ("good", "warn", "problem")],
    *[("text", f"{kind}-ground", TEXT) for kind in ("good", "problem")],
    *[("on-accent", accent, TEXT) for accent in ("accent", "accent-strong")],
    *[("on-danger", danger, TEXT) for danger in ("danger", "danger-strong")],
    *[("danger", ground, TEXT) for ground in ("surface", "problem-ground")],
    *[(part, ground, CONTROL) for part in ("control", "focus", "accent") for ground in ("ground", "surface")],
    *[("focus", ground, CONTROL) for ground in ("warn-ground", "problem-ground")],
    ("accent", "track", CONTROL),
]


def colours(scheme: str) -> dict[str, str]:
    light, dark = VARIABLES.read_text().split("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return found if scheme == "light" else found | dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(scheme: str) -> None:
    found = colours(scheme)
    weak = [
        f"{front} on {ground}: {contrast(found[front], found[ground]):.2f}, needs {least}"
        for front, ground, least in PAIRS
        if contrast(found[front], found[ground]) < least
    ]
    assert not weak


def test_variables_are_defined_in_one_place() -> None:
    defined = set(re.findall(r"--([a-z-]+):", VARIABLES.read_text()))
    for sheet in VARIABLES.parent.glob("*.css"):
        if sheet != VARIABLES:
            text = sheet.read_text()
            assert not re.search(r"#[0-9a-f]{3,8}\b", text), f"{sheet.name} has a colour of its own"
            assert set(re.findall(r"var\(--([a-z-]+)\)", text)) <= defined, sheet.name
