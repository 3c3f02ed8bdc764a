"""Teams of users. Source: HubSpot's pages "User provisioning" (`list_all`) and, in beta, "Teams" (all else).

A user has at most one team as primary (DEFAULT) and any number of others (EXTRA).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hubspot_api import paging
from hubspot_api.answers import Answer
from hubspot_api.client import Client
from hubspot_api.fields import Fields
from hubspot_api.parts import Outcome, in_parts

PAGE_SIZE = 100
SIZE = 100  # inputs HubSpot takes at once

_ALL = "/settings/teams/2026-09-beta"  # there is no other version
_ONE = _ALL + "/{team_id}"
_MEMBERS = _ONE + "/members"


@dataclass(frozen=True, slots=True)
class Team:
    """A team with the ids of its users: those whose primary team it is, and the others."""

    id: int
    name: str
    primary_user_ids: tuple[int, ...]
    other_user_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TeamNode:
    """A team and the one above it; None: it is at the top."""

    id: int
    name: str
    parent_id: int | None


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A user in a team; `primary`: it is the team that decides what is theirs."""

    user_id: int
    primary: bool = True


@dataclass(frozen=True, slots=True)
class TeamPage:
    """Some teams, and where to go on: `after` is opaque, None on the last page."""

    results: tuple[TeamNode, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Some members, and where to go on: `after` is opaque, None on the last page."""

    results: tuple[TeamMember, ...]
    after: str | None


def list_all(client: Client) -> tuple[Team, ...]:
    """Return every team with its users."""
    return client.request("GET", "/settings/users/{version}/teams").fields.each("results", _team)


def tree_page(client: Client, *, after: str | None = None, limit: int = PAGE_SIZE) -> TeamPage:
    """Return one page of teams with the teams above them."""
    fields = client.request("GET", _ALL, params={"limit": limit, "after": after}).fields
    return TeamPage(fields.each("results", _node), fields.after())


def tree(client: Client) -> Iterator[TeamNode]:
    """Yield every team with the team above it, page by page."""
    yield from paging.each(lambda after: tree_page(client, after=after))


def get(client: Client, team_id: int) -> TeamNode:
    """Return one team. Raises NotFound."""
    return _node(client.request("GET", _ONE, path_params={"team_id": team_id}).fields)


def create(client: Client, name: str, *, parent_id: int | None = None, members: Sequence[TeamMember] = ()) -> TeamNode:
    """Make a team, below another or at the top. Raises Conflict when the name is taken, NotFound for whom it names."""
    body: dict[str, object] = {"name": name, "members": [_wire(one) for one in members]}
    parent = {} if parent_id is None else {"parentTeamId": str(parent_id)}
    return _node(client.request("POST", _ALL, json=body | parent).fields)


def rename(client: Client, team_id: int, name: str) -> TeamNode:
    """Give a team another name. Raises NotFound, Conflict."""
    path_params = {"team_id": team_id}
    return _node(client.request("PATCH", _ONE, path_params=path_params, json={"name": name}, idempotent=True).fields)


def move(client: Client, team_id: int, parent_id: int | None) -> TeamNode:
    """Put a team below another, or at the top. Raises NotFound, ValidationFailed for one that is below it."""
    body = {"parentTeamId": None if parent_id is None else str(parent_id)}
    path_params = {"team_id": team_id}
    return _node(client.request("PATCH", _ONE, path_params=path_params, json=body, idempotent=True).fields)


def delete(client: Client, team_id: int) -> None:
    """Delete a team, not its users; teams below it move up. Raises NotFound."""
    client.request("DELETE", _ONE, path_params={"team_id": team_id})


def member_page(client: Client, team_id: int, *, after: str | None = None, limit: int = PAGE_SIZE) -> MemberPage:
    """Return one page of a team's members. Raises NotFound."""
    params = {"limit": limit, "after": after}
    fields = client.request("GET", _MEMBERS, path_params={"team_id": team_id}, params=params).fields
    return MemberPage(fields.each("results", _member), fields.after())


def members(client: Client, team_id: int) -> Iterator[TeamMember]:
    """Yield every member of a team, page by page. Raises NotFound."""
    yield from paging.each(lambda after: member_page(client, team_id, after=after))


def add_members(client: Client, team_id: int, joining: Sequence[TeamMember]) -> Outcome[TeamMember]:
    """Put any number of users into a team; a new primary team replaces the old. Raises NotFound for any it lacks.

    A hundred is taken or refused as a whole.
    """

    def send(part: Sequence[TeamMember]) -> Answer:
        body = {"inputs": [_wire(one) for one in part]}
        # To join twice is the same as once.
        return client.request("POST", _MEMBERS + "/batch", path_params={"team_id": team_id}, json=body, idempotent=True)

    return in_parts(joining, SIZE, send, _member)


def remove_member(client: Client, team_id: int, leaving: TeamMember) -> None:
    """Take a user out of a team. Raises NotFound, also when they are in it the other way."""
    client.request(
        "DELETE",
        _MEMBERS + "/{user_id}",
        path_params={"team_id": team_id, "user_id": leaving.user_id},
        params={"type": _kind(leaving)},
    )


def _kind(member: TeamMember) -> str:
    return "DEFAULT" if member.primary else "EXTRA"


def _wire(member: TeamMember) -> dict[str, str]:
    return {"userId": str(member.user_id), "type": _kind(member)}


def _team(fields: Fields) -> Team:
    return Team(fields.id(), fields.text("name"), fields.ids("userIds"), fields.ids("secondaryUserIds"))


def _node(fields: Fields) -> TeamNode:
    return TeamNode(fields.id(), fields.text("name"), fields.optional_id("parentTeamId"))


def _member(fields: Fields) -> TeamMember:
    return TeamMember(fields.id("userId"), fields.text("type") == "DEFAULT")
