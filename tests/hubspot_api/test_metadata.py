"""Properties, pipelines, owners, the account and its installs."""

from __future__ import annotations

from typing import Any

import pytest

from hubspot_api import account, errors, installs, owners, pipelines, properties
from hubspot_api.owners import Owner, Team
from hubspot_api.pipeline_stages import Stage
from hubspot_api.pipelines import Pipeline
from hubspot_api.properties import Option, Property
from tests.hubspot_api.fakes import ok, refusal, world

STAGE: dict[str, Any] = {
    "name": "lifecyclestage",
    "label": "Lifecycle stage",
    "type": "enumeration",
    "fieldType": "radio",
    "groupName": "contactinformation",
    "options": [{"label": "Lead", "value": "lead", "hidden": False, "displayOrder": 1, "description": None}],
    "calculated": False,
    "hidden": False,
    "hasUniqueValue": False,
    "hubspotDefined": True,
    "externalOptions": False,
    "archived": False,
    "modificationMetadata": {"archivable": True, "readOnlyDefinition": True, "readOnlyValue": True},
}
DEALS: dict[str, Any] = {
    "id": "default",
    "label": "Sales Pipeline",
    "displayOrder": 1,
    "archived": False,
    "stages": [
        {"id": "closedwon", "label": "Won", "displayOrder": 2, "metadata": {"isClosed": "true", "probability": "1.0"}},
        {"id": "new", "label": "New", "displayOrder": 0, "metadata": {"isClosed": "false", "probability": "0.2"}},
    ],
}
TICKETS: dict[str, Any] = {
    "id": "0",
    "label": "Support",
    "displayOrder": 0,
    "archived": True,
    "stages": [{"id": "4", "label": "Closed", "displayOrder": 0, "metadata": {"ticketState": "CLOSED"}}],
}
OWNER: dict[str, Any] = {
    "id": "60158084",
    "email": "ada@example.com",
    "type": "PERSON",
    "firstName": "Ada",
    "lastName": "Lovelace",
    "userId": 123,
    "archived": False,
    "teams": [{"id": "1", "name": "Sales", "primary": True}],
}
ACCOUNT: dict[str, Any] = {
    "portalId": 123,
    "accountType": "STANDARD",
    "timeZone": "US/Eastern",
    "companyCurrency": "USD",
    "additionalCurrencies": [],
    "utcOffset": "-05:00",
    "uiDomain": "app-eu1.hubspot.com",
    "dataHostingLocation": "eu1",
}


def test_property_definitions() -> None:
    here = world(ok({"results": [STAGE, {"name": "n", "label": "N", "type": "string", "fieldType": "text"}]}))
    full, least = properties.list_all(here.client, "contacts")
    assert full == Property(
        name="lifecyclestage",
        label="Lifecycle stage",
        type="enumeration",
        field_type="radio",
        group="contactinformation",
        options=(Option("lead", "Lead", hidden=False),),
        calculated=False,
        hidden=False,
        unique=False,
        read_only=True,
        hubspot_defined=True,
        external_options=False,
        archived=False,
        refers_to=None,
    )
    assert (least.options, least.read_only, least.group) == ((), False, "")
    assert here.hubspot.paths() == ["GET /crm/properties/2026-03/contacts?archived=false"]


def test_pipelines_and_stages_come_in_the_order_people_see() -> None:
    here = world(ok({"results": [DEALS, TICKETS]}))
    tickets, deals = pipelines.list_all(here.client, "deals")
    assert deals == Pipeline(
        id="default",
        label="Sales Pipeline",
        order=1,
        stages=(
            Stage(
                "new",
                "New",
                0,
                closed=False,
                probability="0.2",
                archived=False,
                metadata={"isClosed": "false", "probability": "0.2"},
            ),
            Stage(
                "closedwon",
                "Won",
                2,
                closed=True,
                probability="1.0",
                archived=False,
                metadata={"isClosed": "true", "probability": "1.0"},
            ),
        ),
        archived=False,
    )
    assert tickets.archived
    assert tickets.stages[0].closed
    assert tickets.stages[0].probability is None
    assert here.hubspot.paths() == ["GET /crm/pipelines/2026-03/deals"]


def test_owners_are_read_live_then_archived_page_by_page() -> None:
    queue = {"id": "2", "type": "QUEUE", "archived": False, "userId": None}
    gone = OWNER | {"id": "3", "archived": True, "userId": None, "teams": None}
    here = world(
        ok({"results": [OWNER], "paging": {"next": {"after": "x"}}}), ok({"results": [queue]}), ok({"results": [gone]})
    )
    ada, tier_one, left = owners.list_all(here.client)
    assert ada == Owner(
        id=60158084,
        kind="PERSON",
        email="ada@example.com",
        first_name="Ada",
        last_name="Lovelace",
        user_id=123,
        teams=(Team(1, "Sales", primary=True),),
        archived=False,
    )
    assert (tier_one.kind, tier_one.email, tier_one.teams) == ("QUEUE", None, ())
    assert (left.archived, left.user_id) == (True, None)
    assert "ada" not in repr(ada).lower()
    assert here.hubspot.paths() == [
        "GET /crm/owners/2026-03?limit=100&archived=false",
        "GET /crm/owners/2026-03?limit=100&after=x&archived=false",
        "GET /crm/owners/2026-03?limit=100&archived=true",
    ]


@pytest.mark.parametrize(("sent", "name"), [(ACCOUNT, None), (ACCOUNT | {"portalName": "Acme"}, "Acme")])
def test_the_account_says_where_and_what_it_is(sent: dict[str, Any], name: str | None) -> None:
    here = world(ok(sent))
    details = account.account_details(here.client)
    assert details == account.AccountDetails(
        hub_id=123,
        account_type="STANDARD",
        time_zone="US/Eastern",
        currency="USD",
        ui_domain="app-eu1.hubspot.com",
        hublet="eu1",
        name=name,
    )
    assert here.hubspot.paths() == ["GET /account-info/2026-03/details"]


def test_an_account_without_a_number_is_named() -> None:
    with pytest.raises(errors.ResponseInvalid, match="portalId should be a whole number, is missing"):
        account.account_details(world(ok({})).client)


def test_an_uninstall_is_asked_for_once() -> None:
    here = world(ok(status=204))
    installs.uninstall(here.client)
    assert here.hubspot.paths() == ["DELETE /appinstalls/2026-03/external-install"]
    here = world(refusal(502), ok(status=204))
    with pytest.raises(errors.Overloaded):
        installs.uninstall(here.client)
    assert len(here.hubspot.asked) == 1
