"""The receiver behind a real server: what no test client can send, and a database that is down."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from demo.environment import bare_environment
from demo.ports import free_ports
from demo.programs import Program, web_command
from tests.events import sent
from tests.settings import ENVIRONMENT
from webhooks.views import LARGEST_BODY

from .signing import PATH, SIGNATURE, TIMESTAMP, body_of, signed

BODY = body_of(sent(900_900))
CLOSED = {"DATABASE_URL": "postgresql://postgres@127.0.0.1:9/none", "REDIS_URL": "redis://127.0.0.1:9/0"}


class Server:
    """A granian with one worker that reaches neither PostgreSQL nor Redis."""

    def __init__(self, port: int, program: Program) -> None:
        self.port = port
        self.program = program

    def send(self, head: Iterable[bytes], body: Iterable[bytes] = ()) -> http.client.HTTPResponse:
        """Send a request as these bytes and return the answer."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        with connection:
            connection.sendall(b"\r\n".join([*head, b"Host: localhost", b"", b""]))
            with suppress(ConnectionError):  # it may answer, and hang up, before the end
                for part in body:
                    connection.sendall(part)
            response = http.client.HTTPResponse(connection)
            response.begin()
            response.read()
        assert_safe(response)
        return response

    def post(self, headers: Mapping[str, str], body: bytes = BODY) -> int:
        lines = [f"{name}: {value}".encode("latin-1") for name, value in headers.items()]
        return self.send([f"POST {PATH} HTTP/1.1".encode(), *lines, b"Content-Length: %d" % len(body)], [body]).status

    def largest_memory_kib(self) -> int:
        """Return the most that any of its processes has ever held."""
        assert self.program.process is not None
        parent = self.program.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in [str(parent), *children]]
        return max(int(line.split()[1]) for status in statuses for line in status.splitlines() if "VmHWM" in line)


def assert_safe(response: http.client.HTTPResponse) -> None:
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_ports()
    log = tmp_path_factory.mktemp("server") / "granian.log"
    environment = bare_environment() | ENVIRONMENT | CLOSED | {"DJANGO_SETTINGS_MODULE": "hubapp.settings"}
    program = Program("web", web_command(port, 1, 2), env=environment, log=log, is_ready=lambda: answers(port))
    try:
        program.start()
        yield Server(port, program)
    finally:
        program.stop()


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def chunks(body: bytes, size: int = 65536) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        part = body[start : start + size]
        yield b"%x\r\n%b\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def head(headers: Mapping[str, str], *more: bytes) -> list[bytes]:
    lines = [f"{name}: {value}".encode() for name, value in headers.items()]
    return [f"POST {PATH} HTTP/1.1".encode(), *lines, *more]


def test_without_a_database_hubspot_is_asked_to_send_again(server: Server) -> None:
    started = time.monotonic()
    assert [server.post(signed(BODY)) for _ in range(5)] == [503] * 5
    assert time.monotonic() - started < 5


def test_what_is_wrong_with_a_delivery_is_said_without_a_database(server: Server) -> None:
    assert server.post({}) == 401
    assert server.post(signed(BODY) | {SIGNATURE: "x"}) == 401
    assert server.post(signed(b"[]"), b"[]") == 400
    assert server.send([f"GET {PATH} HTTP/1.1".encode()]).status == 405


@pytest.mark.parametrize("name", [SIGNATURE, TIMESTAMP])
@pytest.mark.parametrize("value", [b"", b" ", b"\xff\xfe", "é✓".encode(), b"a" * 3000])
def test_an_odd_header_is_refused(server: Server, name: str, value: bytes) -> None:
    others = {key: one for key, one in signed(BODY).items() if key != name}
    response = server.send(head(others, name.encode() + b": " + value, b"Content-Length: %d" % len(BODY)), [BODY])
    assert response.status == 401


@pytest.mark.parametrize("name", [SIGNATURE, TIMESTAMP])
def test_a_header_sent_twice_is_refused(server: Server, name: str) -> None:
    headers = signed(BODY)
    again = f"{name}: {headers[name]}".encode()
    assert server.send(head(headers, again, b"Content-Length: %d" % len(BODY)), [BODY]).status == 401


def test_a_body_without_a_length_is_read_to_its_end(server: Server) -> None:
    """503: its signature is right, so that nothing but the database is missing."""
    chunked = b"Transfer-Encoding: chunked"
    assert server.send(head(signed(BODY), chunked), chunks(BODY, 7)).status == 503
    assert server.send(head(signed(BODY), chunked), chunks(BODY + b" ", 7)).status == 401


def test_a_body_that_is_too_long_is_not_taken_in(server: Server) -> None:
    longest, before = b"x" * (LARGEST_BODY + 1), server.largest_memory_kib()
    for _ in range(3):
        assert server.post(signed(b""), longest) == 413
        assert server.send(head(signed(b""), b"Transfer-Encoding: chunked"), chunks(longest)).status == 413
    assert server.largest_memory_kib() - before < 64 * 1024


def test_a_sender_who_never_ends_is_stopped(server: Server) -> None:
    """A hundred megabytes: the answer may be lost with the connection, memory is not."""
    before = server.largest_memory_kib()
    part = b"x" * (1024 * 1024)
    with suppress(OSError, http.client.HTTPException):
        endless = (b"%x\r\n%b\r\n" % (len(part), part) for _ in range(100))
        assert server.send(head(signed(b""), b"Transfer-Encoding: chunked"), endless).status == 413
    assert server.largest_memory_kib() - before < 64 * 1024
    assert server.post({}) == 401


def test_a_sender_who_hangs_up_harms_nobody(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        lines = [*head(signed(BODY), b"Host: localhost", b"Content-Length: 100000"), b"", BODY]
        connection.sendall(b"\r\n".join(lines))
    assert server.post({}) == 401
    assert "Traceback" not in server.program.log.read_text()
