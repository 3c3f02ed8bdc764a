"""Teams: a user is in one of them by default, and in any number of others besides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emulator.errors import Conflict, InvalidInput, ObjectNotFound

DEFAULT, EXTRA = "DEFAULT", "EXTRA"
KINDS = (DEFAULT, EXTRA)


class TeamNotFound(ObjectNotFound):
    def __init__(self, team_id: object) -> None:
        super().__init__(f"Team {str(team_id)[:50]} does not exist.")


@dataclass
class Team:
    team_id: int
    name: str
    # None: at the top.
    parent_id: int | None = None
    # How each member belongs, in the order of joining.
    members: dict[int, str] = field(default_factory=dict)

    def of(self, kind: str) -> list[str]:
        return [str(user_id) for user_id, each in self.members.items() if each == kind]

    def as_json(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"id": str(self.team_id), "name": self.name}
        if self.parent_id is not None:
            answer["parentTeamId"] = str(self.parent_id)
        return answer

    def with_members(self) -> dict[str, Any]:
        """As the users' API shows it."""
        return {
            "id": str(self.team_id),
            "name": self.name,
            "userIds": self.of(DEFAULT),
            "secondaryUserIds": self.of(EXTRA),
        }


@dataclass
class Teams:
    """Read and changed under the portal's `crm.lock` only."""

    by_id: dict[int, Team] = field(default_factory=dict)
    next_id: int = 6_401

    def find(self, text: str) -> Team:
        """Raises TeamNotFound."""
        team = self.by_id.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 18 else None
        if team is None:
            raise TeamNotFound(text)
        return team

    def create(self, name: str, parent_id: int | None) -> Team:
        self._check_name(name)
        team = Team(self.next_id, name, parent_id)
        self.by_id[team.team_id] = team
        self.next_id += 1
        return team

    def _check_name(self, name: str) -> None:
        if not name.strip():
            raise InvalidInput("A team needs a name.")
        if any(each.name.lower() == name.lower() for each in self.by_id.values()):
            raise Conflict(f"A team named '{name}' already exists.")

    def rename(self, team: Team, name: str) -> None:
        if name.lower() != team.name.lower():
            self._check_name(name)
        team.name = name

    def move(self, team: Team, parent: Team | None) -> None:
        above = parent
        while above is not None:
            if above is team:
                raise InvalidInput("A team cannot be above itself.")
            above = self.by_id.get(above.parent_id) if above.parent_id is not None else None
        team.parent_id = parent.team_id if parent else None

    def delete(self, team: Team) -> None:
        """Teams below it move up."""
        for each in self.by_id.values():
            if each.parent_id == team.team_id:
                each.parent_id = team.parent_id
        del self.by_id[team.team_id]

    def join(self, team: Team, user_id: int, kind: str) -> None:
        """A new default team replaces the old one."""
        if kind == DEFAULT:
            self.leave_default(user_id)
        team.members[user_id] = kind

    def leave_default(self, user_id: int) -> None:
        for each in self.by_id.values():
            if each.members.get(user_id) == DEFAULT:
                del each.members[user_id]

    def leave_all(self, user_id: int, kinds: tuple[str, ...] = KINDS) -> None:
        for each in self.by_id.values():
            if each.members.get(user_id) in kinds:
                del each.members[user_id]

    def of_user(self, user_id: int, kind: str) -> list[str]:
        return [str(each.team_id) for each in self.by_id.values() if each.members.get(user_id) == kind]

    def shown_with_owner(self, user_id: int) -> list[dict[str, Any]]:
        found = [each for each in self.by_id.values() if user_id in each.members]
        found.sort(key=lambda each: each.members[user_id] != DEFAULT)
        return [
            {"id": str(each.team_id), "name": each.name, "primary": each.members[user_id] == DEFAULT} for each in found
        ]
