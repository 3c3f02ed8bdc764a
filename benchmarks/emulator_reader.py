"""Read single records as fast as they are answered: python -m benchmarks.emulator_reader PORT SECONDS < tokens.json"""

from __future__ import annotations

import collections
import json
import socket
import sys
import threading
import time

CONNECTIONS = 8
# Of one token, less than its allowance of 110 in ten seconds.
CALLS_PER_TOKEN = 100


def main() -> None:
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    requests = [_request(port, token) for token in json.load(sys.stdin)]
    shares = [requests[first::CONNECTIONS] for first in range(CONNECTIONS)]
    statuses: list[collections.Counter[str]] = [collections.Counter() for _ in shares]
    until = time.perf_counter() + seconds
    started = time.perf_counter()
    threads = [
        threading.Thread(target=_read, args=(port, share, until, counted))
        for share, counted in zip(shares, statuses, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - started
    total = sum(statuses, collections.Counter())
    print(json.dumps({"statuses": total, "reads_per_s": total.total() / took}))


def _request(port: int, token: str) -> bytes:
    head = f"GET /crm/v3/objects/contacts/101 HTTP/1.1\r\nHost: localhost:{port}\r\n"
    return f"{head}Authorization: Bearer {token}\r\n\r\n".encode()


def _read(port: int, requests: list[bytes], until: float, counted: collections.Counter[str]) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            for _ in range(CALLS_PER_TOKEN):
                if time.perf_counter() >= until:
                    return
                connection.sendall(request)
                counted[_status(connection)] += 1


def _status(connection: socket.socket) -> str:
    answer = connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head[9:12].decode()


if __name__ == "__main__":
    main()
