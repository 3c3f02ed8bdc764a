"""Owners: the people and queues that records are assigned to. Source: HubSpot's page "Owners"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hubspot_api import paging
from hubspot_api.client import Client
from hubspot_api.fields import Fields

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Team:
    """A team an owner belongs to; each owner has at most one primary team."""

    id: int
    name: str
    primary: bool


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner. Assign by `id`, never by `user_id`, which is None for archived owners and queues."""

    id: int
    kind: str  # PERSON or QUEUE
    email: str | None = field(repr=False)
    first_name: str | None = field(repr=False)
    last_name: str | None = field(repr=False)
    user_id: int | None
    teams: tuple[Team, ...]
    archived: bool


@dataclass(frozen=True, slots=True)
class OwnerPage:
    """Some owners, and where to go on; `after` is None on the last page."""

    results: tuple[Owner, ...]
    after: str | None


def list_page(client: Client, *, archived: bool = False, after: str | None = None, limit: int = PAGE_SIZE) -> OwnerPage:
    """Return one page of live or archived owners."""
    params = {"limit": limit, "after": after, "archived": archived}
    fields = client.request("GET", "/crm/owners/{version}", params=params).fields
    return OwnerPage(fields.each("results", _owner), fields.after())


def list_all(client: Client) -> Iterator[Owner]:
    """Yield every owner, the live ones first, then the archived. No time tells which changed: always read all."""
    for archived in (False, True):
        yield from _each(client, archived=archived)


def _each(client: Client, *, archived: bool) -> Iterator[Owner]:
    yield from paging.each(lambda after: list_page(client, archived=archived, after=after))


def _owner(fields: Fields) -> Owner:
    return Owner(
        id=fields.id(),
        kind=fields.optional_text("type") or "PERSON",
        email=fields.optional_text("email"),
        first_name=fields.optional_text("firstName"),
        last_name=fields.optional_text("lastName"),
        user_id=fields.optional_integer("userId"),
        teams=fields.each("teams", _team) if fields.values.get("teams") is not None else (),
        archived=fields.flag("archived", default=False),
    )


def _team(fields: Fields) -> Team:
    return Team(fields.id(), fields.text("name"), fields.flag("primary", default=False))
