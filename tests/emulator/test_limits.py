"""Rolling windows exactly, headers where HubSpot sends them, bodies word by word."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.clock import Clock
from emulator.limits import Limits, Meter, Refused, Window
from emulator.oauth.grants import AccessToken
from emulator.portals import Portal, new_portal
from tests.emulator.hub import CLIENT_ID, HUB, SECRET, Hub
from tests.emulator.limited import ASSOCIATIONS, SEARCH, ask


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
