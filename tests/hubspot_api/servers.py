"""Servers on loopback that misbehave in one way each."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket], None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@dataclass
class Server:
    """Runs one behaviour per connection; `requests` counts those read whole, `ports` says from where they came."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def read_request(self, connection: socket.socket) -> bytes:
        """Read one request with its body; empty when the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        self.ports.append(connection.getpeername()[1])
        return self.requests[-1]

    def drip(self, connection: socket.socket, data: bytes, pause: float) -> None:
        """Send a byte at a time, until the client or the test has had enough."""
        with suppress(OSError):
            for byte in data:
                connection.sendall(bytes([byte]))
                if self.over.wait(pause):
                    return


@contextmanager
def serving(behave: Callable[[Server, socket.socket], None], tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve on a free port until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(listener.getsockname()[1])
    threads: list[threading.Thread] = []

    def handle(connection: socket.socket) -> None:
        with suppress(OSError), tls.wrap_socket(connection, server_side=True) if tls else connection as ready:
            server.connections.append(ready)
            behave(server, ready)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.settimeout(30)
                threads.append(threading.Thread(target=handle, args=(connection,), daemon=True))
                threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield server
    finally:
        server.over.set()
        for connection in server.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for thread in threads:
            thread.join()


def answer_json(body: bytes = b"{}") -> bytes:
    """Spell a complete answer."""
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def reset(connection: socket.socket) -> None:
    """Close with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
