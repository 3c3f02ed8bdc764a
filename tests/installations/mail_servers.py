"""A mail server of a few lines, to be believed, refused or cut off by."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class MailServer:
    """What it took, and what it answers to whom: `refuses` gives a code by recipient; `hangs_up` after the letter.

    With `repeats` it asks who is there, believes nobody, and repeats what they said.
    """

    port: int = 0
    taken: list[str] = field(default_factory=list)
    refuses: dict[str, int] = field(default_factory=dict)
    hangs_up: bool = False
    repeats: bool = False


@contextmanager
def mail_server() -> Iterator[MailServer]:
    state = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            _talk(self, state)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield state
        server.shutdown()


def _talk(peer: socketserver.StreamRequestHandler, state: MailServer) -> None:
    peer.wfile.write(b"220 here\r\n")
    while line := peer.rfile.readline():
        word = line[:4].upper()
        if state.repeats and word == b"EHLO":
            peer.wfile.write(b"250-here\r\n250 AUTH PLAIN\r\n")
            continue
        if state.repeats:
            peer.wfile.write(b"535 " + line)
            return
        if word == b"DATA":
            peer.wfile.write(b"354 go on\r\n")
            state.taken.append(_letter(peer))
            if state.hangs_up:
                return
        if word == b"QUIT":
            peer.wfile.write(b"221 bye\r\n")
            return
        refused = next((code for to, code in state.refuses.items() if to.encode() in line), 0)
        peer.wfile.write(f"{refused} no\r\n".encode() if word == b"RCPT" and refused else b"250 well\r\n")


def _letter(peer: socketserver.StreamRequestHandler) -> str:
    lines = []
    while (line := peer.rfile.readline()) not in {b".\r\n", b""}:
        lines.append(line.decode())
    return "".join(lines)
