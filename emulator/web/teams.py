"""Teams by themselves, in beta: /settings/teams/2026-09-beta."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import falcon

from emulator.errors import InvalidInput
from emulator.instants import iso
from emulator.portals import Portal
from emulator.settings.teams import DEFAULT, KINDS, Team
from emulator.settings.users import find_user
from emulator.web.exchange import json_object, member, no_content, reply, text_id
from emulator.web.gate import ApiResource
from emulator.web.records import batch_inputs
from emulator.web.users import BETA, READ_TEAMS, UserNotFound, page_of

if TYPE_CHECKING:
    from emulator.world import Emulator

WRITE_TEAMS = ("settings.users.teams.write",)
LARGEST_BATCH = 100

Json = dict[str, Any]


class TeamResource(ApiResource):
    def reader(self, req: falcon.Request) -> Portal:
        caller = self.caller(req)
        caller.require(READ_TEAMS)
        return caller.portal

    def writer(self, req: falcon.Request) -> Portal:
        caller = self.caller(req)
        caller.require(WRITE_TEAMS)
        return caller.portal


def _assignment(portal: Portal, given: Any) -> tuple[int, str]:
    """A user and how they belong. Raises UserNotFound."""
    user_id = text_id(member(given, "userId", object, ""))
    user = find_user(portal, user_id, by_email=False)
    if user is None:
        raise UserNotFound(user_id)
    return user.user_id, _kind(member(given, "type", str, DEFAULT))


def _kind(text: str) -> str:
    if text not in KINDS:
        raise InvalidInput(f"Invalid type {text[:50]}: DEFAULT or EXTRA")
    return text


def _member(user_id: int, kind: str) -> Json:
    return {"userId": str(user_id), "type": kind}


class TeamCollection(TeamResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.reader(req)
        with portal.crm.lock:
            teams, more = page_of(req, list(portal.teams.by_id.items()))
            reply(resp, {"results": [team.as_json() for team in teams], **more})

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal, body = self.writer(req), json_object(req)
        parent_id = body.get("parentTeamId")
        with portal.crm.lock:
            members = [_assignment(portal, each) for each in member(body, "members", list, [])]
            parent = portal.teams.find(text_id(parent_id)).team_id if parent_id is not None else None
            team = portal.teams.create(member(body, "name", str, ""), parent)
            for user_id, kind in members:
                portal.teams.join(team, user_id, kind)
            reply(resp, team.as_json(), 201)


class TeamItem(TeamResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, team_id: str) -> None:
        portal = self.reader(req)
        with portal.crm.lock:
            reply(resp, portal.teams.find(team_id).as_json())

    def on_patch(self, req: falcon.Request, resp: falcon.Response, team_id: str) -> None:
        """A parent of null moves the team to the top; what is not named stays."""
        portal, body = self.writer(req), json_object(req)
        with portal.crm.lock:
            team = portal.teams.find(team_id)
            if "parentTeamId" in body:
                above = body["parentTeamId"]
                portal.teams.move(team, portal.teams.find(text_id(above)) if above is not None else None)
            if (name := member(body, "name", str)) is not None:
                portal.teams.rename(team, name)
            reply(resp, team.as_json())

    def on_delete(self, req: falcon.Request, resp: falcon.Response, team_id: str) -> None:
        portal = self.writer(req)
        with portal.crm.lock:
            portal.teams.delete(portal.teams.find(team_id))
        no_content(resp)


class MemberCollection(TeamResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, team_id: str) -> None:
        portal = self.reader(req)
        with portal.crm.lock:
            members = portal.teams.find(team_id).members
            found, more = page_of(req, [(user_id, _member(user_id, kind)) for user_id, kind in members.items()])
        reply(resp, {"results": found, **more})

    def on_post(self, req: falcon.Request, resp: falcon.Response, team_id: str) -> None:
        portal, body = self.writer(req), json_object(req)
        with portal.crm.lock:
            reply(resp, _join(portal, portal.teams.find(team_id), body), 201)


def _join(portal: Portal, team: Team, given: Any) -> Json:
    user_id, kind = _assignment(portal, given)
    portal.teams.join(team, user_id, kind)
    return _member(user_id, kind)


class MemberBatch(TeamResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response, team_id: str) -> None:
        portal, started = self.writer(req), self.now()
        inputs = batch_inputs(json_object(req), LARGEST_BATCH)
        with portal.crm.lock:
            team = portal.teams.find(team_id)
            for each in inputs:
                _assignment(portal, each)
            results = [_join(portal, team, each) for each in inputs]
        times = {"startedAt": iso(started), "completedAt": iso(self.now())}
        reply(resp, {"status": "COMPLETE", "results": results, **times})


class MemberItem(TeamResource):
    def on_delete(self, req: falcon.Request, resp: falcon.Response, team_id: str, user_id: str) -> None:
        portal, kind = self.writer(req), _kind(req.get_param("type") or DEFAULT)
        with portal.crm.lock:
            team = portal.teams.find(team_id)
            user = find_user(portal, user_id, by_email=False)
            if user is None or team.members.get(user.user_id) != kind:
                raise UserNotFound(user_id)
            del team.members[user.user_id]
        no_content(resp)


def routes(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    base = f"/settings/teams/{BETA.name}"
    kinds: list[tuple[str, type[ApiResource]]] = [
        ("", TeamCollection),
        ("/{team_id}", TeamItem),
        ("/{team_id}/members", MemberCollection),
        ("/{team_id}/members/batch", MemberBatch),
        ("/{team_id}/members/{user_id}", MemberItem),
    ]
    return [(f"{base}{path}", resource(emulator, BETA)) for path, resource in kinds]
