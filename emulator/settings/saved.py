"""Owners and teams in a snapshot; the users themselves are saved with their portal."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from emulator.crm.owners import Owner, User
from emulator.portals import Portal
from emulator.settings.teams import Team

Json = dict[str, Any]


def save_people(portal: Portal) -> Json:
    return {
        "owners": [asdict(owner) for owner in portal.crm.owners.values()],
        "next_team_id": portal.teams.next_id,
        "teams": [
            {
                "team_id": each.team_id,
                "name": each.name,
                "parent_id": each.parent_id,
                "members": list(each.members.items()),
            }
            for each in portal.teams.by_id.values()
        ],
    }


def load_people(portal: Portal, saved: Json | None) -> None:
    """Snapshots from before have the owners of their users, and no teams."""
    if saved is None:
        return
    portal.crm.owners.clear()
    for each in saved["owners"]:
        portal.crm.owners[each["owner_id"]] = Owner(**{**each, "user": User(**each["user"])})
    portal.teams.next_id = saved["next_team_id"]
    for each in saved["teams"]:
        team = Team(each["team_id"], each["name"], each["parent_id"], dict(each["members"]))
        portal.teams.by_id[team.team_id] = team
