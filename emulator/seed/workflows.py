"""Workflows of contacts that enrol nobody by themselves: something for clients to list."""

from __future__ import annotations

import random
from typing import Any

from emulator.instants import DAY_MS
from emulator.portals import Portal
from emulator.workflows.reading import read_plan
from emulator.workflows.room import Workflows

_PAST_MS = 730 * DAY_MS

_SUBJECTS = ("Welcome", "Trial reminder", "Renewal", "Event follow-up", "Lead hand-over", "Win back", "Survey")


def fill_workflows(room: Workflows, portal: Portal, count: int, random_seed: int) -> None:
    dice = random.Random(f"{random_seed}/workflows")
    now = portal.created_at
    for number, at in enumerate(sorted(now - dice.randrange(_PAST_MS) for _ in range(count))):
        workflow = room.define(portal, read_plan(_plan(number, dice)))
        workflow.created_at = at
        workflow.updated_at = at + dice.randrange(now - at + 1)


def _plan(number: int, dice: random.Random) -> dict[str, Any]:
    again, which = divmod(number, len(_SUBJECTS))
    stage = dice.choice(("lead", "marketingqualifiedlead", "opportunity"))
    return {
        "name": f"{_SUBJECTS[which]} {again + 1}" if again else _SUBJECTS[which],
        "actions": [
            {"type": "delay", "delay_s": 3_600 * dice.randrange(1, 73)},
            {"type": "set_property", "property": "lifecyclestage", "value": stage},
        ],
        "enabled": dice.random() < 0.8,
        "re_enroll": dice.random() < 0.3,
    }
