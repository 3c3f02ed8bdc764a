"""Processes are killed while events arrive. At the end nothing acknowledged is missing, nothing was done twice, and
the mirror equals HubSpot. CHAOS=long runs more of it."""

from __future__ import annotations

import collections
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.hubspot import Account, wait_for
from tests.journeys.conftest import StartWorld
from tests.journeys.world import World
from tests.truth import TYPES, Truth

pytestmark = pytest.mark.chaos

LONG = os.environ.get("CHAOS") == "long"
SEED = int(os.environ.get("CHAOS_SEED", "1"))
EVENTS = 100_000 if LONG else 20_000
KILLS = 200 if LONG else 8
PORTALS = 5
CONTACTS = 200  # per portal
CHANGES_AT_ONCE = 200
RECOVERS_WITHIN_S = 30  # after a fault has ended
Fault = Callable[[random.Random], None]


@pytest.fixture(scope="module")
def world(start_world: StartWorld) -> World:
    return start_world(restart=True, pause_s=0.2)


@pytest.fixture(scope="module")
def accounts(world: World) -> list[Account]:
    accounts = [world.hubspot.add_account(contacts=CONTACTS, companies=20, deals=10) for _ in range(PORTALS)]
    for account in accounts:
        world.install(account)
    for account in accounts:
        world.wait_until_synced(account)
    return accounts


@dataclass
class Storm:
    """People change records in HubSpot: as fast as it takes them until so many events were caused, then in peace."""

    world: World
    accounts: Sequence[Account]
    events: int
    rng: random.Random
    caused: int = field(default=0, init=False)
    contacts: dict[int, list[int]] = field(default_factory=dict, init=False)

    def rage(self, until: Callable[[], bool] = lambda: True) -> None:
        """Go on until enough events are caused, and `until` says so too."""
        query = """
            SELECT record_id FROM crm_record JOIN installations_portal AS portal ON portal.id = portal_id
            WHERE hub_id = %s AND object_type = '0-1' AND crm_record.state = 'live'
        """
        for account in self.accounts:
            self.contacts[account.hub_id] = [one for (one,) in self.world.sql(query, account.hub_id)]
        while self.caused < self.events or not until():
            account = self.rng.choice(self.accounts)
            self.world.hubspot.change(account, *(self._change(account) for _ in range(CHANGES_AT_ONCE)))
            self.caused += CHANGES_AT_ONCE
            if self.caused >= self.events:
                time.sleep(0.5)

    def _change(self, account: Account) -> dict[str, Any]:
        """Mostly a property, now and then a new company: every change causes at least one event."""
        if self.rng.random() < 0.02:
            return {"op": "create", "object_type": "companies", "properties": {"name": f"Storm {self.rng.random()}"}}
        contact = self.rng.choice(self.contacts[account.hub_id])
        name = self.rng.choice(["firstname", "lastname", "jobtitle", "city"])
        value = f"{name} {self.rng.getrandbits(32)}"
        return {"op": "update", "object_type": "contacts", "id": str(contact), "properties": {name: value}}


@contextmanager
def nemesis(fault: Fault, pause_s: tuple[float, float]) -> Iterator[collections.Counter[str]]:
    """Do damage again and again, as long as the body runs; count it."""
    stop, done = threading.Event(), collections.Counter[str]()
    rng = random.Random(SEED)

    def rage() -> None:
        while not stop.wait(rng.uniform(*pause_s)):
            fault(rng)
            done["faults"] += 1

    thread = threading.Thread(target=rage, name="nemesis")
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join(timeout=120)


def kill_some(world: World) -> Fault:
    """SIGKILL the web server or the worker, whole or one of its processes."""

    def kill(rng: random.Random) -> None:
        name = rng.choice(["web", "worker"])
        pids = world.stack.pids(name)
        if rng.random() < 0.3 or len(pids) < 2:
            world.stack.kill(name)
        else:
            world.stack.expect_death(name)  # granian ends when its workers die too often
            _kill(rng.choice(pids[1:]))

    return kill


def _kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return  # it was quicker


