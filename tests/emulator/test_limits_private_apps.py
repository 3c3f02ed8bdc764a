"""Private apps' tiers, and the day's calls, which they share until the account's midnight."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.emulator.hub import HUB, Hub
from tests.emulator.limited import ASSOCIATIONS, SEARCH, ask


@pytest.mark.parametrize(
    ("tier", "burst", "daily"),
    [
        ("free", 100, 250_000),
        ("starter", 100, 250_000),
        ("professional", 190, 625_000),
        ("enterprise", 190, 1_000_000),
    ],
)
def test_private_apps_by_tier(bare: Hub, tier: str, burst: int, daily: int) -> None:
    bare.portal(5, tier=tier)
    private(bare, 5)
    headers = ask(bare).headers
    assert headers["x-hubspot-ratelimit-max"] == str(burst)
    assert headers["x-hubspot-ratelimit-daily"] == str(daily)
    assert headers["x-hubspot-ratelimit-daily-remaining"] == str(daily - 1)
    codes = [ask(bare).status_code for _ in range(burst)]
    assert codes == [200] * (burst - 1) + [429]
    refused = ask(bare).json()
    assert refused["groupName"].startswith("publicapi:private_app-api-calls-ten-secondly:5:")


def private(hub: Hub, hub_id: int) -> None:
    body = {"private_app": True, "scopes": ["crm.objects.contacts.read"]}
    hub.token = hub.control("POST", f"portals/{hub_id}/tokens", body)["access_token"]


def test_the_daily_allowance_is_shared_and_ends_at_the_accounts_midnight(bare: Hub) -> None:
    bare.portal(5, tier="free", time_zone="Europe/Berlin")
    private(bare, 5)
    ask(bare)
    private(bare, 5)
    assert ask(bare).headers["x-hubspot-ratelimit-daily-remaining"] == str(250_000 - 2)
    usage = bare.get("/account-info/v3/api-usage/daily/private-apps").json()["results"][0]
    assert (usage["usageLimit"], usage["currentUsage"]) == (250_000, 3)
    # 23:00 in UTC is midnight in Berlin, in winter.
    assert usage["resetsAt"].endswith("T23:00:00Z")
    until = 86_400 - (bare.time.ms // 1000 + 3_600) % 86_400
    bare.advance(until - 1)
    assert ask(bare).headers["x-hubspot-ratelimit-daily-remaining"] == str(250_000 - 4)
    bare.advance(1)
    assert ask(bare).headers["x-hubspot-ratelimit-daily-remaining"] == str(250_000 - 1)


def test_the_end_of_the_daily_allowance(bare: Hub) -> None:
    bare.portal(5, tier="free")
    private(bare, 5)
    bare.control("POST", "portals/5/limits", {"private_app_calls_today": 249_999})
    assert ask(bare).headers["x-hubspot-ratelimit-daily-remaining"] == "0"
    refused = ask(bare)
    assert refused.status_code == 429
    assert refused.json()["message"] == "You have reached your daily limit."
    assert refused.json()["policyName"] == "DAILY"


def test_more_calls_can_be_bought(bare: Hub) -> None:
    bare.portal(5, tier="enterprise")
    bare.control("POST", "portals/5/limits", {"api_limit_increases": 2})
    private(bare, 5)
    headers = ask(bare).headers
    assert headers["x-hubspot-ratelimit-max"] == "250", "two do not stack"
    assert headers["x-hubspot-ratelimit-daily"] == "3000000", "but these do"
    assert [ask(bare).status_code for _ in range(250)] == [200] * 249 + [429]
    assert bare.http.post("/_emulator/portals/5/limits", json={"api_limit_increases": 3}).status_code == 400
    saved = bare.control("GET", "snapshot")
    bare.control("PUT", "snapshot", saved)
    assert bare.control("POST", "portals/5/limits", {})["private_app_burst"] == 250


def test_an_app_distributed_privately_is_metered_as_private_apps_are(bare: Hub) -> None:
    bare.app(private_distribution=True, allowed_portals=[HUB])
    bare.install()
    headers = ask(bare).headers
    assert headers["x-hubspot-ratelimit-max"] == "190"
    assert headers["x-hubspot-ratelimit-daily-remaining"] == str(625_000 - 1)


def test_searches_and_association_batches_of_private_apps_count_for_the_day(bare: Hub) -> None:
    bare.portal(5)
    private(bare, 5)
    ask(bare, SEARCH, {})
    ask(bare, ASSOCIATIONS, {"inputs": []})
    answer = ask(bare)
    assert answer.headers["x-hubspot-ratelimit-daily-remaining"] == str(625_000 - 3)
    bare.control("POST", "portals/5/limits", {"private_app_calls_today": 625_000})
    refused = ask(bare, SEARCH, {})
    assert refused.json()["policyName"] == "DAILY"
    assert not [name for name in refused.headers if "ratelimit" in name]


def test_a_call_refused_by_the_burst_costs_nothing_of_the_day(bare: Hub) -> None:
    bare.portal(5, tier="free")
    private(bare, 5)
    for _ in range(120):
        ask(bare)
    assert bare.control("POST", "portals/5/limits", {})["private_app_calls_today"] == 100


@pytest.mark.parametrize(
    ("zone", "instant", "midnight"),
    [
        # The clocks go back an hour on this day: it has 25 hours.
        ("US/Eastern", "2026-11-01T05:00:00Z", "2026-11-02T05:00:00Z"),
        ("US/Eastern", "2026-11-02T05:00:00Z", "2026-11-03T05:00:00Z"),
        # And forward: 23 hours.
        ("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("Asia/Kolkata", "2026-03-28T18:29:59Z", "2026-03-28T18:30:00Z"),
    ],
)
def test_the_day_begins_at_the_accounts_own_midnight(bare: Hub, zone: str, instant: str, midnight: str) -> None:
    bare.time.ms = int(datetime.fromisoformat(instant).timestamp() * 1000)
    bare.portal(5, tier="free", time_zone=zone)
    private(bare, 5)
    usage = "/account-info/v3/api-usage/daily/private-apps"
    assert bare.get(usage).json()["results"][0]["resetsAt"] == midnight
    until = int(datetime.fromisoformat(midnight).timestamp()) - bare.time.ms // 1000
    bare.advance(until - 1)
    assert ask(bare).headers["x-hubspot-ratelimit-daily-remaining"] == str(250_000 - 2)
    bare.advance(1)
    assert ask(bare).headers["x-hubspot-ratelimit-daily-remaining"] == str(250_000 - 1)
