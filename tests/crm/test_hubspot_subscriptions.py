from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from pytest_django import Settings

from crm import subscribing
from crm.subscriptions import Subscription, subscriptions
from installations.clients import developer_client
from tests.hubspot import HubSpot

KEY = "11111111-2222-4333-8444-555555555555"
APP_ID = configured.HUBSPOT_APP_ID
TARGET = f"{configured.PUBLIC_URL}/webhooks/hubspot"


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("hubspot_subscriptions", *arguments, stdout=out)
    return out.getvalue()


def test_programs_read_json() -> None:
    wanted = json.loads(printed("--list", "--format", "json"))
    assert {"event_type": "contact.creation"} in wanted
    assert {"event_type": "contact.propertyChange", "property": "email"} in wanted


def test_people_read_a_line_each() -> None:
    lines = printed("--list").splitlines()
    assert "deal.deletion" in lines
    assert "company.propertyChange name" in lines


@pytest.fixture
def legacy(hubspot: HubSpot, settings: Settings, db: None) -> HubSpot:
    """A legacy app without any webhooks, and its developer's key."""
    hubspot.add_app(developer_api_key=KEY, webhook=None, subscriptions=[])
    settings.HUBSPOT_DEVELOPER_API_KEY = KEY
    return hubspot


def there(hubspot: HubSpot) -> dict[Subscription, bool]:
    """What HubSpot has, and whether it is active."""
    found = hubspot.call("GET", f"/webhooks/v3/{APP_ID}/subscriptions?hapikey={KEY}")["results"]
    return {Subscription(each["eventType"], each.get("propertyName", "")): each["active"] for each in found}


def subscribe(hubspot: HubSpot, **body: Any) -> int:
    made = hubspot.call("POST", f"/webhooks/v3/{APP_ID}/subscriptions?hapikey={KEY}", body)
    return int(made["id"])


