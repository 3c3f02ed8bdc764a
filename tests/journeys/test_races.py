"""Races between processes: who renews a token, who works on a lane, and what a holder that wakes up late can do."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.hubspot import Account, wait_for
from tests.journeys.conftest import StartWorld
from tests.journeys.world import World

pytestmark = pytest.mark.chaos
REFRESH = "/oauth/2026-03/token"
READ = "/crm/objects/2026-03/0-1/batch/read"
CREDENTIAL = """
    SELECT access_token, refresh_token, generation, token_number, refused_at
    FROM installations_credential WHERE portal_id = %s
"""


@pytest.fixture(scope="module")
def world(start_world: StartWorld) -> World:
    return start_world(names=("postgres", "redis", "emulator", "web"))


def let_token_expire(world: World, portal_id: int) -> None:
    world.sql(
        """
        UPDATE installations_credential
        SET obtained_at = now() - interval '31 minutes', expires_at = now() - interval '1 minute'
        WHERE portal_id = %s
        """,
        portal_id,
    )


def refreshes(world: World) -> int:
    return len([asked for asked in world.hubspot.requests() if asked["path"] == REFRESH])


def test_64_callers_in_8_processes_on_an_expired_token_refresh_once(world: World) -> None:
    account = world.hubspot.add_account()
    world.install(account)
    let_token_expire(world, world.portal_id(account))
    before = refreshes(world)
    world.hubspot.fault("latency", {"path": REFRESH}, params={"ms": 800}, count=5)
    found = world.outputs("tests.journeys.callers", account.hub_id, 8, time.time() + 8, processes=8)
    assert refreshes(world) - before == 1
    assert len({token for one in found for token in one["tokens"]}) == 1
    assert world.sql("SELECT state FROM installations_portal WHERE hub_id = %s", account.hub_id) == [("active",)]


def test_a_token_holder_stopped_past_its_lease_changes_nothing(world: World) -> None:
    """SIGSTOP while it asks HubSpot; another renews; SIGCONT: the late answer is thrown away."""
    account = world.hubspot.add_account()
    world.install(account)
    portal_id = world.portal_id(account)
    world.hubspot.add_app(rotate_refresh_tokens=True)
    let_token_expire(world, portal_id)
    world.hubspot.fault("latency", {"path": REFRESH}, params={"ms": 3000}, count=1)
    with world.process("tests.journeys.callers", account.hub_id, 1, 0) as late:
        leased = "SELECT count(*) FROM installations_credential WHERE lease_until IS NOT NULL AND portal_id = %s"
        wait_for(lambda: world.count(leased, portal_id) == 1, what="the first holder's lease")
        os.kill(late.pid, signal.SIGSTOP)
        expire = "UPDATE installations_credential SET lease_until = now() - interval '1 second' WHERE portal_id = %s"
        world.sql(expire, portal_id)
        (quick,) = world.outputs("tests.journeys.callers", account.hub_id, 1, 0, processes=1)
        stored = world.sql(CREDENTIAL, portal_id)
        os.kill(late.pid, signal.SIGCONT)
        assert late.wait(timeout=60) == 0
    assert world.sql(CREDENTIAL, portal_id) == stored
    assert len(quick["tokens"]) == 1


def test_a_lane_holder_stopped_past_its_lease_changes_nothing(world: World) -> None:
    """SIGSTOP while it reads from HubSpot; another works the lane; SIGCONT: its fence shuts it out."""
    account = world.hubspot.add_account(contacts=30)
    world.install(account)
    with world.process("tests.journeys.lane_worker"):
        world.wait_until_synced(account)
        world.wait_until_idle()
    world.hubspot.fault("latency", {"path": READ}, params={"ms": 3000}, count=1)
    _rename_all(world, account, "First")
    with world.process("tests.journeys.lane_worker") as late:
        _stop_once_it_holds_the_inbox(world, late.pid)
        _rename_all(world, account, "Second")
        with world.process("tests.journeys.lane_worker"):
            world.wait_until_idle()
            before = _mirror(world)
            os.kill(late.pid, signal.SIGCONT)
            wait_for(lambda: "was taken over" in _journeys_log(world), what="the late holder to be shut out")
    assert _mirror(world) == before
    titles = world.sql("SELECT title FROM crm_record WHERE object_type = '0-1'")
    assert {title.split()[0] for (title,) in titles} == {"Second"}


def _stop_once_it_holds_the_inbox(world: World, pid: int) -> None:
    held = "SELECT count(*) FROM lanes_lane WHERE kind = 'events' AND token IS NOT NULL"
    wait_for(lambda: world.count(held) == 1, what="the first holder's claim")
    time.sleep(1)  # into the three seconds that its read takes
    os.kill(pid, signal.SIGSTOP)
    world.sql("UPDATE lanes_lane SET lease_until = now() - interval '1 second' WHERE kind = 'events'")


def _rename_all(world: World, account: Account, name: str) -> None:
    ids = [record_id for (record_id,) in world.sql("SELECT record_id FROM crm_record WHERE object_type = '0-1'")]
    arrived = "SELECT count(*) FROM webhooks_event"
    before = world.count(arrived)
    world.hubspot.change(
        account,
        *(
            {"op": "update", "object_type": "contacts", "id": str(one), "properties": {"firstname": name}}
            for one in ids
        ),
    )
    wait_for(lambda: world.count(arrived) >= before + len(ids), what="the events")


def _mirror(world: World) -> list[tuple[object, ...]]:
    records = "SELECT object_type, record_id, version, properties::text, state FROM crm_record ORDER BY 1, 2"
    feed = "SELECT portal_id, position, object_type, record_id, version FROM crm_change ORDER BY 1, 2"
    return world.sql(records) + world.sql(feed)


def _journeys_log(world: World) -> str:
    return (world.stack.plan.logs / "journeys.log").read_text(errors="replace")
