"""Users and owners by HubSpot's own client."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tests.emulator.official import official as official  # fixtures
from tests.emulator.official import process as process

users = import_module("hubspot.settings.users")


def test_a_user_comes_and_goes(official: Any) -> None:
    api = official.settings.users.users_api
    role = official.settings.users.roles_api.get_all().results[0]
    request = users.UserProvisionRequest(email="official.person@test.example", send_welcome_email=True)
    made = api.create(request)
    assert (made.email, made.send_welcome_email) == ("official.person@test.example", True)
    assert made.id in {each.id for each in api.get_page(limit=100).results}
    changed = api.replace(made.id, users.PublicUserUpdate(role_id=role.id), id_property="USER_ID")
    assert changed.role_ids == [role.id]
    assert api.get_by_id("official.person@test.example", id_property="EMAIL").id == made.id
    teams = official.settings.users.teams_api.get_all().results
    assert [each.name for each in teams] == ["Sales", "Customer service"]
    [owner] = official.crm.owners.owners_api.get_page(email="official.person@test.example").results
    assert owner.user_id == int(made.id)
    api.archive(made.id)
    gone = official.crm.owners.owners_api.get_by_id(int(owner.id), id_property="id", archived=True)
    assert (gone.user_id, gone.archived) == (None, True)
