"""Users and teams of an account, in the emulator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hubspot_api import errors, owners, teams, users
from hubspot_api.teams import Team, TeamMember, TeamNode
from hubspot_api.users import UserDetails
from tests.hubspot_api.emulated import USER, Place
from tests.hubspot_api.fakes import ok, world


def test_a_user_comes_and_goes(place: Place) -> None:
    client = place.client()
    sales, view_only = (role for role in users.roles(client) if role.name in ("Sales representative", "View only"))
    assert (sales.paid, view_only.paid) == (True, False)
    team, other = teams.create(client, "Sales"), teams.create(client, "Nights")
    details = UserDetails("Grace", "Hopper", sales.id, team.id, (other.id,))
    made = users.create(client, "grace@example.com", details, welcome=True)
    assert (made.email, made.first_name, made.last_name) == ("grace@example.com", "Grace", "Hopper")
    assert (made.role_ids, made.primary_team_id, made.other_team_ids) == ((sales.id,), team.id, (other.id,))
    assert not made.super_admin
    assert "Grace" not in repr(made) + repr(details)
    assert users.get(client, made.id) == made == users.get_by_email(client, "grace@example.com")

    changed = users.update(client, made.id, UserDetails(last_name="H.", role_id=view_only.id, other_team_ids=()))
    assert changed == replace(made, last_name="H.", role_ids=(view_only.id,), other_team_ids=())
    assert {one.id for one in users.list_all(client)} == {USER, made.id}
    users.remove(client, made.id)
    with pytest.raises(errors.NotFound):
        users.get(client, made.id)
    assert [one.email for one in owners.list_all(client) if one.archived] == ["grace@example.com"]


def test_users_that_are_refused(place: Place) -> None:
    client = place.client()
    with pytest.raises(errors.Conflict):
        users.create(client, "ada@example.com")
    with pytest.raises(errors.ValidationFailed):
        users.create(client, "no address")
    with pytest.raises(errors.ValidationFailed):
        users.create(client, "bob@example.com", UserDetails(role_id=1))
    with pytest.raises(errors.NotFound):
        users.create(client, "bob@example.com", UserDetails(primary_team_id=1))
    with pytest.raises(errors.NotFound):
        users.update(client, 999, UserDetails("x"))
    with pytest.raises(errors.ValidationFailed):
        users.remove(client, USER)
    assert [one.id for one in users.list_all(client)] == [USER]


def test_users_are_listed_page_by_page(place: Place) -> None:
    client = place.client()
    ids = [USER] + [users.create(client, f"u{number}@example.com").id for number in range(120)]
    assert [one.id for one in users.list_all(client)] == sorted(ids)
    first = users.list_page(client, limit=50)
    assert [one.id for one in users.list_page(client, limit=50, after=first.after).results] == sorted(ids)[50:100]


def test_an_invitation_is_not_repeated() -> None:
    here = world(ok(status=502), ok({"id": "1", "email": "a@b.example", "roleIds": []}))
    with pytest.raises(errors.Overloaded):
        users.create(here.client, "a@b.example")
    assert len(here.hubspot.asked) == 1


def test_a_team_lives_and_dies(place: Place) -> None:
    client = place.client()
    sales = teams.create(client, "Sales", members=[TeamMember(USER)])
    assert sales == TeamNode(sales.id, "Sales", None)
    north = teams.create(client, "North", parent_id=sales.id)
    assert teams.get(client, north.id) == north == TeamNode(north.id, "North", sales.id)
    assert teams.rename(client, north.id, "Far north") == replace(north, name="Far north")
    assert teams.move(client, north.id, None).parent_id is None
    assert teams.move(client, north.id, sales.id).parent_id == sales.id
    assert teams.list_all(client) == (Team(sales.id, "Sales", (USER,), ()), Team(north.id, "Far north", (), ()))
    teams.delete(client, sales.id)
    assert list(teams.tree(client)) == [TeamNode(north.id, "Far north", None)]


def test_teams_that_are_refused(place: Place) -> None:
    client = place.client()
    above = teams.create(client, "Above")
    below = teams.create(client, "Below", parent_id=above.id)
    with pytest.raises(errors.Conflict):
        teams.create(client, "Above")
    with pytest.raises(errors.NotFound):
        teams.create(client, "Strangers", members=[TeamMember(999)])
    with pytest.raises(errors.ValidationFailed):
        teams.move(client, above.id, below.id)
    for call in (teams.get, teams.delete, teams.member_page):
        with pytest.raises(errors.NotFound):
            call(client, 999)


def test_members_join_and_leave(place: Place) -> None:
    client = place.client()
    ids = [users.create(client, f"u{number}@example.com").id for number in range(150)]
    team, other = teams.create(client, "Sales"), teams.create(client, "Nights")
    joined = teams.add_members(client, team.id, [TeamMember(one) for one in ids])
    assert [one.user_id for one in joined.results] == ids
    assert joined.errors == ()
    assert list(teams.members(client, team.id)) == [TeamMember(one) for one in ids]
    first = teams.member_page(client, team.id, limit=40)
    second = teams.member_page(client, team.id, limit=40, after=first.after)
    assert [one.user_id for one in first.results + second.results] == ids[:80]

    extra = TeamMember(ids[0], primary=False)
    teams.add_members(client, other.id, [extra, TeamMember(ids[1])])
    assert list(teams.members(client, other.id)) == [extra, TeamMember(ids[1])]
    assert TeamMember(ids[1]) not in teams.members(client, team.id)
    with pytest.raises(errors.NotFound):
        teams.remove_member(client, other.id, TeamMember(ids[0]))
    teams.remove_member(client, other.id, extra)
    with pytest.raises(errors.NotFound):
        teams.add_members(client, other.id, [extra, TeamMember(999)])
    assert list(teams.members(client, other.id)) == [TeamMember(ids[1])]


def test_teams_are_listed_page_by_page(place: Place) -> None:
    client = place.client()
    made = [teams.create(client, f"Team {number}") for number in range(105)]
    assert list(teams.tree(client)) == made
    first = teams.tree_page(client, limit=4)
    assert teams.tree_page(client, limit=4, after=first.after).results == tuple(made[4:8])
