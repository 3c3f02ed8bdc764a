"""F17: HubSpot behind a wire that loses, cuts, drips and swallows. Every call ends, says the truth, and writes once."""

from __future__ import annotations

import itertools
import os
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from emulator import Emulator, Options
from emulator.server import Listener
from hubspot_api import batches, errors, objects
from hubspot_api.attempts import Surroundings
from hubspot_api.batches import NewRecord
from hubspot_api.client import Client
from hubspot_api.errors import HubSpotError
from hubspot_api.ports import StaticToken
from hubspot_api.transport import PooledTransport
from tests.hubspot_api.emulated import HUB, ORIGINS, Place, never_limited
from tests.hubspot_api.fakes import Log
from tests.hubspot_api.faulty_wire import AFTER, BEFORE, Wire, faulty

DEADLINE = 0.4
LONGEST = 20 * DEADLINE  # on a machine that is busy with other things

KINDS: dict[str, type[HubSpotError]] = {
    "swallowed": errors.DeadlineExceeded,
    "reset_before": errors.AnswerLost,
    "reset_after": errors.AnswerLost,
    "reset_in_answer": errors.AnswerLost,
    "silence": errors.DeadlineExceeded,
    "drip": errors.DeadlineExceeded,
    "cut": errors.AnswerLost,
    "cut_json": errors.AnswerUnreadable,
    "html": errors.Overloaded,
    "html_ok": errors.AnswerUnreadable,
}


@dataclass
class Scene:
    """An emulator on a port, the wire to it, a client at the wire's end; and a straight look at what is there."""

    place: Place
    wire: Wire
    client: Client
    faults: list[str]
    straight: Client
    log: Log = field(default_factory=Log)
    ended: list[float] = field(default_factory=list)

    def ends(self, call: Callable[[Client], object]) -> HubSpotError | None:
        """Make a call, which must end in time; return how it failed."""
        started = time.monotonic()
        try:
            call(self.client)
        except HubSpotError as error:
            return error
        finally:
            self.ended.append(time.monotonic() - started)
            assert self.ended[-1] < LONGEST
        return None

    def named(self) -> Counter[str | None]:
        """Count contacts by first name."""
        return Counter(
            one.properties.get("firstname")
            for one in objects.list_all(self.straight, "contacts", properties=["firstname"])
        )


@pytest.fixture(scope="module")
def listening() -> Iterator[tuple[Place, int]]:
    place = Place(Emulator(Options(ORIGINS), limits=never_limited()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    listener = Listener(place.emulator.wsgi("na1"), "127.0.0.1", port)
    listener.start()
    yield place, port
    listener.stop()
    place.web.close()


@pytest.fixture
def scene(listening: tuple[Place, int]) -> Iterator[Scene]:
    (place, port), faults, log = listening, list[str](), Log()
    token = place.tokens()["access_token"]
    with faulty(port, lambda: faults.pop(0) if faults else "") as wire, PooledTransport() as transport:
        client = Client(
            StaticToken(token),
            hub_id=HUB,
            surroundings=Surroundings(observer=log),
            transport=transport,
            api_url=wire.url,
            deadline=DEADLINE,
        )
        yield Scene(place, wire, client, faults, place.client(token), log)


names = (f"wire {number}" for number in itertools.count())


@pytest.mark.parametrize("fault", KINDS)
def test_a_creation_is_sent_once_and_fails_by_its_name(fault: str, scene: Scene) -> None:
    name = next(names)
    scene.faults.append(fault)
    error = scene.ends(lambda client: objects.create(client, "contacts", {"firstname": name}))
    assert type(error) is KINDS[fault]
    assert not error.certainly_not_done
    assert scene.wire.sent == (0 if fault in BEFORE else 1)
    assert scene.named()[name] == scene.wire.sent
    assert [record.attempts for record in scene.log.records] == [1]


def test_all_faults_of_the_wire_are_expected_here() -> None:
    assert {*BEFORE, *AFTER} == set(KINDS)


PASSING = sorted(set(KINDS) - {"swallowed", "silence", "drip"})


@pytest.mark.parametrize("fault", PASSING)
def test_what_may_be_done_twice_is_and_succeeds(fault: str, scene: Scene) -> None:
    made = objects.create(scene.straight, "contacts", {"firstname": next(names)})
    name = next(names)
    scene.faults.append(fault)
    assert scene.ends(lambda client: objects.update(client, "contacts", made.id, {"firstname": name})) is None
    scene.faults.append(fault)
    assert scene.ends(lambda client: objects.archive(client, "contacts", made.id)) is None
    assert scene.named()[name] == 0
    assert objects.get(scene.straight, "contacts", made.id, archived=True).archived
    nothing_to_cut = fault == "cut_json"  # the answer to a deletion has no body
    assert [record.attempts for record in scene.log.records] == [2, 1 if nothing_to_cut else 2]


@pytest.mark.parametrize(
    ("action", "params", "kind"),
    [
        ("status", {"status": 423}, errors.Locked),
        ("migrating", {"retry_after_s": 60}, errors.Migrating),
        ("wrong_hublet", {"hublet": "eu1"}, errors.WrongHublet),
        ("html", {"status": 502}, errors.Overloaded),
        ("status", {"status": 429}, errors.RateLimited),
    ],
)
def test_what_hubspot_itself_refuses(
    action: str, params: dict[str, Any], kind: type[HubSpotError], scene: Scene
) -> None:
    name = next(names)
    scene.place.fault(action, "/crm", **params)
    error = scene.ends(lambda client: objects.create(client, "contacts", {"firstname": name}))
    assert type(error) is kind
    assert scene.wire.sent == 1
    assert scene.named()[name] == 0


# Any sequence of faults


@dataclass
class Writing:
    """Writes under names of their own, and what each claimed about itself."""

    scene: Scene
    chance: random.Random
    claims: dict[str, HubSpotError | None] = field(default_factory=dict)

    def write(self) -> None:
        self.chance.choice((self.create, self.create_many, self.rename))()

    def create(self) -> None:
        name = next(names)
        self.claims[name] = self.scene.ends(lambda client: objects.create(client, "contacts", {"firstname": name}))

    def create_many(self) -> None:
        several = [next(names) for _ in range(3)]
        new = [NewRecord({"firstname": name}) for name in several]
        error = self.scene.ends(lambda client: batches.create(client, "contacts", new))
        self.claims |= dict.fromkeys(several, error)

    def rename(self) -> None:
        made, name = objects.create(self.scene.straight, "contacts", {"firstname": "before"}), next(names)
        self.claims[name] = self.scene.ends(
            lambda client: objects.update(client, "contacts", made.id, {"firstname": name})
        )


SEEDS = range(20) if os.environ.get("CHAOS") == "long" else range(2)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_the_wire_does_nothing_is_written_twice_or_denied(seed: int, scene: Scene) -> None:
    chance = random.Random(seed)
    scene.faults.extend(chance.choices(["", *KINDS], [20, *(1 for _ in KINDS)], k=1_000))
    writing = Writing(scene, chance)
    for _ in range(60):
        writing.write()
    there = scene.named()
    assert {name: there[name] for name in writing.claims if there[name] > 1} == {}
    for name, error in writing.claims.items():
        if error is None:
            assert there[name] == 1, f"{name} was said to be written"
        elif error.certainly_not_done:
            assert there[name] == 0, f"{name} was said not to be written: {error}"
