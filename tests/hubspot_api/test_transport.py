"""Calls over real sockets to servers that misbehave. Bounds are generous: what counts is that every call ends."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hubspot_api import errors
from hubspot_api.attempts import Surroundings
from hubspot_api.client import Client
from hubspot_api.errors import HubSpotError
from hubspot_api.ports import StaticToken
from hubspot_api.retrying import NO_RETRIES
from hubspot_api.transport import PooledTransport
from tests.hubspot_api.servers import HEAD, Server, answer_json, reset, serving

DEADLINE = 0.25
LONGEST = 20 * DEADLINE  # on a machine that is busy with other things

Behaviour = Callable[[Server, socket.socket], None]


@pytest.fixture
def transport() -> Iterator[PooledTransport]:
    with PooledTransport() as transport:
        yield transport


def client_of(url: str, transport: PooledTransport, *, retries: bool = False) -> Client:
    surroundings = Surroundings() if retries else Surroundings(retries=NO_RETRIES)
    return Client(StaticToken("t"), surroundings=surroundings, transport=transport, api_url=url)


def failure_of(client: Client, method: str = "GET", json: object = None, deadline: float = DEADLINE) -> HubSpotError:
    started = time.monotonic()
    with pytest.raises(HubSpotError) as caught:
        client.request(method, "/x", json=json, deadline=deadline)
    assert time.monotonic() - started < LONGEST
    return caught.value


def drips_body(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(HEAD + b"Content-Length: 600\r\n\r\n")
    server.drip(connection, b" " * 600, 0.05)


def drips_chunks(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    server.drip(connection, b"1\r\n \r\n" * 100, 0.05)


def drips_head(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    server.drip(connection, HEAD + b"X-Slow: " + b"y" * 600, 0.05)


def says_wait(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    while not server.over.wait(0.05):
        connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")


def never_answers(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    server.over.wait()


def never_reads(server: Server, connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    server.over.wait()


def resets(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    reset(connection)


def resets_halfway(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(HEAD + b"Content-Length: 600\r\n\r\n{")
    reset(connection)


def hangs_up(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)


def cuts_the_body(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(HEAD + b'Content-Length: 600\r\n\r\n{"results":[')


def cuts_the_chunks(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}")


def cuts_the_json(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(answer_json(b'{"results":['))


def speaks_no_http(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    connection.sendall(b"220 smtp.example.com ESMTP\r\n")


def never_ends_the_head(server: Server, connection: socket.socket) -> None:
    server.read_request(connection)
    while not server.over.is_set():
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-Long: y\r\n" * 10_000)


def answers(server: Server, connection: socket.socket) -> None:
    while server.read_request(connection):
        connection.sendall(answer_json(b'{"a":1}'))


MISBEHAVIOUR: list[tuple[Behaviour, type[HubSpotError]]] = [
    (drips_body, errors.DeadlineExceeded),
    (drips_chunks, errors.DeadlineExceeded),
    (drips_head, errors.DeadlineExceeded),
    (says_wait, errors.DeadlineExceeded),
    (never_answers, errors.DeadlineExceeded),
    (resets, errors.AnswerLost),
    (resets_halfway, errors.AnswerLost),
    (hangs_up, errors.AnswerLost),
    (cuts_the_body, errors.AnswerLost),
    (cuts_the_chunks, errors.AnswerLost),
    (speaks_no_http, errors.AnswerLost),
    (never_ends_the_head, errors.AnswerLost),
    (cuts_the_json, errors.AnswerUnreadable),
]


@pytest.mark.parametrize(("behave", "kind"), MISBEHAVIOUR)
def test_a_write_to_a_server_that_misbehaves_is_sent_once_and_ends(
    behave: Behaviour, kind: type[HubSpotError], transport: PooledTransport
) -> None:
    with serving(behave) as server:
        error = failure_of(client_of(server.url, transport, retries=True), "POST", {"a": 1})
    assert type(error) is kind
    assert not error.certainly_not_done
    assert len(server.requests) == 1


@pytest.mark.parametrize(("behave", "kind"), MISBEHAVIOUR)
def test_a_read_from_a_server_that_misbehaves_ends_too(
    behave: Behaviour, kind: type[HubSpotError], transport: PooledTransport
) -> None:
    with serving(behave) as server:
        # Long enough to connect on a busy machine too: whoever never could has not met the server's misbehaviour.
        error = failure_of(client_of(server.url, transport, retries=True), deadline=4 * DEADLINE)
    assert isinstance(error, (kind, errors.DeadlineExceeded))


def test_a_server_that_does_not_read_does_not_hold_a_write(transport: PooledTransport) -> None:
    with serving(never_reads) as server:
        error = failure_of(client_of(server.url, transport), "POST", {"a": "x" * 30_000_000})
    assert type(error) is errors.DeadlineExceeded


def test_a_call_without_any_time_left_is_not_begun(transport: PooledTransport) -> None:
    with serving(answers) as server:
        error = failure_of(client_of(server.url, transport), "POST", {}, deadline=0)
    assert type(error) is errors.NotSent
    assert server.requests == []


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1"])
def test_an_address_that_is_none_was_not_sent_to(url: str, transport: PooledTransport) -> None:
    assert type(failure_of(client_of(url, transport), "POST", {})) is errors.NotSent


def test_a_refused_connection_was_not_sent(transport: PooledTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = failure_of(client_of(f"http://127.0.0.1:{port}", transport), "POST", {})
    assert type(error) is errors.NotSent


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue accepts connections all the same")
def test_a_host_that_drops_connections_was_not_sent_to(transport: PooledTransport) -> None:
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # fill the queue, so that the next one is dropped
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        error = failure_of(client_of(f"http://127.0.0.1:{full.getsockname()[1]}", transport), "POST", {})
    assert type(error) is errors.NotSent


def test_a_name_without_an_address_was_not_sent_to(transport: PooledTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert type(failure_of(client_of("http://api.example", transport), "POST", {})) is errors.NotSent
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    assert type(failure_of(client_of("http://api.example", transport), "POST", {})) is errors.NotSent


def test_every_address_of_a_name_is_tried(transport: PooledTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    def two(_: str, port: int, *__: object, **___: object) -> list[tuple[object, ...]]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
        return [(*kind, ("127.0.0.9", port)), (*kind, ("127.0.0.1", port))]

    with serving(answers) as server:
        resolve = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *a, **k: (two if host == "api.example" else resolve)(host, *a, **k)
        )
        client = client_of(f"http://api.example:{server.port}", transport)
        assert client.request("GET", "/x").json == {"a": 1}


def test_a_full_pool_was_not_sent(transport: PooledTransport) -> None:
    del transport
    with serving(never_answers) as server, PooledTransport(max_connections=1) as small, ThreadPoolExecutor() as pool:
        client = client_of(server.url, small)
        first = pool.submit(failure_of, client, deadline=3 * DEADLINE)
        while not server.requests:
            time.sleep(0.01)
        assert type(failure_of(client, "POST", {})) is errors.NotSent
        assert type(first.result()) is errors.DeadlineExceeded


def test_one_slow_call_does_not_shorten_or_delay_another(transport: PooledTransport) -> None:
    with serving(drips_body) as slow, serving(answers) as quick, ThreadPoolExecutor() as pool:
        dripping = pool.submit(failure_of, client_of(slow.url, transport))
        answer = client_of(quick.url, transport).request("GET", "/x", deadline=30)
        assert answer.json == {"a": 1}
        assert type(dripping.result()) is errors.DeadlineExceeded


def test_connections_are_used_again(transport: PooledTransport) -> None:
    with serving(answers) as server:
        client = client_of(server.url, transport)
        for _ in range(3):
            client.request("GET", "/x")
        transport.close()
    assert len(set(server.ports)) == 1


def test_a_connection_that_the_server_closed_meanwhile_costs_nothing(transport: PooledTransport) -> None:
    closed = threading.Semaphore(0)

    def answers_once(server: Server, connection: socket.socket) -> None:
        if server.read_request(connection):
            connection.sendall(answer_json())
            connection.close()
            closed.release()

    with serving(answers_once) as server:
        client = client_of(server.url, transport)
        for _ in range(3):
            client.request("POST", "/x", json={})
            closed.acquire()
    assert len(set(server.ports)) == 3


def test_a_connection_on_which_time_ran_out_is_not_used_again(transport: PooledTransport) -> None:
    def slow_then_quick(server: Server, connection: socket.socket) -> None:
        late = len(server.requests) == 0
        while server.read_request(connection):
            if late:
                server.over.wait(2 * DEADLINE)
            connection.sendall(answer_json(b'{"late":true}' if late else b'{"late":false}'))

    with serving(slow_then_quick) as server:
        client = client_of(server.url, transport)
        failure_of(client)
        assert client.request("GET", "/x").json == {"late": False}
        transport.close()


def test_a_forked_process_does_not_share_connections(
    transport: PooledTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(answers) as server:
        client = client_of(server.url, transport)
        client.request("GET", "/x")
        monkeypatch.setattr(os, "getpid", lambda: -1)
        client.request("GET", "/x")
        transport.close()
    assert len(set(server.ports)) == 2


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody but the tests trusts, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "loopback.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusting(certificate: Path) -> Iterator[PooledTransport]:
    with PooledTransport(verify=ssl.create_default_context(cafile=certificate)) as transport:
        yield transport


def test_tls_answers(tls: ssl.SSLContext, trusting: PooledTransport) -> None:
    with serving(answers, tls) as server:
        client = client_of(f"https://localhost:{server.port}", trusting)
        assert client.request("GET", "/x", deadline=30).json == {"a": 1}
        trusting.close()


@pytest.mark.parametrize("behave", [drips_body, drips_head, never_answers])
def test_tls_does_not_outlast_the_deadline(behave: Behaviour, tls: ssl.SSLContext, trusting: PooledTransport) -> None:
    with serving(behave, tls) as server:
        error = failure_of(client_of(f"https://localhost:{server.port}", trusting))
    assert type(error) is errors.DeadlineExceeded


def test_an_unknown_certificate_was_not_sent_to(tls: ssl.SSLContext, transport: PooledTransport) -> None:
    with serving(answers, tls) as server:
        error = failure_of(client_of(f"https://localhost:{server.port}", transport), "POST", {}, deadline=3)
    assert type(error) is errors.NotSent
    assert server.requests == []


def test_a_handshake_that_never_ends_was_not_sent(transport: PooledTransport) -> None:
    with serving(never_reads) as server:
        error = failure_of(client_of(f"https://localhost:{server.port}", transport), "POST", {})
    assert type(error) is errors.NotSent
