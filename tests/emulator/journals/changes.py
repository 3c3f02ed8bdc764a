"""What tests of the journal share."""

from __future__ import annotations

from typing import Any

from tests.emulator.hub import Hub

Json = dict[str, Any]


DAY = 86_400


# By the hub's clock, which stands still.
NOW = "2026-11-18T11:06:40Z"


def change(hub: Hub, **fields: Any) -> Json:
    (result,) = hub.change(fields)
    assert result["error"] is None, result
    return result
