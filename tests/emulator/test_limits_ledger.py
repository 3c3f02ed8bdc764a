"""What the ledger says of each call, and of the windows it came in."""

from __future__ import annotations

import random
from typing import Any

from tests.emulator.hub import APP_ID, HUB, Hub
from tests.emulator.limited import ASSOCIATIONS, CONTACTS, SEARCH, ask


def rows(hub: Hub, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = hub.control("GET", f"requests{query}")["items"]
    return items


def test_the_ledger_counts_as_the_limits_do(hub: Hub) -> None:
    ask(hub)
    ask(hub, SEARCH, {})
    ask(hub, ASSOCIATIONS, {"inputs": []})
    ask(hub)
    found = [(row["burst_in_window"], row["search_in_window"], row["exempt"]) for row in rows(hub)]
    assert found == [(1, 0, False), (1, 1, True), (1, 1, True), (2, 1, False)]
    hub.time.ticks += 10
    ask(hub)
    assert rows(hub)[-1]["burst_in_window"] == 1


def test_what_the_ledger_says_of_a_call(hub: Hub) -> None:
    ask(hub, f"{CONTACTS}?limit=1")
    [row] = rows(hub)
    assert row.keys() == {
        "seq",
        "arrived_at_ms",
        "hub_id",
        "app_id",
        "method",
        "path",
        "status",
        "burst_in_window",
        "search_in_window",
        "exempt",
    }
    assert (row["seq"], row["hub_id"], row["app_id"]) == (1, HUB, APP_ID)
    assert (row["method"], row["path"], row["status"]) == ("GET", CONTACTS, 200)


def test_refusals_and_token_calls_are_in_the_ledger_and_the_emulators_own_pages_are_not(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    hub.refresh(refresh)
    hub.refresh("nonsense")
    hub.http.get(CONTACTS)
    hub.http.get("/")
    hub.http.get(f"/contacts/{HUB}/objects/0-1/views/all/list")
    found = [(row["path"], row["status"], row["hub_id"], row["app_id"]) for row in rows(hub)]
    assert found == [
        ("/oauth/2026-03/token", 200, HUB, APP_ID),
        ("/oauth/2026-03/token", 400, None, APP_ID),
        (CONTACTS, 401, None, None),
    ]


def test_every_429_shows_a_full_window(hub: Hub) -> None:
    dice = random.Random(4)
    for _ in range(400):
        ask(hub)
        hub.time.ticks += dice.random() * 0.1
    refused = [row for row in rows(hub) if row["status"] == 429]
    assert refused
    assert all(row["burst_in_window"] == 110 for row in refused)
    assert max(row["burst_in_window"] for row in rows(hub)) == 110


def test_the_ledger_in_pages_and_by_account(hub: Hub) -> None:
    hub.portal(5)
    first = hub.token
    hub.install(5)
    second = hub.token
    for token in (first, second, first, second, first):
        hub.token = token
        ask(hub)
    page = hub.control("GET", "requests?limit=2")
    assert [row["seq"] for row in page["items"]] == [1, 2]
    assert page["next"] == 2
    page = hub.control("GET", f"requests?since={page['next']}&limit=2")
    assert [row["seq"] for row in page["items"]] == [3, 4]
    page = hub.control("GET", "requests?since=5")
    assert page == {"items": [], "next": 5}
    page = hub.control("GET", "requests?hub_id=5&limit=1")
    assert [row["seq"] for row in page["items"]] == [2]
    page = hub.control("GET", f"requests?hub_id=5&since={page['next']}")
    assert [row["seq"] for row in page["items"]] == [4]
    assert page["next"] == 5
