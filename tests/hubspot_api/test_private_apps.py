from __future__ import annotations

import pytest

from hubspot_api.errors import NotFound
from hubspot_api.private_apps import looks_like_token, token_info
from hubspot_api.secret import Secret
from tests.hubspot_api.emulated import HUB, HUB_EU, USER, Place


@pytest.mark.parametrize("hub_id", [HUB, HUB_EU])
def test_what_a_token_is_good_for(place: Place, hub_id: int) -> None:
    made = place.control(f"portals/{hub_id}/tokens", private_app=True, scopes=["tickets", "files"])
    token = made["access_token"]
    assert looks_like_token(token)
    info = token_info(place.client(token), Secret(token))
    assert (info.hub_id, info.app_id, info.user_id) == (hub_id, made["app_id"], USER)
    assert set(info.scopes) == {"tickets", "files"}
    assert token not in repr(place.log.records), "the log knows the path, not the body"


def test_another_apps_token_is_none(place: Place) -> None:
    token = place.tokens()["access_token"]
    with pytest.raises(NotFound):
        token_info(place.client(token), Secret(token))


@pytest.mark.parametrize("text", ["", "pat-na1-", "na1-1234abcd-12", "pat-na1-12 34567890", "pat-na1-1234567é90"])
def test_what_does_not_look_like_a_token(text: str) -> None:
    assert not looks_like_token(text)
