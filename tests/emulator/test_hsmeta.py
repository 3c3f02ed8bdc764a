"""`webhooks-hsmeta.json`: a project's webhooks, and what HubSpot's build refuses."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator
from emulator.control.app_files import load_app
from emulator.control.fields import Rejected
from tests.emulator.hub import APP_ID, CLIENT_ID, CRM_SCOPES, SECRET, TARGET, Hub, created, kinds

Json = dict[str, Any]


def crm(subscription_type: str, kind: str = "contact", **more: Any) -> Json:
    return {"subscriptionType": subscription_type, "objectType": kind, "active": True} | more


def old(subscription_type: str, **more: Any) -> Json:
    return {"subscriptionType": subscription_type, "active": True} | more


def file(crm_objects: list[Json], legacy: list[Json] | None = None, hub_events: list[Json] | None = None) -> Json:
    """Shaped as HubSpot's own templates are."""
    return {
        "uid": "webhooks",
        "type": "webhooks",
        "config": {
            "settings": {"targetUrl": TARGET, "maxConcurrentRequests": 10},
            "subscriptions": {
                "crmObjects": crm_objects,
                "legacyCrmObjects": legacy or [],
                "hubEvents": hub_events or [],
            },
        },
    }


TEMPLATE = file(
    [crm("object.creation"), crm("object.propertyChange", propertyName="firstname")],
    [old("contact.propertyChange", propertyName="lastname")],
    [old("contact.privacyDeletion")],
)


def upload(hub: Hub, given: Any, **more: Any) -> Json:
    return hub.app(webhook=None, webhooks_hsmeta=given, **more)


def refused(hub: Hub, given: Any, **more: Any) -> str:
    body = {"client_id": CLIENT_ID, "client_secret": SECRET, "app_id": APP_ID, "redirect_uris": []}
    answer = hub.http.post(
        "/_emulator/apps", json=body | {"conditional_scopes": CRM_SCOPES, "webhooks_hsmeta": given} | more
    )
    assert answer.status_code == 400, answer.text
    message: str = answer.json()["error"]
    return message


def test_hubspots_template(hub: Hub) -> None:
    answer = upload(hub, TEMPLATE)
    assert [each["event_type"] for each in answer["subscriptions"]] == [
        "object.creation",
        "object.propertyChange",
        "contact.propertyChange",
        "contact.privacyDeletion",
    ]
    hub.change(created(firstname="Ada", lastname="L"))
    assert kinds(hub.events()) == {"object.creation": 1, "object.propertyChange": 1, "contact.propertyChange": 1}
    again = upload(hub, TEMPLATE)
    assert again["subscriptions"] == answer["subscriptions"], "the ids stay"


def test_what_is_not_active_is_silent_and_so_is_what_does_not_say(hub: Hub) -> None:
    upload(
        hub, file([crm("object.creation", active=False), {"subscriptionType": "object.deletion", "objectType": "deal"}])
    )
    hub.change(created())
    assert hub.events() == []


def test_a_project_keeps_its_age_and_its_webhooks_to_itself(hub: Hub) -> None:
    upload(hub, TEMPLATE, developer_api_key="key")
    key = {"hapikey": "key"}
    before = hub.http.get(f"/webhooks/v3/{APP_ID}/settings", params=key).json()
    hub.advance(60)
    upload(hub, TEMPLATE, developer_api_key="key")
    after = hub.http.get(f"/webhooks/v3/{APP_ID}/settings", params=key).json()
    assert after["createdAt"] == before["createdAt"]
    assert after["updatedAt"] > before["updatedAt"]
    for method, path in (("DELETE", "settings"), ("POST", "subscriptions"), ("PUT", "settings")):
        answer = hub.http.request(method, f"/webhooks/v3/{APP_ID}/{path}", json={}, params=key)
        assert answer.status_code == 400
        assert "webhooks-hsmeta.json" in answer.json()["message"]


def test_what_was_deployed_stays_though_switched_off(hub: Hub) -> None:
    upload(hub, TEMPLATE)
    less = copy.deepcopy(TEMPLATE)
    [gone] = less["config"]["subscriptions"]["legacyCrmObjects"]
    less["config"]["subscriptions"]["legacyCrmObjects"] = []
    assert (
        'contact.propertyChange of lastname was deployed and cannot be removed; keep it with "active": false'
        in refused(hub, less)
    )
    less["config"]["subscriptions"]["legacyCrmObjects"] = [gone | {"active": False}]
    upload(hub, less)
    hub.change(created(lastname="L"))
    assert kinds(hub.events()) == {"object.creation": 1}