def settle(world: World) -> None:
    """Let HubSpot repeat what was not acknowledged, until all is, and the app work it through."""

    def all_delivered() -> bool:
        portals = world.hubspot.call("GET", "/_emulator/state")["portals"]
        if any(portal["pending_deliveries"] for portal in portals):
            world.hubspot.advance(600)
            time.sleep(0.5)
            return False
        return True

    wait_for(all_delivered, what="HubSpot to deliver everything", seconds=300)
    world.wait_until_idle(seconds=900 if LONG else 300)  # an event that died with three slices waits for minutes


def acknowledged(world: World) -> set[str]:
    """Return every event that we answered 2xx to, by its content."""
    found: set[str] = set()
    since = 0
    while True:
        page = world.hubspot.call("GET", f"/_emulator/deliveries?since={since}&limit=2000")
        for delivery in page["items"]:
            if 200 <= delivery.get("status", 0) < 300:
                found |= {_content(event) for event in delivery["events"]}
        if not page["items"]:
            return found
        since = page["next"]


def _content(event: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in event.items() if name != "attemptNumber"}, sort_keys=True)


def assert_nothing_is_lost_or_doubled(world: World, accounts: Sequence[Account]) -> None:
    exported = [json.loads(line) for line in world.stack.manage("inbox_export").splitlines()]
    stored = collections.Counter(_content(row["payload"]) for row in exported)
    lost = acknowledged(world) - set(stored)
    assert not lost, f"{len(lost)} acknowledged events are missing: {list(lost)[:3]}"
    assert {row["state"] for row in exported} == {"done"}
    assert max(stored.values()) == 1, "an event is stored twice"
    versions = "SELECT count(*) - count(DISTINCT (portal_id, object_type, record_id, version)) FROM crm_change"
    assert world.count(versions) == 0, "the change feed holds a version twice"
    for account in accounts:
        assert_mirrored(world, account)


def assert_mirrored(world: World, account: Account) -> None:
    truth = Truth(world.hubspot, account)
    try:
        records = truth.records()
        exported = [json.loads(line) for line in _mirror_lines(world, account)]
        mirrored = {
            (row["object_type"], int(row["id"])): row["properties"]
            for row in exported
            if row["kind"] == "record" and row["state"] == "live"
        }
        assert set(mirrored) == set(records)
        assert [key for key in records if mirrored[key] != records[key]] == []
        links = {
            (row["from_type"], int(row["from_id"]), row["to_type"], int(row["to_id"]), row["type_id"])
            for row in exported
            if row["kind"] == "association"
        }
        assert links == truth.associations(records)
    finally:
        truth.close()
    assert {object_type for object_type, _ in records} <= set(TYPES)


def _mirror_lines(world: World, account: Account) -> list[str]:
    return world.stack.manage("mirror_export", "--portal", str(account.hub_id)).splitlines()


def test_web_and_worker_processes_are_killed(world: World, accounts: list[Account]) -> None:
    storm = Storm(world, accounts, EVENTS, random.Random(SEED))
    with nemesis(kill_some(world), (0.3, 1.2)) as done:
        storm.rage(until=lambda: done["faults"] >= KILLS)
    settle(world)
    assert len(acknowledged(world)) >= EVENTS
    assert_nothing_is_lost_or_doubled(world, accounts)


def test_redis_is_killed_for_a_while(world: World, accounts: list[Account]) -> None:
    """Events are acknowledged meanwhile; when Redis is back, work goes on within half a minute."""
    before = len(acknowledged(world))
    world.stack.kill("redis")
    world.stack.stop("redis")
    storm = Storm(world, accounts, 2000, random.Random(SEED + 1))
    storm.rage()
    wait_for(lambda: len(acknowledged(world)) >= before + 2000, what="acknowledgements without Redis")
    world.stack.start("redis")
    world.wait_until_idle(seconds=RECOVERS_WITHIN_S * 4)
    settle(world)
    assert_nothing_is_lost_or_doubled(world, accounts)


def test_beat_is_dead(world: World, accounts: list[Account]) -> None:
    """Workers look for work by themselves."""
    world.stack.kill("beat")
    world.stack.stop("beat")
    storm = Storm(world, accounts, 2000, random.Random(SEED + 2))
    storm.rage()
    settle(world)
    world.stack.start("beat")
    assert_nothing_is_lost_or_doubled(world, accounts)
