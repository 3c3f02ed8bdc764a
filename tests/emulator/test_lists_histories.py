"""Lists that turn static, and what became of their sizes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import Hub, created
from tests.emulator.test_lists import BASE, SCOPES, all_of, make, prop
from tests.emulator.test_lists import hub as hub  # the fixture
from tests.emulator.test_lists_memberships import change, contacts, members

Json = dict[str, Any]
DAY = 86_400


@pytest.fixture
def active(hub: Hub) -> str:
    branch = all_of(prop("email", "ALL_PROPERTY", "IS_KNOWN"))
    list_id: str = make(hub, "Everybody", "DYNAMIC", filterBranch=branch)["listId"]
    return list_id


def later(hub: Hub, days: int) -> None:
    hub.advance(days * DAY)
    hub.install(scopes=SCOPES)


@pytest.mark.parametrize(
    "wanted",
    [
        {"conversionType": "CONVERSION_DATE", "year": 2026, "month": 12, "day": 1},
        {"conversionType": "INACTIVITY", "timeUnit": "WEEK", "offset": 2},
    ],
)
def test_an_active_list_turns_static(hub: Hub, active: str, wanted: Json) -> None:
    path = f"{BASE}/{active}/schedule-conversion"
    [ada] = contacts(hub, 1)
    assert hub.call("PUT", path, wanted).json() == {"listId": active, "requestedConversionTime": wanted}
    later(hub, 10)
    assert "convertedAt" not in hub.get(path).json()
    assert hub.get(f"{BASE}/{active}").json()["list"]["processingType"] == "DYNAMIC"
    later(hub, 10)
    assert "convertedAt" in hub.get(path).json()
    assert hub.get(f"{BASE}/{active}").json()["list"]["processingType"] == "SNAPSHOT"
    [eva] = contacts(hub, 1)
    assert members(hub, active) == [ada]
    saved = hub.control("GET", "snapshot")
    hub.control("PUT", "snapshot", saved)
    assert "convertedAt" in hub.get(path).json()
    change(hub, active, "add", [eva])
    assert members(hub, active) == [ada, eva]


def test_a_conversion_can_be_called_off(hub: Hub, active: str) -> None:
    path = f"{BASE}/{active}/schedule-conversion"
    assert hub.get(path).status_code == 404
    assert hub.call("DELETE", path).status_code == 404
    hub.call("PUT", path, {"conversionType": "INACTIVITY", "timeUnit": "DAY", "offset": 1})
    assert hub.call("DELETE", path).status_code == 204
    later(hub, 5)
    assert hub.get(f"{BASE}/{active}").json()["list"]["processingType"] == "DYNAMIC"


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"conversionType": "SOON"},
        {"conversionType": "CONVERSION_DATE", "year": 2020, "month": 1, "day": 1},
        {"conversionType": "CONVERSION_DATE", "year": 2030, "month": 2, "day": 30},
        {"conversionType": "CONVERSION_DATE", "year": "2030", "month": 2, "day": 1},
        {"conversionType": "INACTIVITY", "timeUnit": "DAY", "offset": 0},
        {"conversionType": "INACTIVITY", "timeUnit": "HOUR", "offset": 1},
        {"conversionType": "INACTIVITY", "timeUnit": [], "offset": 1},
    ],
)
def test_conversions_that_are_refused(hub: Hub, active: str, wanted: Json) -> None:
    assert hub.call("PUT", f"{BASE}/{active}/schedule-conversion", wanted).status_code == 400


def test_a_static_list_is_not_converted(hub: Hub) -> None:
    list_id = make(hub, "Guests")["listId"]
    wanted = {"conversionType": "INACTIVITY", "timeUnit": "DAY", "offset": 1}
    refused = hub.call("PUT", f"{BASE}/{list_id}/schedule-conversion", wanted)
    assert refused.json()["subCategory"] == "ILS.INVALID_PROCESSING_TYPE"


def test_sizes_and_edits(hub: Hub, active: str) -> None:
    hub.change(created())
    hub.change(created())
    later(hub, 1)
    hub.change(created())
    hub.call("PUT", f"{BASE}/{active}/update-list-name?listName=All")
    path = f"{BASE}/{active}/size-and-edits-history/between"
    answer = hub.get(path, startDate="2020-01-01T00:00:00Z", endDate="2030-01-01T00:00:00Z").json()
    assert [each["size"] for each in answer["sizeHistory"]] == [2, 3]
    assert len(answer["editHistory"]) == 1
    none = hub.get(path, startDate="2020-01-01T00:00:00Z", endDate="2020-01-02T00:00:00Z").json()
    assert none == {"sizeHistory": [], "editHistory": []}
    assert hub.get(path, startDate="yesterday", endDate="2030-01-01").status_code == 400
