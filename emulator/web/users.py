"""Users, roles and teams. /settings/users/v3, /settings/v3/users and /settings/users/{date}."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import falcon

from emulator.crm.owners import User
from emulator.errors import InvalidInput, ObjectNotFound
from emulator.portals import Portal
from emulator.settings.roles import ROLES
from emulator.settings.teams import DEFAULT, EXTRA
from emulator.settings.users import Details, add_user, check_details, find_user, next_user_id, remove_user, update_user
from emulator.web.exchange import json_object, member, next_page, no_content, number, reply, text_id
from emulator.web.gate import ApiResource
from emulator.web.versions import V3, V2026_03, Version

if TYPE_CHECKING:
    from emulator.world import Emulator

READ = ("settings.users.read", "crm.objects.users.read")
WRITE = ("settings.users.write", "crm.objects.users.write")
READ_TEAMS = ("settings.users.teams.read",)

LARGEST_PAGE = 100
BETA = Version("2026-09-beta")

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+")

Json = dict[str, Any]
Row = TypeVar("Row")


class UserNotFound(ObjectNotFound):
    def __init__(self, text: str) -> None:
        super().__init__(f"User {text[:100]} does not exist.")


def user_json(portal: Portal, user: User, *, welcomed: bool = False) -> Json:
    answer: Json = {"id": str(user.user_id), "email": user.email, "roleIds": [user.role_id] if user.role_id else []}
    if user.role_id:
        answer["roleId"] = user.role_id
    for name, value in (("firstName", user.first_name), ("lastName", user.last_name)):
        if value:
            answer[name] = value
    for team_id in portal.teams.of_user(user.user_id, DEFAULT):
        answer["primaryTeamId"] = team_id
    if extra := portal.teams.of_user(user.user_id, EXTRA):
        answer["secondaryTeamIds"] = extra
    return answer | {"superAdmin": user.super_admin, "sendWelcomeEmail": welcomed}


def page_of(req: falcon.Request, rows: Sequence[tuple[int, Row]]) -> tuple[list[Row], Json]:
    """What comes after the last row seen, in the order of ids, and the paging of an answer."""
    limit = number(req, "limit", LARGEST_PAGE, 1, LARGEST_PAGE)
    after = number(req, "after", 0, 0, 10**18)
    left = sorted((each for each in rows if each[0] > after), key=lambda each: each[0])
    more = {"paging": next_page(req, str(left[limit - 1][0]))} if len(left) > limit else {}
    return [row for _, row in left[:limit]], more


class UserList(ApiResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.caller(req)
        caller.require(READ)
        portal = caller.portal
        with portal.crm.lock:
            users, more = page_of(req, [(user.user_id, user) for user in portal.users])
            reply(resp, {"results": [user_json(portal, user) for user in users], **more})

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.caller(req)
        caller.require(WRITE)
        portal, body = caller.portal, json_object(req)
        email, details = member(body, "email", str, "").strip().lower(), _details(body)
        if not _EMAIL.fullmatch(email):
            raise InvalidInput(f"Invalid email address: {email[:100]}")
        with portal.crm.lock:
            check_details(portal, details)
            user = User(next_user_id(portal), email, super_admin=False)
            add_user(portal, user)
            user = update_user(portal, user, details)
            shown = user_json(portal, user, welcomed=member(body, "sendWelcomeEmail", bool, False))
        reply(resp, shown, 201)


def _details(body: Json) -> Details:
    def text(name: str) -> str | None:
        value = body.get(name)
        return text_id(value) if value is not None else None

    teams = member(body, "secondaryTeamIds", list)
    return Details(
        first_name=member(body, "firstName", str),
        last_name=member(body, "lastName", str),
        role_id=text("roleId"),
        primary_team_id=text("primaryTeamId"),
        secondary_team_ids=[text_id(each) for each in teams] if teams is not None else None,
    )


class UserItem(ApiResource):
    def _find(self, req: falcon.Request, portal: Portal, text: str) -> User:
        """Raises UserNotFound."""
        by = req.get_param("idProperty") or "USER_ID"
        if by not in ("USER_ID", "EMAIL"):
            raise InvalidInput(f"Invalid idProperty {by[:50]}: USER_ID or EMAIL")
        user = find_user(portal, text, by_email=by == "EMAIL")
        if user is None:
            raise UserNotFound(text)
        return user

    def on_get(self, req: falcon.Request, resp: falcon.Response, user_id: str) -> None:
        caller = self.caller(req)
        caller.require(READ)
        with caller.portal.crm.lock:
            reply(resp, user_json(caller.portal, self._find(req, caller.portal, user_id)))

    def on_put(self, req: falcon.Request, resp: falcon.Response, user_id: str) -> None:
        caller = self.caller(req)
        caller.require(WRITE)
        details = _details(json_object(req))
        with caller.portal.crm.lock:
            user = update_user(caller.portal, self._find(req, caller.portal, user_id), details)
            reply(resp, user_json(caller.portal, user))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, user_id: str) -> None:
        caller = self.caller(req)
        caller.require(WRITE)
        with caller.portal.crm.lock:
            remove_user(caller.portal, self._find(req, caller.portal, user_id))
        no_content(resp)


class RoleList(ApiResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.caller(req).require(READ)
        reply(resp, {"results": [role.as_json() for role in ROLES.values()]})


class TeamList(ApiResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.caller(req)
        caller.require(READ_TEAMS)
        with caller.portal.crm.lock:
            reply(resp, {"results": [team.with_members() for team in caller.portal.teams.by_id.values()]})


def routes(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    """In the first generation, collections and single users have the version in different places; both take both."""
    bases = [("/settings/users/v3", V3), ("/settings/v3/users", V3)]
    bases += [(f"/settings/users/{version.name}", version) for version in (V2026_03, BETA)]
    kinds: list[tuple[str, type[ApiResource]]] = [
        ("", UserList),
        ("/roles", RoleList),
        ("/teams", TeamList),
        ("/{user_id}", UserItem),
    ]
    return [(f"{base}{path}", resource(emulator, version)) for base, version in bases for path, resource in kinds]
