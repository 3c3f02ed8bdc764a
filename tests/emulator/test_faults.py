"""Answers that fail on demand, deterministic by seed."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest

from tests.emulator.hub import HUB, Hub

CONTACTS = "/crm/objects/2026-03/contacts"


def add(hub: Hub, action: str, **more: Any) -> int:
    number: int = hub.control("POST", "faults", {"action": action} | more)["id"]
    return number


@pytest.mark.parametrize("status", [401, 403, 423, 429, 500, 502, 503, 504])
def test_any_status(hub: Hub, status: int) -> None:
    add(hub, "status", params={"status": status}, count=1)
    answer = hub.get(CONTACTS)
    assert answer.status_code == status
    assert answer.json()["status"] == "error"
    assert hub.get(CONTACTS).status_code == 200
    assert [row["status"] for row in hub.control("GET", "requests")["items"]] == [status, 200]


def test_a_429_has_hubspots_body_and_a_retry_after_if_wanted(hub: Hub) -> None:
    add(hub, "status", params={"status": 429, "policy": "SECONDLY", "retry_after": 7}, count=1)
    answer = hub.get(CONTACTS)
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["policyName"] == "SECONDLY"


def test_a_status_with_a_body_of_its_own(hub: Hub) -> None:
    params = {"status": 500, "body": {"status": "error", "message": "You have reached your daily limit."}}
    add(hub, "status", params=params | {"headers": {"X-Extra": "1"}}, count=1)
    answer = hub.get(CONTACTS)
    assert answer.json() == params["body"]
    assert answer.headers["x-extra"] == "1"
    add(hub, "status", params={"status": 500, "body": "oops"}, count=1)
    assert hub.get(CONTACTS).text == "oops"


def test_html_from_the_edge(hub: Hub) -> None:
    add(hub, "html", count=1)
    answer = hub.get(CONTACTS)
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")


def test_an_error_that_repeats_the_request(hub: Hub) -> None:
    add(hub, "echo", params={"status": 403}, count=1)
    answer = hub.post(CONTACTS, {"properties": {"email": "ada@example.com"}})
    sent = answer.request.headers["authorization"]
    assert answer.status_code == 403
    assert sent in answer.json()["message"]
    assert "ada@example.com" in answer.json()["message"]
    assert f"Bearer {answer.json()['category']}" == sent


def test_the_token_endpoint_repeats_each_secret(hub: Hub) -> None:
    add(hub, "echo", params={"status": 400}, match={"path": "/oauth/*/token"}, count=1)
    form = {"grant_type": "refresh_token", "client_secret": "the-secret", "refresh_token": "the-token"}
    answer = hub.http.post("/oauth/2026-03/token", data=form)
    assert answer.status_code == 400
    assert {"the-secret", "the-token"} <= {str(value) for value in answer.json().values()}


def test_a_migration(hub: Hub) -> None:
    add(hub, "migrating", params={"retry_after_s": 86_400}, count=1)
    answer = hub.get(CONTACTS)
    assert answer.status_code == 477
    assert answer.headers["retry-after"] == "86400"
    assert answer.json()["message"] == f"Hub {HUB} is currently being migrated"


def test_the_wrong_region(hub: Hub) -> None:
    add(hub, "wrong_hublet", count=1)
    answer = hub.get(CONTACTS)
    assert answer.status_code == 488
    assert answer.json()["correctHublet"] == "eu1"


def test_a_connection_that_dies_before_the_call_is_carried_out(hub: Hub) -> None:
    add(hub, "reset", match={"method": "post"}, count=1)
    with pytest.raises(httpx2.ReadError):
        hub.post(CONTACTS, {"properties": {"email": "a@b.co"}})
    assert hub.get(CONTACTS).json()["results"] == []
    assert hub.control("GET", "requests")["items"][0]["status"] == 0


def test_a_connection_that_dies_after_it(hub: Hub) -> None:
    add(hub, "reset", match={"method": "POST"}, params={"after": True}, count=1)
    with pytest.raises(httpx2.ReadError):
        hub.post(CONTACTS, {"properties": {"email": "a@b.co"}})
    assert len(hub.get(CONTACTS).json()["results"]) == 1


def test_a_body_that_is_cut(hub: Hub) -> None:
    add(hub, "truncate", count=1)
    with pytest.raises(httpx2.ReadError):
        hub.get(CONTACTS)


def test_a_body_that_drips(hub: Hub) -> None:
    whole = hub.get(CONTACTS).json()
    add(hub, "drip", params={"bytes": 3, "pause_ms": 0}, count=1)
    assert hub.get(CONTACTS).json() == whole


def test_latency(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    add(hub, "latency", params={"ms": 300}, count=1)
    add(hub, "latency", params={"min_ms": 50, "max_ms": 60}, count=1)
    assert hub.get(CONTACTS).status_code == 200
    assert slept[0] == 0.3
    assert 0.05 <= slept[1] <= 0.06


@pytest.mark.parametrize(
    ("match", "struck"),
    [
        ({}, True),
        ({"method": "GET"}, True),
        ({"method": "POST"}, False),
        ({"path": "/crm"}, True),
        ({"path": "/oauth"}, False),
        ({"path": "*/contacts"}, True),
        ({"path": "*/companies"}, False),
        ({"hub_id": HUB}, True),
        ({"hub_id": 5}, False),
        ({"method": "GET", "path": "/crm", "hub_id": 5}, False),
    ],
)
def test_what_a_fault_matches(hub: Hub, match: dict[str, Any], struck: bool) -> None:
    add(hub, "status", match=match, params={"status": 503})
    assert (hub.get(CONTACTS).status_code == 503) == struck


def test_the_token_endpoint_can_fail_too(hub: Hub) -> None:
    add(hub, "status", match={"path": "/oauth/2026-03/token"}, params={"status": 429}, count=1)
    refresh = hub.install()["refresh_token"]
    assert hub.refresh(refresh).status_code == 429
    assert hub.refresh(refresh).status_code == 200


def test_the_emulators_own_pages_never_fail(hub: Hub) -> None:
    add(hub, "status", params={"status": 503})
    assert hub.http.get("/").status_code == 200
    assert hub.http.get("/_emulator/state").status_code == 200


def outcomes(hub: Hub, seed: int) -> list[int]:
    number = add(hub, "status", params={"status": 503}, probability=0.4, seed=seed)
    found = [hub.get(CONTACTS).status_code for _ in range(40)]
    hub.control("DELETE", f"faults/{number}")
    return found


def test_chance_is_the_same_for_the_same_seed(hub: Hub) -> None:
    first = outcomes(hub, 1)
    assert 5 < first.count(503) < 30
    assert outcomes(hub, 1) == first
    assert outcomes(hub, 2) != first


def test_faults_can_be_looked_at_and_taken_back(hub: Hub) -> None:
    number = add(hub, "status", match={"path": "/crm"}, params={"status": 503}, count=5)
    hub.get(CONTACTS)
    [shown] = hub.control("GET", "faults")["items"]
    assert shown == hub.control("GET", f"faults/{number}")
    assert (shown["id"], shown["struck"], shown["count"]) == (number, 1, 5)
    assert shown["match"] == {"path": "/crm"}
    hub.control("DELETE", f"faults/{number}")
    assert hub.get(CONTACTS).status_code == 200
    assert hub.http.delete(f"/_emulator/faults/{number}").status_code == 400
    assert hub.http.get("/_emulator/faults/x").status_code == 400
    add(hub, "drop")
    hub.control("DELETE", "faults")
    assert hub.control("GET", "faults")["items"] == []


def walk(hub: Hub, seed: int) -> list[tuple[int, int]]:
    """The same calls each time; what became of them."""
    hub.control("DELETE", "faults")
    add(hub, "status", params={"status": 503}, probability=0.3, seed=seed)
    add(hub, "reset", params={"after": True}, probability=0.2, seed=seed + 1, match={"method": "POST"})
    add(hub, "html", probability=0.2, seed=seed + 2, match={"path": "*/contacts"})
    found = []
    for number in range(60):
        try:
            if number % 3:
                answer = hub.get(CONTACTS if number % 2 else "/crm/v3/owners")
            else:
                answer = hub.post(CONTACTS, {"properties": {}})
            found.append((number, answer.status_code))
        except httpx2.ReadError:
            found.append((number, 0))
    return found


def test_the_same_seeds_and_the_same_calls_make_the_same_faults(hub: Hub) -> None:
    first = walk(hub, 7)
    assert {status for _, status in first} >= {0, 200, 502, 503}
    assert walk(hub, 7) == first
    assert walk(hub, 8) != first


def test_a_call_that_a_fault_is_not_about_does_not_move_its_dice(hub: Hub) -> None:
    first = outcomes(hub, 3)
    number = add(hub, "status", match={"path": CONTACTS}, params={"status": 503}, probability=0.4, seed=3)
    found = []
    for _ in range(40):
        assert hub.get("/crm/v3/owners").status_code == 200
        found.append(hub.get(CONTACTS).status_code)
    hub.control("DELETE", f"faults/{number}")
    assert found == first


def test_a_fault_may_begin_later_and_end_by_itself(hub: Hub) -> None:
    number = add(hub, "status", params={"status": 503}, after_s=60, for_s=30)
    shown = hub.control("GET", f"faults/{number}")
    assert shown["ends_at"] > shown["starts_at"]
    assert hub.get(CONTACTS).status_code == 200
    hub.advance(60)
    assert hub.get(CONTACTS).status_code == 503
    hub.advance(29)
    assert hub.get(CONTACTS).status_code == 503
    hub.advance(1)
    assert hub.get(CONTACTS).status_code == 200
    assert hub.control("GET", "faults")["items"] == []
