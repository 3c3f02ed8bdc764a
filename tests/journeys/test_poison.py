"""An event that ends every process that touches it dies alone; its neighbours and other portals go on."""

from __future__ import annotations

import pytest

from tests.hubspot import Account, wait_for
from tests.journeys.conftest import StartWorld
from tests.journeys.world import World

pytestmark = pytest.mark.chaos
MOST_DEATHS = 12  # three until events are taken one by one, then five attempts, and some of luck


@pytest.fixture(scope="module")
def world(start_world: StartWorld) -> World:
    return start_world(names=("postgres", "redis", "emulator", "web"))


def test_an_event_that_kills_its_worker_becomes_a_dead_letter(world: World) -> None:
    account, other = (world.hubspot.add_account(contacts=20) for _ in range(2))
    for one in (account, other):
        world.install(one)
    with world.process("tests.journeys.lane_worker"):
        for one in (account, other):
            world.wait_until_synced(one)
        world.wait_until_idle()
    _rename(world, account, ["before", "poison", "after"])
    _rename(world, other, ["unharmed"])
    deaths = 0
    while not _dead(world):
        assert deaths < MOST_DEATHS
        with world.process("tests.journeys.dying_worker", "poison") as process:
            wait_for(lambda: process.poll() is not None or _dead(world), what="the process to die")
        deaths += 1
        world.sql("UPDATE lanes_lane SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL")
        world.sql("UPDATE webhooks_failure SET retry_at = now() WHERE retry_at IS NOT NULL")
    with world.process("tests.journeys.lane_worker"):
        world.wait_until_idle()
    assert world.sql("SELECT attempts FROM webhooks_failure") == [(5,)]
    titles = {title.split()[0] for (title,) in world.sql("SELECT title FROM crm_record WHERE object_type = '0-1'")}
    assert {"before", "after", "unharmed"} <= titles


def _dead(world: World) -> bool:
    return world.count("SELECT count(*) FROM webhooks_failure WHERE died_at IS NOT NULL") == 1


def _rename(world: World, account: Account, names: list[str]) -> None:
    """Give as many contacts these first names, and wait for the events."""
    query = """
        SELECT record_id FROM crm_record JOIN installations_portal AS portal ON portal.id = portal_id
        WHERE hub_id = %s AND object_type = '0-1' ORDER BY record_id
    """
    ids = [record_id for (record_id,) in world.sql(query, account.hub_id)]
    before = world.count("SELECT count(*) FROM webhooks_event")
    for record_id, name in zip(ids, names, strict=False):
        change = {"op": "update", "object_type": "contacts", "id": str(record_id), "properties": {"firstname": name}}
        world.hubspot.change(account, change)
    wait_for(lambda: world.count("SELECT count(*) FROM webhooks_event") >= before + len(names), what="the events")
