"""Many threads at once: what must happen once happens once, and the losers are told."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import httpx2

from emulator.testing import EmulatorTransport
from tests.emulator.hub import APP_ID, HUB, Hub, fresh_email
from tests.emulator.test_schemas import CAR, SCOPES

THREADS = 12


def at_once(work: Callable[[int], None]) -> None:
    """Run in many threads that begin together; a failure in one fails the test."""
    barrier = threading.Barrier(THREADS)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            barrier.wait(20)
            work(number)
        except BaseException as failure:  # noqa: BLE001 - it is raised again below
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def clients(hub: Hub) -> list[httpx2.Client]:
    """One for each thread."""
    headers = {"Authorization": f"Bearer {hub.token}"}
    return [
        httpx2.Client(transport=EmulatorTransport(hub.emulator), base_url="http://localhost:8765", headers=headers)
        for _ in range(THREADS)
    ]


def test_a_code_is_spent_by_one_of_many(bare: Hub) -> None:
    code = bare.granted_code()
    statuses: list[int] = []
    at_once(lambda _: statuses.append(bare.exchange(code).status_code))
    assert Counter(statuses) == {200: 1, 400: THREADS - 1}


def test_a_rotating_refresh_token_is_won_by_one(bare: Hub) -> None:
    bare.app(rotate_refresh_tokens=True)
    token = bare.install()["refresh_token"]
    statuses: list[int] = []
    at_once(lambda _: statuses.append(bare.refresh(token).status_code))
    assert Counter(statuses) == {200: 1, 400: THREADS - 1}


def test_an_address_is_taken_by_one(hub: Hub) -> None:
    callers = clients(hub)
    statuses: list[int] = []

    def create(number: int) -> None:
        answer = callers[number].post("/crm/v3/objects/contacts", json={"properties": {"email": "one@b.co"}})
        statuses.append(answer.status_code)

    at_once(create)
    assert Counter(statuses) == {201: 1, 409: THREADS - 1}


def test_exactly_the_allowance_passes(hub: Hub) -> None:
    callers = clients(hub)
    statuses: list[int] = []

    def ask(number: int) -> None:
        statuses.extend(callers[number].get("/crm/v3/objects/contacts").status_code for _ in range(20))

    at_once(ask)
    assert Counter(statuses) == {200: 110, 429: THREADS * 20 - 110}
    rows = hub.emulator.requested(limit=10_000)
    assert [row.seq for row in rows] == list(range(1, THREADS * 20 + 1))
    counted = sorted(row.burst_in_window for row in rows if row.status == 200)
    assert counted == list(range(1, 111)), "every call saw a window of its own"


def test_writes_and_reads_of_one_portal_do_not_tear(hub: Hub) -> None:
    """Half of the threads write, half read and search; at the end nothing is missing and all was told."""
    hub.subscribe("contact.creation", "contact.propertyChange:phone")
    crm_scopes = ["crm.objects.contacts.read", "crm.objects.contacts.write"]
    tokens = []
    for _ in range(THREADS):
        body = {"private_app": True, "scopes": crm_scopes}
        tokens.append(hub.control("POST", f"portals/{HUB}/tokens", body)["access_token"])
    callers = clients(hub)

    def work(number: int) -> None:
        caller = callers[number]
        caller.headers["Authorization"] = f"Bearer {tokens[number]}"
        for turn in range(8):
            if number % 2:
                made = caller.post("/crm/v3/objects/contacts", json={"properties": {"email": fresh_email()}})
                assert made.status_code == 201
                address = f"/crm/v3/objects/contacts/{made.json()['id']}"
                assert caller.patch(address, json={"properties": {"phone": str(turn)}}).is_success
            else:
                page = caller.get("/crm/v3/objects/contacts?limit=100").json()["results"]
                assert [record["id"] for record in page] == sorted({record["id"] for record in page}, key=int)

    at_once(work)
    made = THREADS // 2 * 8
    assert len(hub.emulator.portals[HUB].crm.tables["0-1"]) == made
    events = Counter(event["subscriptionType"] for event in hub.events())
    assert events == {"contact.creation": made, "contact.propertyChange": made}


def test_an_uninstall_wins_over_deliveries(hub: Hub) -> None:
    hub.subscribe("contact.creation")

    def work(number: int) -> None:
        if number:
            hub.change({"op": "create", "object_type": "contact", "properties": {"email": fresh_email()}})
        else:
            hub.control("POST", f"portals/{HUB}/uninstall", {})

    at_once(work)
    assert hub.control("GET", "state")["portals"][0]["pending_deliveries"] == 0
    hub.change({"op": "create", "object_type": "contact", "properties": {"email": fresh_email()}})
    assert hub.events() == []


def subscribe(client: httpx2.Client, name: str) -> int:
    body = {"eventType": "contact.propertyChange", "propertyName": name, "active": True}
    return client.post(f"/webhooks/v3/{APP_ID}/subscriptions", params={"hapikey": "key"}, json=body).status_code


def test_subscriptions_of_many_developers_all_stay(hub: Hub) -> None:
    hub.app(developer_api_key="key")
    each = clients(hub)
    statuses: list[int] = []
    at_once(lambda number: statuses.append(subscribe(each[number], f"p{number}")))
    assert Counter(statuses) == {201: THREADS}
    kept = hub.http.get(f"/webhooks/v3/{APP_ID}/subscriptions", params={"hapikey": "key"}).json()["results"]
    assert {one["propertyName"] for one in kept} == {f"p{number}" for number in range(THREADS)}
    assert len({one["id"] for one in kept}) == THREADS


def test_the_same_subscription_is_made_by_one_of_many(hub: Hub) -> None:
    hub.app(developer_api_key="key")
    each = clients(hub)
    statuses: list[int] = []
    at_once(lambda number: statuses.append(subscribe(each[number], "email")))
    assert Counter(statuses) == {201: 1, 409: THREADS - 1}


class Watched:
    """A lock that tells how many have come to it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.come = threading.Semaphore(0)

    def __enter__(self) -> None:
        self.come.release()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_schemas_that_go_while_they_are_used(bare: Hub) -> None:
    """A call may wait for the lock with a kind in its hands that is gone when it gets it."""
    private = bare.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": SCOPES})
    bare.token = private["access_token"]
    crm = bare.emulator.portals[HUB].crm
    calls = clients(bare)
    statuses: list[int] = []
    bare.post("/crm/v3/schemas", CAR)
    sold = bare.create("car", model="T", vin="1")
    contact = bare.create(email=fresh_email())
    wanted: list[tuple[str, str, object]] = [
        ("GET", "/crm/v3/objects/car", None),
        ("POST", "/crm/v3/objects/car", {"properties": {"model": "T", "vin": "2"}}),
        ("PATCH", f"/crm/v3/objects/car/{sold}", {"properties": {"doors": "4"}}),
        ("GET", "/crm/v3/properties/car", None),
        ("GET", "/crm/v3/objects/contacts?associations=car", None),
        ("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/car/{sold}", None),
    ]
    lock = Watched()
    crm.lock = lock  # type: ignore[assignment]

    def work(number: int) -> None:
        method, path, body = wanted[number % len(wanted)]
        statuses.append(calls[number].request(method, path, json=body).status_code)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    with lock:
        lock.come.acquire()
        for thread in threads:
            thread.start()
        for _ in threads:
            assert lock.come.acquire(timeout=20)
        bare.call("DELETE", f"/crm/v3/objects/car/{sold}")
        bare.call("DELETE", "/crm/v3/schemas/car")
    for thread in threads:
        thread.join()
    assert set(statuses) == {400}
    assert bare.control("GET", "snapshot")["portals"][0]["links"] == []
