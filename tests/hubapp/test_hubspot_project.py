"""The project's files: what we write is what HubSpot, as emulated, builds; what it would refuse is never written."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from crm.object_types import OBJECT_TYPES
from crm.subscriptions import subscriptions
from emulator import Emulator
from emulator.control.app_files import load_app
from hubapp.project import APP, PROJECT, WEBHOOKS

Json = dict[str, Any]
CLIENT_ID = "project-client"


@pytest.fixture(autouse=True)
def _public(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://app.example.com"


def run(folder: Path) -> str:
    out = StringIO()
    call_command("hubspot_project", out=folder, stdout=out)
    return out.getvalue()


def refused(folder: Path) -> str:
    with pytest.raises(CommandError) as caught:
        run(folder)
    return str(caught.value)


def load(folder: Path, path: str) -> Json:
    found: Json = json.loads((folder / path).read_text())
    return found


def change(folder: Path, path: str, where: str, value: object) -> None:
    content = load(folder, path)
    *parents, last = where.split(".")
    place: Any = content
    for name in parents:
        place = place[name]
    place[last] = value
    (folder / path).write_text(json.dumps(content))


def upload(emulator: Emulator, folder: Path) -> Any:
    """Have the emulated HubSpot build it; raises Rejected for what it refuses."""
    auth = load(folder, APP)["config"]["auth"]
    app = {
        "client_id": CLIENT_ID,
        "client_secret": "secret",
        "app_id": 77,
        "redirect_uris": auth["redirectUrls"],
        "required_scopes": auth["requiredScopes"],
        "conditional_scopes": auth["conditionallyRequiredScopes"],
        "optional_scopes": auth["optionalScopes"],
        "webhooks_hsmeta": str(folder / WEBHOOKS),
    }
    place = folder / "app.json"
    place.write_text(json.dumps(app))
    load_app(emulator, place)
    return emulator.apps[CLIENT_ID]


def registered(app: Any) -> set[tuple[str, str]]:
    return {(each.event_type, each.property_name or "") for each in app.subscriptions if each.active}


def test_what_is_written_builds_and_subscribes_to_what_the_handlers_want(tmp_path: Path) -> None:
    run(tmp_path)
    app = upload(Emulator(), tmp_path)
    assert registered(app) == {(each.event_type, each.property_name) for each in subscriptions()}
    assert app.webhook.target_url == "https://app.example.com/webhooks/hubspot"
    assert app.webhook.max_concurrent_requests == 10


def test_the_app_asks_for_what_an_install_asks_for(tmp_path: Path, settings: Settings) -> None:
    settings.HUBSPOT_OPTIONAL_SCOPES = ["automation"]
    run(tmp_path)
    app = load(tmp_path, APP)
    assert (app["type"], app["config"]["distribution"]) == ("app", "marketplace")
    auth = app["config"]["auth"]
    assert auth["redirectUrls"] == ["https://app.example.com/oauth/callback"]
    assert auth["requiredScopes"] == ["oauth"]
    assert {"oauth", *auth["conditionallyRequiredScopes"]} == set(settings.HUBSPOT_SCOPES)
    assert auth["optionalScopes"] == ["automation"]
    assert load(tmp_path, PROJECT) == {"name": "hubapp", "srcDir": "src", "platformVersion": "2026.03"}


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    run(tmp_path)
    first = {path: (tmp_path / path).read_bytes() for path in (PROJECT, APP, WEBHOOKS)}
    assert "switched off" not in run(tmp_path)
    assert {path: (tmp_path / path).read_bytes() for path in first} == first


def test_what_was_deployed_stays_switched_off(tmp_path: Path) -> None:
    run(tmp_path)
    webhooks = load(tmp_path, WEBHOOKS)
    arrays = webhooks["config"]["subscriptions"]
    arrays["legacyCrmObjects"].append(
        {"subscriptionType": "contact.propertyChange", "propertyName": "fax", "active": True}
    )
    arrays["crmObjects"].append({"subscriptionType": "object.creation", "objectType": "contact", "active": True})
    (tmp_path / WEBHOOKS).write_text(json.dumps(webhooks))
    emulator = Emulator()
    assert ("contact.propertyChange", "fax") in registered(upload(emulator, tmp_path))

    said = run(tmp_path)
    assert "kept, switched off: contact.propertyChange fax" in said
    assert "kept, switched off: object.creation contact" in said
    app = upload(emulator, tmp_path)
    assert registered(app) == {(each.event_type, each.property_name) for each in subscriptions()}
    assert len(app.subscriptions) == len(subscriptions()) + 2


def test_what_is_wanted_again_is_switched_on_again(tmp_path: Path) -> None:
    run(tmp_path)
    webhooks = load(tmp_path, WEBHOOKS)
    for entry in webhooks["config"]["subscriptions"]["legacyCrmObjects"]:
        entry["active"] = False
    (tmp_path / WEBHOOKS).write_text(json.dumps(webhooks))
    assert "switched off" not in run(tmp_path)
    assert all(entry["active"] for entry in load(tmp_path, WEBHOOKS)["config"]["subscriptions"]["legacyCrmObjects"])


def test_what_people_wrote_there_stays(tmp_path: Path) -> None:
    run(tmp_path)
    support = {"supportEmail": "help@example.com"}
    change(tmp_path, APP, "config.support", support)
    change(tmp_path, APP, "config.name", "Mirror")
    change(tmp_path, APP, "uid", "mirror")
    change(tmp_path, APP, "config.auth.redirectUrls", ["http://localhost:8000/oauth/callback"])
    change(tmp_path, PROJECT, "name", "mirror")
    change(tmp_path, WEBHOOKS, "config.settings.maxConcurrentRequests", 25)
    run(tmp_path)
    app = load(tmp_path, APP)
    assert (app["uid"], app["config"]["name"], app["config"]["support"]) == ("mirror", "Mirror", support)
    assert app["config"]["auth"]["redirectUrls"] == [
        "https://app.example.com/oauth/callback",
        "http://localhost:8000/oauth/callback",
    ]
    assert load(tmp_path, PROJECT)["name"] == "mirror"
    assert load(tmp_path, WEBHOOKS)["config"]["settings"]["maxConcurrentRequests"] == 25


@pytest.mark.parametrize(
    ("public_url", "words"),
    [
        ("http://app.example.com", "webhook target http://app.example.com/webhooks/hubspot must begin with https"),
        ("http://app.example.com", "redirect URL http://app.example.com/oauth/callback must begin with https"),
        ("http://localhost:8000", "webhook target http://localhost:8000/webhooks/hubspot must begin with https"),
        ("https://203.0.113.7", "redirect URL https://203.0.113.7/oauth/callback needs a domain"),
    ],
)
def test_addresses_that_hubspot_refuses(tmp_path: Path, settings: Settings, public_url: str, words: str) -> None:
    settings.PUBLIC_URL = public_url
    said = refused(tmp_path)
    assert words in said
    assert list(tmp_path.iterdir()) == []


def test_localhost_may_be_redirected_to(tmp_path: Path, settings: Settings) -> None:
    settings.PUBLIC_URL = "http://localhost:8000"
    assert "redirect URL" not in refused(tmp_path)


@pytest.mark.parametrize("object_type", OBJECT_TYPES, ids=lambda each: each.name)
def test_a_subscription_needs_its_scope(tmp_path: Path, settings: Settings, object_type: Any) -> None:
    settings.HUBSPOT_SCOPES = [scope for scope in settings.HUBSPOT_SCOPES if scope != object_type.scope]
    assert f"{object_type.name}.creation needs the scope {object_type.scope}" in refused(tmp_path)
    settings.HUBSPOT_OPTIONAL_SCOPES = [object_type.scope]
    run(tmp_path)


def test_a_scope_is_asked_for_once(tmp_path: Path, settings: Settings) -> None:
    settings.HUBSPOT_OPTIONAL_SCOPES = ["tickets"]
    assert "scope tickets is asked for 2 times" in refused(tmp_path)


@pytest.mark.parametrize(
    ("path", "where", "value", "words"),
    [
        (PROJECT, "srcDir", "source", "has srcDir 'source'"),
        (APP, "uid", "my app", "uid of src/app/app-hsmeta.json"),
        (APP, "uid", "webhooks", "same uid"),
        (APP, "config.name", "", "name must have 1 to 200"),
        (APP, "config.description", "x" * 8193, "description must have 1 to 8192"),
        (APP, "config.distribution", "public", "distribution is 'public'"),
        (APP, "config.auth.redirectUrls", ["http://dev.example.com/"], "http://dev.example.com/ must begin"),
        (APP, "config.auth", None, "config.auth is not a JSON object"),
        (WEBHOOKS, "config.settings.maxConcurrentRequests", 5, "greater than five"),
        (WEBHOOKS, "config.subscriptions.hubEvents", {}, "hubEvents is not a JSON list"),
        (WEBHOOKS, "config.subscriptions.hubEvents", ["contact.creation"], "hubEvents must hold JSON objects"),
        (
            WEBHOOKS,
            "config.subscriptions.legacyCrmObjects",
            [{"subscriptionType": "contact.propertyChange", "propertyName": f"p{n}"} for n in range(1000)],
            "HubSpot allows 1000",
        ),
    ],
)
def test_an_earlier_version_that_cannot_be_carried_on(
    tmp_path: Path, path: str, where: str, value: object, words: str
) -> None:
    run(tmp_path)
    change(tmp_path, path, where, value)
    before = {each: (tmp_path / each).read_bytes() for each in (PROJECT, APP, WEBHOOKS)}
    assert words in refused(tmp_path)
    assert {each: (tmp_path / each).read_bytes() for each in before} == before


def test_another_name_for_the_same_component(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / APP).rename((tmp_path / APP).with_name("mirror-hsmeta.json"))
    assert "mirror-hsmeta.json is there already" in refused(tmp_path)


def test_a_file_that_is_no_json(tmp_path: Path) -> None:
    (tmp_path / PROJECT).write_text("{")
    assert "hsproject.json cannot be read" in refused(tmp_path)
