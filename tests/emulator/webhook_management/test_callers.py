"""Who may manage an app's webhooks."""

from __future__ import annotations

from tests.emulator.hub import APP_ID, CRM_SCOPES, HUB, Hub
from tests.emulator.webhook_management.developer import KEY, Developer


def test_the_control_api_tells_the_key_and_keeps_it(hub: Hub) -> None:
    key = hub.app()["developer_api_key"]
    assert len(key) == 36
    assert hub.app()["developer_api_key"] == key
    assert hub.app(developer_api_key=KEY)["developer_api_key"] == KEY
    assert Developer(hub).call("GET", "subscriptions", key=key).status_code == 401


def test_without_a_key_or_with_a_wrong_one(developer: Developer) -> None:
    for key in ("", "nonsense"):
        answer = developer.call("GET", "settings", key=key)
        assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_the_key_as_a_bearer_token(developer: Developer) -> None:
    answer = developer.hub.http.get(f"{developer.base}/settings", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status_code == 200


def test_another_developers_app_is_not_there(developer: Developer) -> None:
    developer.hub.app(client_id="other", app_id=2, developer_api_key="theirs")
    assert developer.call("GET", "settings", key="theirs").status_code == 404
    assert developer.hub.http.get("/webhooks/v3/99/settings", params={"hapikey": KEY}).status_code == 404


def test_one_key_for_all_apps_of_a_developer(developer: Developer) -> None:
    developer.hub.app(client_id="other", app_id=2, developer_api_key=KEY)
    assert developer.hub.http.get("/webhooks/v3/2/settings", params={"hapikey": KEY}).status_code == 200


def test_an_oauth_token_needs_the_scope(hub: Hub) -> None:
    hub.app(conditional_scopes=[*CRM_SCOPES, "developers-read"])
    hub.install(scopes=["oauth"])
    refused = hub.get(f"/webhooks/v3/{APP_ID}/settings")
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    hub.install(scopes=["oauth", "developers-read"])
    assert hub.get(f"/webhooks/v3/{APP_ID}/settings").status_code == 200
    assert hub.call("DELETE", f"/webhooks/v3/{APP_ID}/settings").status_code == 403, "may only read"
    hub.advance(3_600)
    assert hub.get(f"/webhooks/v3/{APP_ID}/settings").json()["category"] == "EXPIRED_AUTHENTICATION"


def test_private_apps_have_no_such_api(hub: Hub) -> None:
    private = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["developers-read"]})
    hub.token = private["access_token"]
    assert hub.get(f"/webhooks/v3/{APP_ID}/settings").status_code == 403
    assert hub.get(f"/webhooks/v3/{private['app_id']}/settings").status_code == 403


def test_calls_are_in_the_ledger_and_in_no_window(developer: Developer) -> None:
    for _ in range(120):
        assert developer.call("GET", "subscriptions").status_code == 200
    row = developer.hub.control("GET", "requests")["items"][-1]
    assert (row["app_id"], row["hub_id"], row["exempt"]) == (APP_ID, None, True)