def test_an_app_that_was_no_project_may_become_one(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    assert len(upload(hub, TEMPLATE)["subscriptions"]) == 4


def _with(path: str, value: Any) -> Json:
    changed = copy.deepcopy(TEMPLATE)
    *parents, last = path.split(".")
    place = changed
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return changed


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "must be an object"),
        (_with("uid", None), "webhooks_hsmeta.uid is required"),
        (_with("type", "app"), "webhooks_hsmeta.type must be one of webhooks"),
        (_with("config", None), "config is required"),
        (_with("config.settings", None), "config.settings is required"),
        (_with("config.settings.targetUrl", None), "settings.targetUrl is required"),
        (_with("config.settings.targetUrl", "http://example.com/"), "https"),
        (_with("config.settings.maxConcurrentRequests", None), "maxConcurrentRequests is required"),
        (_with("config.settings.maxConcurrentRequests", 5), "greater than five"),
        (_with("config.subscriptions.events", []), "unknown field webhooks_hsmeta.config.subscriptions.events"),
        (_with("config.subscriptions.hubEvents", {}), "hubEvents must be a list"),
        (file([crm("object.creation", "p_services")]), "Unable to infer object type from: p_services"),
        (file([crm("object.creation", "0-162")]), "0-162 is a type id"),
        (file([crm("object.creation", "2-77")]), "2-77 is a type id"),
        (file([crm("object.creation", "contacts")]), "contacts is not the name of the kind, contact is"),
        (file([{"subscriptionType": "object.creation", "objectName": "contact"}]), "unknown field"),
        (file([{"subscriptionType": "object.creation"}]), "objectType is required"),
        (file([crm("contact.creation")]), "contact.creation belongs in legacyCrmObjects"),
        (file([crm("conversation.creation")]), "conversation.creation belongs in hubEvents"),
        (file([], [old("object.creation")]), "object.creation belongs in crmObjects"),
        (file([], [old("contact.privacyDeletion")]), "contact.privacyDeletion belongs in hubEvents"),
        (file([], [], [old("contact.creation")]), "contact.creation belongs in legacyCrmObjects"),
        (file([], [], [old("event.completed")]), "not event.completed"),
        (file([], [old("deal.stageChange")]), "a stage that changes is deal.propertyChange of dealstage"),
        (file([], [old("contact.propertyChange")]), "needs a property"),
        (file([], [old("contact.propertyChange", propertyName="hs_lastmodifieddate")]), "cannot be subscribed to"),
        (file([], [old("contact.creation"), old("contact.creation")]), "contact.creation occurs twice"),
        (file([crm("object.creation", "lead")]), "object.creation of 0-136 needs one of the scopes"),
        (file([], [], [old("conversation.creation")]), "conversations.read"),
    ],
)
def test_files_that_are_refused(hub: Hub, given: Any, words: str) -> None:
    assert words in refused(hub, given)


@pytest.mark.parametrize("other", ["webhook", "subscriptions"])
def test_a_project_says_it_once(hub: Hub, other: str) -> None:
    given: Any = {"target_url": TARGET} if other == "webhook" else []
    assert f"{other}: webhooks_hsmeta says it already" in refused(hub, TEMPLATE, **{other: given})


# -- files -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An app's file beside the project that it belongs to."""
    webhooks = tmp_path / "src" / "app" / "webhooks" / "webhooks-hsmeta.json"
    webhooks.parent.mkdir(parents=True)
    webhooks.write_text(json.dumps(TEMPLATE))
    app = {
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "app_id": APP_ID,
        "redirect_uris": [],
        "conditional_scopes": CRM_SCOPES,
        "webhooks_hsmeta": "src/app/webhooks/webhooks-hsmeta.json",
    }
    found = tmp_path / "app.json"
    found.write_text(json.dumps(app))
    return found


def test_an_app_in_a_file(project: Path) -> None:
    emulator = Emulator()
    load_app(emulator, project)
    assert len(emulator.apps[CLIENT_ID].subscriptions) == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "the body must be an object"),
        ("{}", "client_id is required"),
        ('{"webhooks_hsmeta": "nowhere.json"}', "nowhere.json: No such file"),
    ],
)
def test_files_of_apps_that_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "app.json"
    path.write_text(text)
    with pytest.raises(Rejected, match=words):
        load_app(Emulator(), path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="No such file"):
        load_app(Emulator(), tmp_path / "app.json")
