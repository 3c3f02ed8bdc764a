"""Whatever is asked of the older paths and the marketing ones, the answer is HubSpot's and never a crash."""

from __future__ import annotations

import itertools
import re

import pytest

from emulator.web.legacy import routes as legacy
from emulator.web.marketing import routes as marketing
from tests.emulator.hub import CRM_SCOPES, HUB, Hub

SCOPES = ["oauth", *CRM_SCOPES, "forms", "content", "marketing.campaigns.read"]
NUMBERS = ["0", "-1", "1", "999999999999999", "9" * 17, "9" * 40, "1.5", "x", "", "ä", "%00", "٣"]
NAMES = [
    *("limit", "count", "offset", "vidOffset", "timeOffset", "after", "since", "timestamp", "objectId"),
    *("startTimestamp", "endTimestamp", "campaignId", "createdAfter", "publishedAt", "occurredAfter", "emailIds"),
]
IN_PATHS = ["101", "0", "9" * 17, "9" * 60, "x", "ä", "contacts", "%20", "a:b", "_"]


@pytest.fixture(scope="module")
def hub() -> Hub:
    found = Hub()
    found.app(conditional_scopes=SCOPES)
    found.portal(
        seed={"contacts": 5, "companies": 3, "deals": 3, "tickets": 3, "notes": 3, "calls": 2, "forms": 3}
        | {"form_submissions": 5, "marketing_emails": 3, "email_events": 20, "web_events": 5}
    )
    found.install(scopes=SCOPES)
    found.control("POST", "sunsets", {"owners_v2": None, "pipelines_v1": None})
    return found


def paths() -> list[str]:
    emulator = Hub().emulator
    return [path for path, _ in (*legacy.routes(emulator), *marketing.routes(emulator))]


@pytest.mark.parametrize("path", paths())
def test_numbers_that_are_none(hub: Hub, path: str) -> None:
    whole = re.sub(r"\{kind_name\}", "contacts", path)
    whole = re.sub(r"\{\w+\}", "101", whole)
    for name, value in itertools.product(NAMES, NUMBERS):
        answer = hub.get(f"{whole}?{name}={value}")
        assert answer.status_code in (200, 400, 404), (name, value, answer.text)
        assert answer.headers["content-type"].startswith("application/json")
        if answer.status_code == 400:
            assert answer.json()["status"] == "error"


@pytest.mark.parametrize("path", [path for path in paths() if "{" in path])
def test_names_that_are_none(hub: Hub, path: str) -> None:
    for text in IN_PATHS:
        answer = hub.get(re.sub(r"\{\w+\}", text, path))
        assert answer.status_code in (200, 400, 404), (text, answer.text)


def test_the_account_is_still_whole(hub: Hub) -> None:
    assert len(hub.emulator.portals[HUB].crm.table(hub.emulator.portals[HUB].crm.object_type("contacts"))) == 5
