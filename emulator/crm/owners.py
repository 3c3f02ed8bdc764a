"""The users of a portal, and the owners that records are assigned to.

An owner's id is not its user's id: assigning a record takes the owner's.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from emulator.instants import iso


@dataclass(frozen=True)
class User:
    user_id: int
    email: str
    super_admin: bool
    # May connect apps without being a super admin.
    marketplace_access: bool = False
    # None: as the address suggests.
    given_name: str | None = None
    family_name: str | None = None
    role_id: str | None = None

    @property
    def first_name(self) -> str:
        return self._names()[0]

    @property
    def last_name(self) -> str:
        return self._names()[1]

    @property
    def name(self) -> str:
        return " ".join(self._names()).strip()

    def _names(self) -> tuple[str, str]:
        first, _, last = self.email.partition("@")[0].partition(".")
        given, family = first.capitalize(), last.replace(".", " ").title()
        return (
            given if self.given_name is None else self.given_name,
            family if self.family_name is None else self.family_name,
        )


@dataclass(frozen=True)
class Owner:
    owner_id: int
    user: User
    created_at: int
    archived: bool = False

    def as_json(self, teams: list[dict[str, Any]]) -> dict[str, Any]:
        """An archived owner keeps its id and loses its user; there is no archivedAt."""
        answer: dict[str, Any] = {
            "id": str(self.owner_id),
            "email": self.user.email,
            "type": "PERSON",
            "firstName": self.user.first_name,
            "lastName": self.user.last_name,
            "userId": None if self.archived else self.user.user_id,
            "userIdIncludingInactive": self.user.user_id,
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.created_at),
            "archived": self.archived,
        }
        if teams:
            answer["teams"] = teams
        return answer


def owners_of(users: list[User], created_at: int) -> dict[int, Owner]:
    owners: dict[int, Owner] = {}
    for user in users:
        owner = Owner(free_owner_id(user.user_id, owners), user, created_at)
        owners[owner.owner_id] = owner
    return owners


def free_owner_id(user_id: int, taken: Container[int]) -> int:
    """Some other number than the user's, so that mistaking one for the other shows."""
    owner_id = 60_000_000 + (user_id * 7_919 + 158_084) % 9_000_000
    while owner_id in taken:
        owner_id += 1
    return owner_id
