"""Users come to an account and leave it, and an owner with each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from emulator.crm.owners import Owner, User, free_owner_id
from emulator.crm.people import add_user_record, remove_user_record, rename_user_record
from emulator.errors import Conflict, InvalidInput
from emulator.portals import Portal
from emulator.settings.roles import ROLES
from emulator.settings.teams import DEFAULT, EXTRA


class LastOfTheirKind(InvalidInput):
    """An account is never left without a user, nor without a super admin it had."""


@dataclass(frozen=True)
class Details:
    """What may be said of a user; None leaves it as it is."""

    first_name: str | None = None
    last_name: str | None = None
    role_id: str | None = None
    primary_team_id: str | None = None
    secondary_team_ids: Sequence[str] | None = None


def find_user(portal: Portal, text: str, *, by_email: bool) -> User | None:
    if by_email:
        return next((user for user in portal.users if user.email.lower() == text.lower()), None)
    return portal.user(int(text)) if text.isascii() and text.isdigit() and len(text) < 18 else None


def next_user_id(portal: Portal) -> int:
    """Beyond those who were here before, too."""
    known = [owner.user.user_id for owner in portal.crm.owners.values()] + [user.user_id for user in portal.users]
    return max(known, default=75_000_000) + 11


def add_user(portal: Portal, user: User) -> Owner:
    """Whoever comes back becomes the owner again that they were.

    Raises Conflict.
    """
    taken = [each for each in portal.users if each.user_id == user.user_id or each.email.lower() == user.email.lower()]
    if taken:
        raise Conflict(f"User {user.email} already exists in account {portal.hub_id}.")
    at = portal.crm.stamp()
    portal.users = [*portal.users, user]
    before = next((each for each in portal.crm.owners.values() if each.user.user_id == user.user_id), None)
    if before is not None:
        owner = replace(before, user=user, archived=False)
    else:
        owner = Owner(free_owner_id(user.user_id, portal.crm.owners), user, at)
    portal.crm.owners[owner.owner_id] = owner
    add_user_record(portal.crm, user, at)
    return owner


def remove_user(portal: Portal, user: User) -> None:
    """The owner stays, archived, and so do the records that are theirs.

    Raises LastOfTheirKind.
    """
    left = [each for each in portal.users if each.user_id != user.user_id]
    if not left or (user.super_admin and not any(each.super_admin for each in left)):
        raise LastOfTheirKind("The last super admin of an account cannot be removed.")
    portal.crm.stamp()
    portal.users = left
    portal.teams.leave_all(user.user_id)
    _replace_owner(portal, user, archived=True)
    remove_user_record(portal.crm, user.user_id)


def give_rights(portal: Portal, user: User, *, super_admin: bool, marketplace_access: bool) -> User:
    """Raises LastOfTheirKind when nobody would be left to administer the account."""
    others = [each for each in portal.users if each.user_id != user.user_id]
    if user.super_admin and not super_admin and not any(each.super_admin for each in others):
        raise LastOfTheirKind("The last super admin of an account must stay one.")
    changed = replace(user, super_admin=super_admin, marketplace_access=marketplace_access)
    portal.users = [changed if each.user_id == user.user_id else each for each in portal.users]
    _replace_owner(portal, changed, archived=False)
    return changed


def _replace_owner(portal: Portal, user: User, *, archived: bool) -> None:
    """Neither moves the owner's updatedAt."""
    for owner_id, owner in list(portal.crm.owners.items()):
        if owner.user.user_id == user.user_id:
            portal.crm.owners[owner_id] = replace(owner, user=user, archived=archived)


def check_details(portal: Portal, details: Details) -> None:
    """Raises InvalidInput and TeamNotFound."""
    if details.role_id and details.role_id not in ROLES:
        raise InvalidInput(f"Role {details.role_id[:50]} does not exist.")
    for team_id in (details.primary_team_id, *(details.secondary_team_ids or ())):
        if team_id:
            portal.teams.find(team_id)


def update_user(portal: Portal, user: User, details: Details) -> User:
    """Raises InvalidInput and TeamNotFound, having changed nothing."""
    check_details(portal, details)
    if details.primary_team_id is not None:
        portal.teams.leave_default(user.user_id)
    if details.secondary_team_ids is not None:
        portal.teams.leave_all(user.user_id, (EXTRA,))
    for team_id in details.secondary_team_ids or ():
        portal.teams.join(portal.teams.find(team_id), user.user_id, EXTRA)
    if details.primary_team_id:
        portal.teams.join(portal.teams.find(details.primary_team_id), user.user_id, DEFAULT)
    renamed = replace(
        user,
        given_name=user.given_name if details.first_name is None else details.first_name,
        family_name=user.family_name if details.last_name is None else details.last_name,
        role_id=user.role_id if details.role_id is None else details.role_id or None,
    )
    portal.users = [renamed if each.user_id == user.user_id else each for each in portal.users]
    _replace_owner(portal, renamed, archived=False)
    rename_user_record(portal.crm, renamed)
    return renamed
