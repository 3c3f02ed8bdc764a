"""Bad days by name: what each does, that it ends by itself, and that the same seed makes the same day."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import httpx2
import pytest

from emulator.scenarios.library import LIBRARY
from tests.emulator.hub import CLIENT_ID, HUB, Hub, created, kinds

CONTACTS = "/crm/objects/2026-03/contacts"
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Faults that wait do not wait here."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


def begin(hub: Hub, name: str, seed: int = 0, **params: Any) -> Json:
    answer: Json = hub.control("POST", "scenarios", {"name": name, "params": params, "seed": seed})
    return answer


def status(hub: Hub, method: str = "GET", path: str = CONTACTS, body: Any = None) -> int:
    """What became of a call; 0 when the connection died."""
    try:
        return hub.call(method, path, body).status_code
    except httpx2.ReadError:
        return 0


def statuses(hub: Hub, times: int = 60, **call: Any) -> list[int]:
    return [status(hub, **call) for _ in range(times)]


# -- all of them -------------------------------------------------------------------------------------------------------


def test_the_library_says_what_there_is(hub: Hub) -> None:
    library = hub.control("GET", "scenarios")["library"]
    assert {each["name"] for each in library} == set(LIBRARY)
    assert all(each["description"].endswith(".") for each in library)
    assert next(each for each in library if each["name"] == "slow_drip")["params"]["bytes"] == 64


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_every_scenario_ends_by_itself(hub: Hub, name: str) -> None:
    begun = begin(hub, name)
    seconds = LIBRARY[name].parameters.get("seconds")
    if seconds is not None:
        assert [each["id"] for each in hub.control("GET", "scenarios")["running"]] == [begun["id"]]
        hub.advance(float(seconds))
    assert hub.control("GET", "scenarios")["running"] == []
    assert hub.control("GET", "faults")["items"] == []
    assert hub.control("GET", "limits/token-endpoint") == {"token_endpoint": None}
    hub.time.ticks += 10
    if name == "silent_uninstall":
        hub.install()
    fresh = hub.exchange(hub.granted_code()).json()
    hub.token = fresh["access_token"]
    assert set(statuses(hub, 30)) == {200}
    assert hub.refresh(fresh["refresh_token"], "v1").status_code == 200


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_every_scenario_can_be_ended_early(hub: Hub, name: str) -> None:
    begun = begin(hub, name)
    if "seconds" in LIBRARY[name].parameters:
        hub.control("DELETE", f"scenarios/{begun['id']}")
    assert hub.http.get(f"/_emulator/scenarios/{begun['id']}").status_code == 400
    hub.time.ticks += 10
    fresh = hub.exchange(hub.granted_code()).json()
    hub.token = fresh["access_token"]
    assert set(statuses(hub, 30)) == {200}
    assert hub.refresh(fresh["refresh_token"], "v1").status_code == 200


def test_all_at_once_end_at_once(hub: Hub) -> None:
    for name in LIBRARY:
        if name not in ("silent_uninstall", "clock_midnight"):
            begin(hub, name)
    assert hub.http.get(CONTACTS, headers={"Authorization": f"Bearer {hub.token}"}).status_code >= 400
    hub.control("DELETE", "scenarios")
    hub.time.ticks += 10
    hub.token = hub.install()["access_token"]
    assert set(statuses(hub, 30)) == {200}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "nonsense"},
        {"name": "outage", "params": {"speed": 1}},
        {"name": "outage", "params": {"seconds": "long"}},
        {"name": "outage", "params": {"resets": 2}},
        {"name": "outage", "params": {"hub_id": 999}},
        {"name": "slow_drip", "params": {"bytes": 0}},
        {"name": "region_move", "params": {"hublet": "mars1"}},
        {"name": "region_move", "params": {"healed_by": "waiting"}},
        {"name": "silent_uninstall", "params": {"client_id": "nobody"}},
        {"name": "rate_storm", "params": {"client_id": "nobody"}},
        {"name": "outage", "seed": -1},
    ],
)
def test_what_cannot_be_played_changes_nothing(hub: Hub, body: Json) -> None:
    refused = hub.http.post("/_emulator/scenarios", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]
    assert hub.control("GET", "scenarios")["running"] == []
    hub.search("contacts", {})
    assert set(statuses(hub, 10)) == {200}


def test_without_an_account_there_is_nothing_to_move() -> None:
    hub = Hub()
    refused = hub.http.post("/_emulator/scenarios", json={"name": "region_move"})
    assert refused.status_code == 400
    assert refused.json() == {"error": "there are no accounts: make one first, or begin with --seed demo"}


def test_reset_ends_scenarios(hub: Hub) -> None:
    begin(hub, "outage")
    hub.control("POST", "reset")
    assert hub.control("GET", "scenarios")["running"] == []


# -- on the wire -------------------------------------------------------------------------------------------------------


def test_an_outage(hub: Hub) -> None:
    begin(hub, "outage", seconds=30)
    assert Counter(statuses(hub)).keys() == {0, 502, 503}
    hub.advance(30)
    assert set(statuses(hub)) == {200}


@pytest.mark.parametrize("name", ["outage", "brownout", "lost_answers", "cut_answers", "disguised_limits"])
def test_the_same_seed_makes_the_same_day(hub: Hub, name: str) -> None:
    def day(seed: int) -> list[int]:
        begun = begin(hub, name, seed)
        found = [status(hub, "POST" if number % 2 else "GET", CONTACTS, _body(number)) for number in range(60)]
        hub.control("DELETE", f"scenarios/{begun['id']}")
        return found

    first = day(1)
    assert day(1) == first
    assert day(2) != first


def _body(number: int) -> Json | None:
    return {"properties": {}} if number % 2 else None


def test_an_outage_of_one_account_or_one_part(hub: Hub) -> None:
    first = hub.token
    hub.portal(5)
    hub.install(5)
    begin(hub, "outage", hub_id=HUB)
    assert set(statuses(hub, 10)) == {200}
    hub.token = first
    assert 200 not in statuses(hub, 10)
    hub.control("DELETE", "scenarios")
    begin(hub, "outage", path="/crm/v3/owners")
    assert set(statuses(hub, 10)) == {200}
    assert 200 not in statuses(hub, 10, path="/crm/v3/owners")


def test_a_brownout(hub: Hub, slept: list[float]) -> None:
    begin(hub, "brownout", failures=0.4, ms=100)
    found = Counter(statuses(hub))
    assert found.keys() == {200, 502, 504}
    assert slept
    assert max(slept) <= 0.1


def test_a_slow_drip(hub: Hub, slept: list[float]) -> None:
    begin(hub, "slow_drip", bytes=2, pause_ms=7)
    answer = hub.get(CONTACTS)
    assert answer.json()["results"] == []
    assert slept == [0.007] * ((len(answer.content) + 1) // 2)


def test_lost_answers(hub: Hub) -> None:
    begin(hub, "lost_answers", share=1.0)
    assert status(hub, "POST", CONTACTS, {"properties": {"email": "a@b.co"}}) == 0
    assert len(hub.get(CONTACTS).json()["results"]) == 1, "the write was carried out"


def test_cut_answers(hub: Hub) -> None:
    begin(hub, "cut_answers", share=1.0)
    assert status(hub) == 0
    assert status(hub, "POST", CONTACTS, {"properties": {"email": "a@b.co"}}) == 201


def test_locked_records(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    begin(hub, "locked_records")
    body = {"properties": {"firstname": "Ann"}}
    assert status(hub, "PATCH", f"{CONTACTS}/{record_id}", body) == 423
    assert status(hub, "POST", f"{CONTACTS}/batch/update", {"inputs": [{"id": record_id} | body]}) == 423
    assert status(hub, "GET", f"{CONTACTS}/{record_id}") == 200
    hub.advance(2)
    assert status(hub, "PATCH", f"{CONTACTS}/{record_id}", body) == 200


def test_unauthorized_with_fresh_tokens_too(hub: Hub) -> None:
    begin(hub, "unauthorized")
    hub.token = hub.refresh(hub.install()["refresh_token"]).json()["access_token"]
    answer = hub.get(CONTACTS)
    assert answer.status_code == 401
    assert answer.json()["category"] == "INVALID_AUTHENTICATION"
    assert answer.headers["x-hubspot-auth-failure"] == "401 Unauthorized"


def test_limits_in_disguise(hub: Hub) -> None:
    begin(hub, "disguised_limits", share=1.0)
    answer = hub.get(CONTACTS)
    assert answer.status_code == 500
    assert answer.json()["policyName"] == "TEN_SECONDLY_ROLLING"


def test_the_token_endpoints_have_enough(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    begin(hub, "token_endpoint_429", calls=2, window_s=5)
    assert [hub.refresh(refresh).status_code for _ in range(4)] == [200, 200, 429, 429]
    assert status(hub) == 200, "the CRM has not"
    hub.time.ticks += 5
    assert hub.refresh(refresh).status_code == 200


def test_a_limit_that_was_there_before_comes_back(hub: Hub) -> None:
    hub.control("POST", "limits/token-endpoint", {"calls": 7, "seconds": 3})
    begun = begin(hub, "token_endpoint_429")
    hub.control("DELETE", f"scenarios/{begun['id']}")
    assert hub.control("GET", "limits/token-endpoint") == {"token_endpoint": {"calls": 7, "seconds": 3}}


def test_no_tokens_from_anywhere(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    begin(hub, "token_endpoint_down")
    found = set()
    for _ in range(30):
        try:
            found.add(hub.refresh(refresh, "2026-09").status_code)
        except httpx2.ReadError:
            found.add(0)
    assert found == {0, 502}
    assert status(hub) == 200


def test_a_secret_that_was_changed_disconnects_nobody(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    begin(hub, "wrong_secret")
    answer = hub.refresh(refresh)
    assert answer.status_code == 400
    assert (answer.json()["error"], answer.json()["status"]) == ("invalid_client", "BAD_CLIENT_SECRET")
    hub.advance(300)
    assert hub.refresh(refresh).status_code == 200


def test_the_end_of_v1(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    begin(hub, "v1_sunset")
    assert hub.refresh(refresh, "v1").status_code == 404
    assert hub.refresh(refresh, "2026-03").status_code == 200


# -- storms ------------------------------------------------------------------------------------------------------------


def test_a_webhook_storm(hub: Hub) -> None:
    hub.subscribe("contact.creation", "contact.propertyChange:firstname")
    begun = begin(hub, "webhook_storm", records=30, changes_each=3, duplicates=0.5, reordered=0.5)
    assert len(begun["outcome"]["record_ids"]) == 30
    hub.advance(5)
    events = hub.events()
    told = Counter(event["eventId"] for event in events)
    assert len(told) == 30 + 30 * 3, "nothing is lost"
    assert max(told.values()) == 2, "some come twice"
    times = [event["occurredAt"] for event in events]
    assert [event["eventId"] for event in events] != sorted(event["eventId"] for event in events) or times != sorted(
        times
    )
    hub.advance(60)
    hub.change(created())
    assert sum(kinds(hub.events()).values()) == 1, "the day after is calm"


def test_flaky_webhooks(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    begin(hub, "flaky_webhooks", dropped=0.3, duplicates=0.3, delayed=0.3, reordered=0.3, delay_ms=20_000)
    hub.change(*(created() for _ in range(60)))
    early = hub.events()
    hub.advance(30)
    late = hub.events()
    told = Counter(event["eventId"] for event in [*early, *late])
    assert late
    assert len(told) < 60
    assert max(told.values()) == 2


def test_others_use_up_the_searches(hub: Hub) -> None:
    begin(hub, "rate_storm", searches_per_s=200, calls_per_s=0)
    hub.time.ticks += 1
    found = [hub.search("contacts", {}).status_code for _ in range(20)]
    assert found.count(429) > 10
    assert set(statuses(hub, 20)) == {200}, "the burst limit is the app's own"
    hub.advance(60)
    hub.time.ticks += 1
    assert hub.search("contacts", {}).status_code == 200


def test_others_use_up_the_burst(hub: Hub) -> None:
    begin(hub, "rate_storm", searches_per_s=0, calls_per_s=50)
    hub.time.ticks += 10
    assert statuses(hub, 100).count(429) > 50
    hub.advance(60)
    hub.time.ticks += 10
    assert hub.get(CONTACTS).headers["x-hubspot-ratelimit-remaining"] == "109"


def test_the_crowd_is_the_same_for_the_same_seed() -> None:
    def remaining(seed: int) -> list[str]:
        hub = Hub()
        hub.app()
        hub.portal()
        hub.install()
        begin(hub, "rate_storm", seed, searches_per_s=0, calls_per_s=4)
        found = []
        for _ in range(40):
            hub.time.ticks += 0.4
            found.append(hub.get(CONTACTS).headers["x-hubspot-ratelimit-remaining"])
        return found

    first = remaining(1)
    assert remaining(1) == first
    assert remaining(2) != first


def test_a_day_that_is_used_up(bare: Hub) -> None:
    body = {"private_app": True, "scopes": ["crm.objects.contacts.read"]}
    bare.token = bare.control("POST", f"portals/{HUB}/tokens", body)["access_token"]
    begun = begin(bare, "day_used_up", left=2)
    assert statuses(bare, 4) == [200, 200, 429, 429]
    assert bare.get(CONTACTS).json()["policyName"] == "DAILY"
    bare.control("DELETE", f"scenarios/{begun['id']}")
    assert status(bare) == 200
    begin(bare, "day_used_up")
    begin(bare, "clock_midnight", before_s=1)
    assert status(bare) == 429
    bare.advance(1)
    assert status(bare) == 200, "a new day"


# -- accounts ----------------------------------------------------------------------------------------------------------


def test_a_migration(hub: Hub) -> None:
    begin(hub, "migration_477", seconds=120)
    answer = hub.get(CONTACTS)
    assert (answer.status_code, answer.headers["retry-after"]) == (477, "120")
    hub.advance(120)
    assert status(hub) == 200, "it stays in its region"


def test_a_region_move(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    assert begin(hub, "region_move", seconds=60)["outcome"] == {"hublet": "eu1"}
    assert status(hub) == 477
    hub.advance(60)
    assert status(hub) == 488
    hub.token = hub.refresh(refresh).json()["access_token"]
    assert status(hub) == 200


def test_a_moment_before_midnight(hub: Hub) -> None:
    portal = hub.emulator.portals[HUB]
    before = portal.day(hub.emulator.clock.now_ms())
    begin(hub, "clock_midnight", before_s=2)
    assert portal.day(hub.emulator.clock.now_ms()) == before
    hub.advance(2)
    assert portal.day(hub.emulator.clock.now_ms()) == before + 1


def test_an_uninstall_that_nobody_tells_of(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    tokens = hub.install()
    assert begin(hub, "silent_uninstall")["outcome"] == {"client_id": CLIENT_ID}
    hub.change(created())
    assert hub.events() == []
    assert status(hub) == 401
    assert hub.refresh(tokens["refresh_token"]).json()["status"] == "BAD_REFRESH_TOKEN"
