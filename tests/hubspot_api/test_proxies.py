"""Out through a proxy: the emulator's own, which speaks TLS in HubSpot's name, and some that refuse."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import Emulator, Options
from emulator.proxy.service import HttpsProxy
from hubspot_api import errors
from hubspot_api.account import account_details
from hubspot_api.attempts import Surroundings
from hubspot_api.client import Client, new_transport
from hubspot_api.errors import HubSpotError
from hubspot_api.ports import StaticToken
from hubspot_api.proxies import ByTheEnvironment, Proxy
from hubspot_api.retrying import NO_RETRIES
from hubspot_api.transport import PooledTransport
from tests.hubspot_api.emulated import HUB, ORIGINS, Place, never_limited
from tests.hubspot_api.servers import Server, answer_json, serving

PASSWORD = "canary/pass@word"
NAMES = ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY")


@pytest.fixture
def emulator() -> Emulator:
    return Emulator(Options(ORIGINS), limits=never_limited())


@pytest.fixture
def token(emulator: Emulator) -> Iterator[str]:
    place = Place(emulator)
    yield place.tokens()["access_token"]
    place.web.close()


@pytest.fixture
def way_out(emulator: Emulator, tmp_path: Path) -> Iterator[HttpsProxy]:
    proxy = HttpsProxy(emulator, "127.0.0.1", 0, tmp_path)
    proxy.start()
    yield proxy
    proxy.stop()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_call_goes_through_the_proxy_to_hubspots_own_address(way_out: HttpsProxy, token: str) -> None:
    proxy = Proxy.parse(f"http://127.0.0.1:{way_out.port}")
    with PooledTransport(verify=ssl.create_default_context(cafile=way_out.bundle), proxy=proxy) as transport:
        client = Client(StaticToken(token), transport=transport)
        assert account_details(client).hub_id == HUB
        assert account_details(client).hub_id == HUB  # on the same tunnel


def refuses(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")


def test_what_the_proxy_refuses_was_not_sent_and_no_password_is_told() -> None:
    with serving(refuses) as server:
        proxy = Proxy.parse(
            f"http://us%40er:{PASSWORD.replace('/', '%2F').replace('@', '%40')}@127.0.0.1:{server.port}"
        )
        with PooledTransport(proxy=proxy) as transport:
            client = Client(StaticToken("t"), surroundings=Surroundings(retries=NO_RETRIES), transport=transport)
            with pytest.raises(HubSpotError) as caught:
                client.request("POST", "/x", json={"a": "body"})
    assert type(caught.value) is errors.NotSent
    assert "canary" not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r} {proxy!r}"
    assert proxy.user == ("us@er", PASSWORD)
    (asked,) = server.requests
    assert asked.startswith(b"CONNECT api.hubapi.com:443")
    assert b"Proxy-Authorization: Basic" in asked
    assert b"Bearer" not in asked


def answers(server: Server, connection: socket.socket) -> None:
    while server.read_request(connection):
        connection.sendall(answer_json(b'{"a":1}'))


def test_plain_http_and_what_no_proxy_names_go_straight(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with serving(answers) as server:
        transport = new_transport()
        assert isinstance(transport, ByTheEnvironment)
        client = Client(StaticToken("t"), transport=transport, api_url=server.url)
        assert client.request("GET", "/x").json == {"a": 1}
        assert reached(transport) == "the proxy"
        environment.setenv("NO_PROXY", "hubapi.com,localhost")
        assert reached(transport) == "HubSpot's address"
        transport.close()


def reached(transport: ByTheEnvironment) -> str:
    """Say where a call to HubSpot went, by a resolver that knows nobody."""
    asked: list[str] = []

    def unknown(host: str, *_: object, **__: object) -> None:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "nobody")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unknown)
        client = Client(StaticToken("t"), surroundings=Surroundings(retries=NO_RETRIES), transport=transport)
        with pytest.raises(errors.NotSent):
            client.request("GET", "/x")
    return "HubSpot's address" if asked == ["api.hubapi.com"] else "the proxy"


def test_without_the_variable_there_is_no_proxy(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # of other schemes
    transport = new_transport()
    assert isinstance(transport, PooledTransport)
    transport.close()


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("http://proxy.example", "http://proxy.example:80"),
        ("https://proxy.example", "https://proxy.example:443"),
        ("http://[::1]:3128/", "http://[::1]:3128"),
    ],
)
def test_how_proxies_are_named(text: str, url: str) -> None:
    assert Proxy.parse(text) == Proxy(url)


@pytest.mark.parametrize("text", ["socks5://canary:1080", "http://", "http://canary:port", "http://[canary"])
def test_what_names_no_proxy_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="HTTPS_PROXY should be like") as caught:
        Proxy.parse(text)
    assert "canary" not in str(caught.value)
