"""A resolver that takes its time does not take ours."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from hubspot_api import errors
from hubspot_api.attempts import Surroundings
from hubspot_api.client import Client
from hubspot_api.errors import HubSpotError
from hubspot_api.lookups import Lookups
from hubspot_api.ports import StaticToken
from hubspot_api.retrying import NO_RETRIES
from hubspot_api.transport import PooledTransport

PATIENCE_S = 30.0


@dataclass
class Resolver:
    """Answers when told to."""

    told: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        self.asked.append(host)
        assert self.told.wait(PATIENCE_S)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    resolver = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    yield resolver
    resolver.told.set()
    while any(thread.name == "lookup" for thread in threading.enumerate()):
        pass


@pytest.mark.parametrize("deadline", [0.1, 0.3])
def test_a_call_does_not_outlast_its_deadline_for_a_name(resolver: Resolver, deadline: float) -> None:
    with PooledTransport() as transport:
        surroundings = Surroundings(retries=NO_RETRIES)
        client = Client(StaticToken("t"), surroundings=surroundings, transport=transport, api_url="http://api.example")
        with pytest.raises(HubSpotError) as caught:
            client.request("POST", "/x", json={}, deadline=deadline)
    assert type(caught.value) is errors.NotSent
    assert not resolver.told.is_set()  # the call has ended, the lookup has not


def test_those_who_ask_for_the_same_name_share_a_lookup(resolver: Resolver) -> None:
    lookups = Lookups()
    with ThreadPoolExecutor(5) as pool:
        asking = [pool.submit(lookups.addresses, "api.example", 443, PATIENCE_S) for _ in range(5)]
        with pytest.raises(TimeoutError):
            lookups.addresses("api.example", 443, 0.01)
        resolver.told.set()
        assert [each.result() for each in asking] == [["127.0.0.1"]] * 5
    assert resolver.asked == ["api.example"]
    lookups.addresses("api.example", 443, PATIENCE_S)
    assert resolver.asked == ["api.example"] * 2  # nothing is remembered


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_address_needs_no_lookup(resolver: Resolver, host: str) -> None:
    assert Lookups().addresses(host, 443, 0.0) == [host]
    assert resolver.asked == []


def test_a_name_that_does_not_exist_is_told_to_all_who_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    lookups = Lookups()
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            lookups.addresses("api.example", 443, PATIENCE_S)


def test_a_forked_process_waits_for_no_lookup_of_its_parent(resolver: Resolver) -> None:
    transport = PooledTransport()
    surroundings = Surroundings(retries=NO_RETRIES)
    client = Client(StaticToken("t"), surroundings=surroundings, transport=transport, api_url="http://api.example:9")
    with pytest.raises(errors.NotSent):
        client.request("GET", "/x", deadline=0.1)  # the parent's lookup goes on
    child = os.fork()
    if child == 0:
        try:
            resolver.told.set()
            client.request("GET", "/x", deadline=PATIENCE_S)
        except errors.NotSent as error:
            os._exit(0 if "ConnectError" in str(error) else 1)  # found, and nobody listens on port 9
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    transport.close()
