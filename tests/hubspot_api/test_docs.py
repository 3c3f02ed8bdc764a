"""The examples of docs/client.md run, in order, against the emulator."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.hubspot_api.emulated import Place

DOCUMENT = Path(__file__).parents[2] / "docs" / "client.md"


def test_the_examples_run(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    examples = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    assert len(examples) == 10
    names: dict[str, Any] = {}
    for number, example in enumerate(examples):
        exec(compile(example, f"client.md, example {number + 1}", "exec"), names)  # noqa: S102 - our own page
        names["client"] = place.client()  # the first example made one that would call HubSpot
    printed = capsys.readouterr().out
    assert "('email',) ('INVALID_EMAIL',)" in printed
    assert "['hat'] ['OBJECT_ALREADY_EXISTS']" in printed
