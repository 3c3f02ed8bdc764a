"""Send signed deliveries of webhooks, as HubSpot would, as fast as the receiver acknowledges them.

python -m benchmarks.webhooks_sender --port 8000 --seconds 4 < secret

A process of its own, of the standard library alone, that shares no code with any receiver. Bodies are made before the
clock runs; what must differ from one delivery to the next is patched into them as they are sent. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import base64
import collections
import hashlib
import hmac
import json
import random
import socket
import sys
import threading
import time
from dataclasses import dataclass, field

PATH = "/webhooks/hubspot"
FIRST_PORTAL = 1001
_BODIES = 500
_PASS, _SECONDS = b"PPPPP", b"SSSSSSSSSS"  # stand in a body where numbers of the same length will be
_PROPERTIES = ("email", "firstname", "lifecyclestage", "hubspot_owner_id", "phone")


@dataclass(frozen=True)
class Load:
    port: int
    seconds: float
    batch: int
    connections: int
    portals: int
    app_id: int
    secret: bytes = field(repr=False)


def make_body(rng: random.Random, load: Load, number: int) -> bytes:
    """Return one delivery of one portal, with placeholders for the pass and the second in which it is sent."""
    portal = FIRST_PORTAL + rng.randrange(load.portals)
    events = ",".join(_event(rng, load, portal, number * load.batch + position) for position in range(load.batch))
    return f"[{events}]".encode()


def _event(rng: random.Random, load: Load, portal: int, number: int) -> str:
    event = {
        "eventId": 0,
        "subscriptionId": 6527612,
        "portalId": portal,
        "appId": load.app_id,
        "occurredAt": 1,
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "objectId": 508_000_000_000 + rng.randrange(10_000),
        "propertyName": rng.choice(_PROPERTIES),
        "propertyValue": f"value {rng.getrandbits(24)}",
        "changeSource": "CRM_UI",
        "sourceId": "userId:75514748",
    }
    text = json.dumps(event, separators=(",", ":"))
    text = text.replace('"eventId":0', f'"eventId":{_PASS.decode()}{number:05d}', 1)
    return text.replace('"occurredAt":1', f'"occurredAt":{_SECONDS.decode()}{rng.randrange(1000):03d}', 1)


class Sender:
    """Several connections, each sending its next delivery as soon as the one before is answered."""

    def __init__(self, load: Load) -> None:
        self.load = load
        rng = random.Random(1)
        self._bodies = [make_body(rng, load, number) for number in range(_BODIES)]
        self._signed = f"POST{self._address}".encode()
        self._head = f"POST {PATH} HTTP/1.1\r\nHost: localhost:{load.port}\r\nContent-Type: application/json\r\n"
        self._numbers = iter(range(sys.maxsize))
        self._lock = threading.Lock()
        self.statuses: collections.Counter[str] = collections.Counter()
        self.waits: list[float] = []

    @property
    def _address(self) -> str:
        return f"http://localhost:{self.load.port}{PATH}"

    def run(self) -> float:
        """Return for how many seconds deliveries were under way."""
        barrier = threading.Barrier(self.load.connections + 1)
        threads = [threading.Thread(target=self._send, args=[barrier]) for _ in range(self.load.connections)]
        for thread in threads:
            thread.start()
        barrier.wait()
        started = time.perf_counter()
        for thread in threads:
            thread.join()
        return time.perf_counter() - started

    def _send(self, barrier: threading.Barrier) -> None:
        try:
            self._send_on(barrier)
        except OSError as error:
            with self._lock:
                self.statuses[type(error).__name__] += 1

    def _send_on(self, barrier: threading.Barrier) -> None:
        with socket.create_connection(("127.0.0.1", self.load.port), timeout=30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            barrier.wait()
            until = time.perf_counter() + self.load.seconds
            while (started := time.perf_counter()) < until:
                request = self._next_request()
                connection.sendall(request)
                status = read_status(connection)
                wait = time.perf_counter() - started
                with self._lock:
                    self.statuses[status] += 1
                    self.waits.append(wait)

    def _next_request(self) -> bytes:
        with self._lock:
            number = next(self._numbers)
        turn, index = divmod(number, _BODIES)
        now = time.time()
        body = self._bodies[index].replace(_PASS, b"%05d" % (10_000 + turn)).replace(_SECONDS, b"%010d" % int(now))
        timestamp = str(int(now * 1000))
        source = b"".join([self._signed, body, timestamp.encode()])
        signature = base64.b64encode(hmac.digest(self.load.secret, source, hashlib.sha256)).decode()
        head = (
            f"{self._head}Content-Length: {len(body)}\r\n"
            f"X-HubSpot-Request-Timestamp: {timestamp}\r\nX-HubSpot-Signature-v3: {signature}\r\n\r\n"
        )
        return head.encode() + body


def read_status(connection: socket.socket) -> str:
    """Read one answer to its end and return its status. Raises ConnectionError."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("The receiver hung up.")
        answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head[9:12].decode()


def summary(sender: Sender, took_s: float) -> dict[str, object]:
    acknowledged = sum(count for status, count in sender.statuses.items() if status.startswith("2"))
    waits = sorted(sender.waits) or [0.0]
    return {
        "events": acknowledged * sender.load.batch,
        "events_per_s": round(acknowledged * sender.load.batch / took_s),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 1),
        "p99_ms": round(waits[int(len(waits) * 0.99)] * 1000, 1),
        "statuses": dict(sender.statuses),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--portals", type=int, default=50)
    parser.add_argument("--app-id", type=int, default=1)
    load = Load(**vars(parser.parse_args()), secret=sys.stdin.read().strip().encode())
    sender = Sender(load)
    print(json.dumps(summary(sender, sender.run())))


if __name__ == "__main__":
    main()
