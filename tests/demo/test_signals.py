from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from demo import processes
from demo.environment import MARK, bare_environment

CHECKOUT = Path(__file__).resolve().parents[2]
HOLDS = """
import os, signal
from demo.signals import Asked, asking, held

with asking(at_once=lambda: print("at once")):
    try:
        with held(), held():
            os.kill(os.getpid(), signal.SIGINT)
            print("not interrupted")
        print("not reached")
    except Asked:
        print("asked")
        os.kill(os.getpid(), signal.SIGINT)
"""
# Stops what is being started, at moments from before its start until it is up. Another process asks: a thread of ours
# would have to wait for the very moment in which a process is being started. Python swallows what is raised while it
# calls a weak reference's callback, so once in a thousand times it is not heard, and what was started goes on.
STOPS = """
import os, subprocess, sys, time
from pathlib import Path
from demo import processes
from demo.app_setup import manage
from demo.signals import Asked, asking
from demo.stack import Stack

def command():
    manage(dict(os.environ), "shell", "-c", "import time; time.sleep(10)")

def server():
    with Stack(Path(os.environ["HUBAPP_DEMO"], "data"), names=["redis"]):
        time.sleep(10)

what, spread_s, times = {"command": command, "server": server}[sys.argv[1]], float(sys.argv[2]), int(sys.argv[3])
stopped = 0
for moment in range(times):
    script = f"sleep {moment * spread_s / times}; kill -INT {os.getpid()}"
    try:
        with asking(at_once=lambda: None), subprocess.Popen(["sh", "-c", script]):
            what()
    except Asked:
        stopped += 1
    for left in processes.marked("HUBAPP_DEMO=" + os.environ["HUBAPP_DEMO"]):
        if left.pid != os.getpid():
            print("left:", left)
print("stopped:", stopped)
"""


def run(program: str, *arguments: object, **env: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=CHECKOUT,
        env={**bare_environment(), "PYTHONUNBUFFERED": "1", **env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line and not line.startswith("Stopping.")]


def test_who_asks_while_it_is_held_is_heard_at_its_end() -> None:
    assert run(HOLDS) == ["not interrupted", "asked", "at once"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process was started with")
@pytest.mark.parametrize(("what", "spread_s"), [("command", 0.004), ("server", 0.1)])
def test_nothing_outlives_the_moment_it_is_stopped_in(what: str, spread_s: float, tmp_path: Path) -> None:
    try:
        *left, stopped = run(STOPS, what, spread_s, 150, **{MARK: str(tmp_path)})
        assert left == []
        assert int(stopped.removeprefix("stopped: ")) > 140
    finally:
        processes.end(processes.marked(f"{MARK}={tmp_path}"))
