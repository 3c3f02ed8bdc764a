"""Users of an account: who may sign in there. Source: HubSpot's page "User provisioning".

An `Owner` is what records are assigned to; its `user_id` is the `id` here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hubspot_api import paging
from hubspot_api.client import Client
from hubspot_api.fields import Fields

PAGE_SIZE = 100

_ALL = "/settings/users/{version}"
_ONE = _ALL + "/{user}"


@dataclass(frozen=True, slots=True)
class User:
    """A user. The primary team decides what is theirs; further teams let them see more. `role_ids`: see `roles`."""

    id: int
    email: str = field(repr=False)
    first_name: str | None = field(repr=False)
    last_name: str | None = field(repr=False)
    role_ids: tuple[int, ...]
    primary_team_id: int | None
    other_team_ids: tuple[int, ...]
    super_admin: bool


@dataclass(frozen=True, slots=True)
class UserPage:
    """Some users, and where to go on: `after` is opaque, None on the last page."""

    results: tuple[User, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class UserDetails:
    """What an app may say of a user; None leaves it as it is. `other_team_ids` replace all there were."""

    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    role_id: int | None = None
    primary_team_id: int | None = None
    other_team_ids: tuple[int, ...] | None = None

    def wire(self) -> dict[str, object]:
        """Spell it as HubSpot takes it."""
        others = self.other_team_ids
        given: dict[str, object] = {
            "firstName": self.first_name,
            "lastName": self.last_name,
            "roleId": None if self.role_id is None else str(self.role_id),
            "primaryTeamId": None if self.primary_team_id is None else str(self.primary_team_id),
            "secondaryTeamIds": None if others is None else [str(one) for one in others],
        }
        return {name: value for name, value in given.items() if value is not None}


NO_DETAILS = UserDetails()


@dataclass(frozen=True, slots=True)
class Role:
    """A set of permissions that the account's people have defined. `paid`: giving it to a user may cost a seat."""

    id: int
    name: str
    paid: bool


def list_page(client: Client, *, after: str | None = None, limit: int = PAGE_SIZE) -> UserPage:
    """Return one page of users."""
    fields = client.request("GET", _ALL, params={"limit": limit, "after": after}).fields
    return UserPage(fields.each("results", _user), fields.after())


def list_all(client: Client) -> Iterator[User]:
    """Yield every user, page by page."""
    yield from paging.each(lambda after: list_page(client, after=after))


def get(client: Client, user_id: int) -> User:
    """Return one user. Raises NotFound."""
    return _user(client.request("GET", _ONE, path_params={"user": user_id}).fields)


def get_by_email(client: Client, email: str) -> User:
    """Return the user of that address. Raises NotFound."""
    params = {"idProperty": "EMAIL"}
    return _user(client.request("GET", _ONE, path_params={"user": email}, params=params).fields)


def create(client: Client, email: str, details: UserDetails = NO_DETAILS, *, welcome: bool = False) -> User:
    """Invite a user; `welcome` sends them HubSpot's e-mail. Without a role they may see very little.

    Not repeated when the answer is lost. Raises Conflict when they are there, ValidationFailed for a role or address
    that cannot be.
    """
    body = {"email": email, "sendWelcomeEmail": welcome} | details.wire()
    return _user(client.request("POST", _ALL, json=body).fields)


def update(client: Client, user_id: int, details: UserDetails) -> User:
    """Change a user. Raises NotFound, ValidationFailed for a role that there is not."""
    return _user(client.request("PUT", _ONE, path_params={"user": user_id}, json=details.wire()).fields)


def remove(client: Client, user_id: int) -> None:
    """Take a user out of the account; their owner stays, archived. Raises NotFound, and ValidationFailed for the last
    super admin.
    """
    client.request("DELETE", _ONE, path_params={"user": user_id})


def roles(client: Client) -> tuple[Role, ...]:
    """Return the account's roles."""
    return client.request("GET", _ALL + "/roles").fields.each("results", _role)


def _user(fields: Fields) -> User:
    has_others = fields.values.get("secondaryTeamIds") is not None
    return User(
        id=fields.id(),
        email=fields.text("email"),
        first_name=fields.optional_text("firstName"),
        last_name=fields.optional_text("lastName"),
        role_ids=fields.ids("roleIds"),
        primary_team_id=fields.optional_id("primaryTeamId"),
        other_team_ids=fields.ids("secondaryTeamIds") if has_others else (),
        super_admin=fields.flag("superAdmin", default=False),
    )


def _role(fields: Fields) -> Role:
    return Role(fields.id(), fields.text("name"), fields.flag("requiresBillingWrite"))
