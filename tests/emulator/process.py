"""The emulator as a process on real ports."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx2

from demo import ports


def free_ports() -> int:
    """The first of two neighbouring ports that nobody uses: one for each region."""
    return ports.free_ports(2)


def eventually(condition: Callable[[], Any], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


class Process:
    def __init__(self, port: int, *arguments: str) -> None:
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "--port", str(port), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.announced = self.process.stdout.readline()
        self.http = httpx2.Client(base_url=f"http://localhost:{port}", trust_env=False, timeout=20)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"/_emulator/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=10)
        return self.process.returncode, errors