class TestSync:
    def test_all_that_is_wanted_is_added_and_the_target_set(self, legacy: HubSpot) -> None:
        said = printed("--sync")
        assert there(legacy) == dict.fromkeys(subscriptions(), True)
        settings = legacy.call("GET", f"/webhooks/v3/{APP_ID}/settings?hapikey={KEY}")
        assert settings["targetUrl"] == TARGET
        assert "added contact.propertyChange email" in said
        assert f"In step: {len(subscriptions())} subscriptions." in said

    @pytest.mark.parametrize("version", ["2025-09", "2026-03", "2026-09"])
    def test_every_version_knows_it_as_done(self, legacy: HubSpot, settings: Settings, version: str) -> None:
        printed("--sync")
        settings.HUBSPOT_API_VERSION = version
        before = len(legacy.requests(path="/"))
        assert "Nothing to do." in printed("--sync")
        asked = legacy.requests(path="/")[before:]
        assert {each["method"] for each in asked if "webhooks" in each["path"]} == {"GET"}

    def test_what_is_not_wanted_is_paused_and_what_was_paused_resumes(self, legacy: HubSpot) -> None:
        subscribe(legacy, eventType="contact.propertyChange", propertyName="fax", active=True)
        subscribe(legacy, eventType="object.creation", objectTypeId="0-1", active=True)
        subscribe(legacy, eventType="contact.propertyChange", propertyName="email", active=False)
        said = printed("--sync")
        assert "paused contact.propertyChange fax" in said
        assert "paused object.creation of 0-1" in said
        assert "resumed contact.propertyChange email" in said
        after = there(legacy)
        assert {each for each, active in after.items() if active} == set(subscriptions())
        assert after[Subscription("contact.propertyChange", "fax")] is False
        assert "Nothing to do." in printed("--sync")

    def test_a_dry_run_only_looks(self, legacy: HubSpot) -> None:
        subscribe(legacy, eventType="contact.propertyChange", propertyName="fax", active=True)
        subscribe(legacy, eventType="deal.creation", active=False)
        before = there(legacy)
        lines = printed("--sync", "--dry-run").splitlines()
        assert there(legacy) == before
        assert f"would set target {TARGET}" in lines
        assert "would add contact.creation" in lines
        assert "would pause contact.propertyChange fax" in lines
        assert "would resume deal.creation" in lines

    def test_the_number_of_requests_at_once_is_left_as_it_is(self, legacy: HubSpot) -> None:
        body = {"targetUrl": "https://old.example.com/", "throttling": {"maxConcurrentRequests": 33}}
        legacy.call("PUT", f"/webhooks/v3/{APP_ID}/settings?hapikey={KEY}", body)
        printed("--sync")
        settings = legacy.call("GET", f"/webhooks/v3/{APP_ID}/settings?hapikey={KEY}")
        assert (settings["targetUrl"], settings["throttling"]) == (TARGET, {"maxConcurrentRequests": 33})

    def test_what_hubspot_refuses_is_said_and_the_rest_done(self, legacy: HubSpot, settings: Settings) -> None:
        scopes = [scope for scope in settings.HUBSPOT_SCOPES if scope not in ("oauth", "tickets")]
        legacy.add_app(developer_api_key=KEY, webhook=None, subscriptions=[], conditional_scopes=scopes)
        tickets = [each for each in subscriptions() if each.event_type.startswith("ticket.")]
        out = StringIO()
        with pytest.raises(CommandError, match=f"refused {len(tickets)},"):
            call_command("hubspot_subscriptions", "--sync", stdout=out)
        assert "REFUSED ticket.creation: " in out.getvalue()
        assert set(there(legacy)) == set(subscriptions()) - set(tickets)

    def test_one_that_is_deleted_meanwhile_is_told_apart(self, legacy: HubSpot) -> None:
        gone = subscribe(legacy, eventType="contact.propertyChange", propertyName="fax", active=True)
        subscribe(legacy, eventType="contact.propertyChange", propertyName="salutation", active=True)
        client = developer_client()
        todo = subscribing.plan(client, APP_ID, [], TARGET)
        legacy.call("DELETE", f"/webhooks/v3/{APP_ID}/subscriptions/{gone}?hapikey={KEY}")
        said: list[str] = []
        assert subscribing.carry_out(client, APP_ID, todo, TARGET, said.append) == 1
        assert f"REFUSED Failed to find subscriptions by id `{gone}`." in said
        assert "paused contact.propertyChange salutation" in said

    def test_one_that_somebody_adds_meanwhile_is_there(self, legacy: HubSpot) -> None:
        client = developer_client()
        todo = subscribing.plan(client, APP_ID, subscriptions(), TARGET)
        subscribe(legacy, eventType="contact.creation", active=True)
        said: list[str] = []
        assert subscribing.carry_out(client, APP_ID, todo, TARGET, said.append) == 0
        assert "added meanwhile by somebody else: contact.creation" in said
        assert set(there(legacy)) == set(subscriptions())

    def test_nothing_is_done_beyond_the_cap(self, legacy: HubSpot) -> None:
        crowd = [{"event_type": "contact.propertyChange", "property": f"p{n}", "active": False} for n in range(1000)]
        legacy.add_app(developer_api_key=KEY, webhook=None, subscriptions=crowd)
        with pytest.raises(CommandError, match=r"has 1000 subscriptions.*HubSpot allows 1000"):
            printed("--sync")
        assert len(there(legacy)) == 1000

    @pytest.mark.usefixtures("legacy")
    def test_a_wrong_key_is_not_shown(self, settings: Settings) -> None:
        settings.HUBSPOT_DEVELOPER_API_KEY = "wrong-key-of-mine"
        with pytest.raises(CommandError, match="401") as caught:
            printed("--sync")
        assert "wrong-key-of-mine" not in str(caught.value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"HUBSPOT_APP_ID": 0}, "HUBSPOT_APP_ID is not set"),
        ({"HUBSPOT_DEVELOPER_API_KEY": ""}, "HUBSPOT_DEVELOPER_API_KEY is not set"),
        ({"DEVELOPMENT": False, "PUBLIC_URL": "http://app.example.com"}, "https only"),
    ],
)
def test_what_is_missing_is_named_before_hubspot_is_asked(
    settings: Settings, wrong: dict[str, Any], words: str
) -> None:
    settings.HUBSPOT_DEVELOPER_API_KEY = KEY
    for name, value in wrong.items():
        setattr(settings, name, value)
    with pytest.raises(CommandError, match=words):
        printed("--sync")
