"""What an account's admins demand of writes, and of which versions of the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import HUB, Hub

Json = dict[str, Any]

NEW, OLDER = "/crm/objects/2026-09/deals", ["/crm/v3/objects/deals", "/crm/objects/2026-03/deals"]
DEAL = {"dealname": "D", "dealstage": "contractsent"}


@pytest.fixture
def strict(hub: Hub) -> Hub:
    rules = {
        "object_type": "deals",
        "required": ["amount"],
        "conditional": [{"property": "dealstage", "value": "closedlost", "require": ["closed_lost_reason"]}],
    }
    hub.control("PUT", f"portals/{HUB}/write_rules", rules)
    return hub


def test_required_fields_of_the_create_form(strict: Hub) -> None:
    refused = strict.post(NEW, {"properties": DEAL})
    assert refused.status_code == 400
    assert refused.json()["category"] == "VALIDATION_ERROR"
    assert refused.json()["errors"][0]["context"] == {"propertyName": ["amount"]}
    assert strict.post(NEW, {"properties": DEAL | {"amount": "5"}}).status_code == 201


@pytest.mark.parametrize("path", OLDER)
def test_older_versions_know_no_rules(strict: Hub, path: str) -> None:
    assert strict.post(path, {"properties": DEAL}).status_code == 201
    strict.post(NEW, {"properties": DEAL})
    assert strict.post(path, {"properties": DEAL}).status_code == 201, "not after a call that does, either"


def test_conditions(strict: Hub) -> None:
    deal = strict.create("deals", **DEAL)
    path = f"{NEW}/{deal}"
    assert strict.call("PATCH", path, {"properties": {"dealname": "E"}}).status_code == 200
    assert strict.call("PATCH", path, {"properties": {"dealstage": "closedlost"}}).status_code == 400
    both = {"dealstage": "closedlost", "closed_lost_reason": "Too dear"}
    assert strict.call("PATCH", path, {"properties": both}).status_code == 200
    assert strict.call("PATCH", path, {"properties": {"closed_lost_reason": ""}}).status_code == 400
    assert strict.call("PATCH", path, {"properties": {"dealname": "F"}}).status_code == 200


def test_batches(strict: Hub) -> None:
    lost = {"id": strict.create("deals", **DEAL), "properties": {"dealstage": "closedlost"}}
    assert strict.post(f"{NEW}/batch/update", {"inputs": [lost]}).status_code == 400
    assert strict.post(f"{NEW}/batch/create", {"inputs": [{"properties": DEAL}]}).status_code == 400
    traced = [
        {"properties": DEAL, "objectWriteTraceId": "a"},
        {"properties": DEAL | {"amount": "1"}, "objectWriteTraceId": "b"},
    ]
    answer = strict.post(f"{NEW}/batch/create", {"inputs": traced})
    assert (answer.status_code, answer.json()["numErrors"]) == (201, 1)
    assert [each["objectWriteTraceId"] for each in answer.json()["results"]] == ["b"]


def test_rules_that_are_refused_and_rules_that_are_kept(strict: Hub) -> None:
    for wrong in ({"object_type": "butterflies"}, {"object_type": "deals", "required": ["wings"]}):
        answer = strict.http.put(f"/_emulator/portals/{HUB}/write_rules", json=wrong)
        assert answer.status_code == 400
    saved = strict.control("GET", "snapshot")
    strict.control("POST", "reset")
    strict.control("PUT", "snapshot", saved)
    assert strict.post(NEW, {"properties": DEAL}).status_code == 400
