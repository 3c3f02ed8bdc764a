"""Rolling windows exactly, headers where HubSpot sends them, bodies word by word, and the ledger's figures."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.clock import Clock
from emulator.limits import Limits, Meter, Refused, Window
from emulator.oauth.grants import AccessToken
from emulator.portals import Portal, new_portal
from tests.emulator.hub import APP_ID, CLIENT_ID, HUB, SECRET, Hub

CONTACTS = "/crm/objects/2026-03/contacts"
SEARCH = f"{CONTACTS}/search"
ASSOCIATIONS = "/crm/associations/2026-03/contacts/companies/batch/read"


def ask(hub: Hub, path: str = CONTACTS, body: Any = None) -> httpx2.Response:
    """A call that takes no time."""
    method = "POST" if body is not None else "GET"
    return hub.http.request(method, path, json=body, headers={"Authorization": f"Bearer {hub.token}"})


@given(st.lists(st.floats(0, 3, allow_nan=False), max_size=120), st.integers(1, 6))
def test_no_window_ever_holds_more_than_the_limit_and_nobody_is_refused_in_vain(
    pauses: list[float], limit: int
) -> None:
    window, now = Window(limit, 10.0), 0.0
    passed: list[float] = []
    for pause in pauses:
        now += pause
        recent = [at for at in passed if at > now - 10.0]
        allowed, count = window.take(now)
        assert allowed == (len(recent) < limit)
        assert count == len(recent) + allowed
        if allowed:
            passed.append(now)


def test_110_calls_in_any_ten_seconds(hub: Hub) -> None:
    for _ in range(110):
        assert ask(hub).status_code == 200
        hub.time.ticks += 0.05
    refused = ask(hub)
    assert refused.status_code == 429
    assert refused.json() == {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": refused.headers["x-hubspot-correlation-id"],
        "policyName": "TEN_SECONDLY_ROLLING",
    }
    assert "retry-after" not in refused.headers
    hub.time.ticks += 4.49
    assert ask(hub).status_code == 429
    hub.time.ticks += 0.02
    assert ask(hub).status_code == 200, "the first call has left the window"
    assert ask(hub).status_code == 429, "the second has not"


def test_a_refused_call_does_not_count(hub: Hub) -> None:
    for _ in range(110):
        ask(hub)
    for _ in range(50):
        assert ask(hub).status_code == 429
    hub.time.ticks += 10
    assert ask(hub).headers["x-hubspot-ratelimit-remaining"] == "109"


def test_the_limit_is_per_app_and_account(hub: Hub) -> None:
    for _ in range(110):
        ask(hub)
    assert ask(hub).status_code == 429
    hub.portal(5)
    hub.install(5)
    assert ask(hub).status_code == 200
    hub.app(client_id="other", app_id=2)
    answer = hub.control(
        "POST", f"portals/{HUB}/tokens", {"client_id": "other", "scopes": ["crm.objects.contacts.read"]}
    )
    hub.token = answer["access_token"]
    assert ask(hub).status_code == 200


def test_headers_of_an_ordinary_call(hub: Hub) -> None:
    headers = ask(hub).headers
    assert headers["x-hubspot-ratelimit-max"] == "110"
    assert headers["x-hubspot-ratelimit-remaining"] == "109"
    assert headers["x-hubspot-ratelimit-interval-milliseconds"] == "10000"
    assert headers["x-hubspot-ratelimit-secondly"] == "11"
    assert "x-hubspot-ratelimit-secondly-remaining" in headers
    assert "x-hubspot-ratelimit-daily" not in headers, "OAuth apps have no daily limit"
    hub.time.ticks += 0.5
    assert ask(hub).headers["x-hubspot-ratelimit-remaining"] == "108"


def test_a_search_carries_no_rate_headers_and_costs_nothing_of_the_burst(hub: Hub) -> None:
    for _ in range(5):
        answer = ask(hub, SEARCH, {})
        assert answer.status_code == 200
        assert not [name for name in answer.headers if "ratelimit" in name]
    assert ask(hub).headers["x-hubspot-ratelimit-remaining"] == "109"


def test_five_searches_a_second_for_all_apps_and_kinds_together(hub: Hub) -> None:
    for kind in ("contacts", "companies", "deals", "tickets", "contacts"):
        assert ask(hub, f"/crm/v3/objects/{kind}/search", {}).status_code == 200
    hub.app(client_id="other", app_id=2)
    scopes = {"client_id": "other", "scopes": ["crm.objects.contacts.read"]}
    hub.token = hub.control("POST", f"portals/{HUB}/tokens", scopes)["access_token"]
    refused = ask(hub, SEARCH, {})
    assert refused.status_code == 429
    body = refused.json()
    assert body["message"] == "You have reached your secondly limit."
    assert (body["policyName"], body["category"]) == ("SECONDLY", "RATE_LIMITS")
    assert not [name for name in refused.headers if "ratelimit" in name]
    hub.time.ticks += 1
    assert ask(hub, SEARCH, {}).status_code == 200


def test_association_batches_are_exempt_and_have_an_allowance_of_their_own(hub: Hub) -> None:
    for _ in range(150):
        assert ask(hub, ASSOCIATIONS, {"inputs": []}).status_code == 200
    assert ask(hub, ASSOCIATIONS, {"inputs": []}).status_code == 429
    assert ask(hub).headers["x-hubspot-ratelimit-remaining"] == "109"


def test_free_accounts_have_fewer_association_calls(hub: Hub) -> None:
    hub.portal(5, tier="free")
    hub.install(5)
    codes = [ask(hub, ASSOCIATIONS, {"inputs": []}).status_code for _ in range(101)]
    assert codes == [200] * 100 + [429]


def test_one_records_associations_are_not_exempt(hub: Hub) -> None:
    hub.create(email="a@b.co")
    before = int(ask(hub).headers["x-hubspot-ratelimit-remaining"])
    answer = ask(hub, "/crm/v4/objects/contacts/101/associations/companies")
    assert answer.headers["x-hubspot-ratelimit-remaining"] == str(before - 1)


def test_calls_without_an_account_are_not_counted(hub: Hub) -> None:
    for _ in range(200):
        assert hub.refresh("nonsense").status_code == 400
    assert ask(hub).headers["x-hubspot-ratelimit-remaining"] == "109"


def test_a_call_without_the_scope_counts(bare: Hub) -> None:
    bare.install(scopes=["oauth"])
    assert ask(bare).headers["x-hubspot-ratelimit-remaining"] == "109"
    assert ask(bare).headers["x-hubspot-ratelimit-remaining"] == "108"


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


def test_token_endpoints_have_no_limit_unless_they_are_given_one(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    assert {hub.refresh(refresh).status_code for _ in range(50)} == {200}
    hub.control("POST", "limits/token-endpoint", {"calls": 2, "seconds": 10})
    assert hub.control("GET", "limits/token-endpoint") == {"token_endpoint": {"calls": 2, "seconds": 10}}
    hub.app(client_id="other", app_id=2)
    assert [hub.refresh(refresh).status_code for _ in range(2)] == [200, 200]
    refused = hub.refresh(refresh)
    assert refused.status_code == 429
    assert refused.json()["policyName"] == "TEN_SECONDLY_ROLLING"
    form = {"client_id": CLIENT_ID, "client_secret": SECRET, "token": refresh}
    assert hub.form("/oauth/2026-03/token/introspect", **form).status_code == 429
    assert hub.refresh(refresh, client_id="other").status_code == 400, "each app has its own"
    hub.time.ticks += 10
    assert hub.refresh(refresh).status_code == 200
    hub.control("DELETE", "limits/token-endpoint")
    assert {hub.refresh(refresh).status_code for _ in range(50)} == {200}


# -- against a naive model ---------------------------------------------------------------------------------------------


class NaiveLimits:
    """Every call there was, and the windows counted from scratch."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, int, int, Meter]] = []

    def count(self, now: float, span: float, meter: Meter, hub_id: int, app_id: int | None) -> int:
        return sum(
            at > now - span and (meter_, hub) == (meter, hub_id) and app_id in (None, app)
            for at, app, hub, meter_ in self.calls
        )

    def passes(self, now: float, app_id: int, hub_id: int, meter: Meter) -> bool:
        limit, span = {Meter.BURST: (110, 10), Meter.SEARCH: (5, 1), Meter.ASSOCIATIONS: (150, 10)}[meter]
        if self.count(now, span, meter, hub_id, None if meter is Meter.SEARCH else app_id) >= limit:
            return False
        self.calls.append((now, app_id, hub_id, meter))
        return True


