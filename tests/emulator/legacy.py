"""An account with many records, and the older addresses' pages of them."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.crm.object_types import ObjectType
from emulator.crm.records import Table
from tests.emulator.hub import HUB, Hub

Json = dict[str, Any]
DAY_S = 86_400


@pytest.fixture
def full(bare: Hub) -> Hub:
    """An account with some hundred records of each kind."""
    bare.control("DELETE", f"portals/{HUB}")
    bare.portal(seed={"contacts": 230, "companies": 120, "deals": 260, "tickets": 215})
    bare.install()
    return bare


def table(hub: Hub, kind: ObjectType) -> Table:
    return hub.emulator.portals[HUB].crm.table(kind)


def pages(hub: Hub, path: str, more: str, offsets: dict[str, str], **params: Any) -> list[Json]:
    """Follow the offsets to the end, as the peers do: answer field to parameter."""
    answers = [hub.get(path, **params).json()]
    while answers[-1][more]:
        params |= {parameter: answers[-1][field] for field, parameter in offsets.items()}
        answers.append(hub.get(path, **params).json())
    return answers