_METERS = st.sampled_from([Meter.BURST, Meter.BURST, Meter.SEARCH, Meter.ASSOCIATIONS])
_BURSTS = st.tuples(st.floats(0, 6), st.sampled_from([1, 2]), st.sampled_from([HUB, 5]), _METERS, st.integers(1, 120))


@given(st.lists(_BURSTS, max_size=12))
@settings(deadline=None, max_examples=60)
def test_all_windows_together_behave_as_a_naive_count(bursts: list[tuple[float, int, int, Meter, int]]) -> None:
    now = 0.0
    limits, naive = Limits(lambda: now), NaiveLimits()
    portals = {hub_id: a_portal(hub_id) for hub_id in (HUB, 5)}
    for pause, app_id, hub_id, meter, times in bursts:
        now += pause
        token = AccessToken(f"app-{app_id}", app_id, hub_id, 1, frozenset(), 10**15, "na1")
        for _ in range(times):
            expected = naive.passes(now, app_id, hub_id, meter)
            try:
                charge = limits.charge(token, portals[hub_id], meter, 0)
            except Refused as refused:
                charge, passed = refused.charge, False
            else:
                passed = True
            assert passed == expected
            assert charge.burst_in_window == naive.count(now, 10, Meter.BURST, hub_id, app_id)
            assert charge.search_in_window == naive.count(now, 1, Meter.SEARCH, hub_id, None)


def a_portal(hub_id: int) -> Portal:
    return new_portal(
        hub_id,
        Clock(),
        name="",
        hublet="na1",
        tier="professional",
        time_zone="UTC",
        users=[],
        ui_origin="http://localhost",
    )
