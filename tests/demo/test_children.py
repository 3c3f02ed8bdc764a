from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from demo import children, processes
from tests.demo.waiting import until

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
PARENT = [sys.executable, "-c", "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(600)", *SLEEP]


def test_a_child_outlives_the_thread_that_asked_for_it() -> None:
    started: list[subprocess.Popen[bytes]] = []
    thread = threading.Thread(target=lambda: started.append(children.start(SLEEP, log=subprocess.DEVNULL)))
    thread.start()
    thread.join()
    with pytest.raises(subprocess.TimeoutExpired):
        started[0].wait(0.5)
    children.stop(started[0])
    assert started[0].returncode == -signal.SIGTERM


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux' own")
def test_a_child_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from demo import children; "
        f"child = children.start({SLEEP!r}, log=1); print(child.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        child = processes.look(int(parent.stdout.readline()))
        parent.kill()
        parent.wait()
    assert child is not None
    until(lambda: processes.look(child.pid) != child, "the child is gone")


def test_stopping_a_child_ends_what_it_leaves_in_its_group() -> None:
    child = children.start(PARENT, log=subprocess.DEVNULL)
    until(lambda: len(processes.family(child.pid)) == 2, "the child has a child")
    family = processes.family(child.pid)
    child.kill()
    child.wait()
    assert processes.look(family[1].pid) is not None  # the group's orphan is there, or the test proves nothing
    children.stop(child)
    until(lambda: processes.look(family[1].pid) is None, "the orphan is gone")


def test_a_stubborn_child_is_killed() -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    child = children.start([sys.executable, "-c", deaf], log=subprocess.DEVNULL)
    until(lambda: _ignores_sigterm(child.pid), "the child ignores SIGTERM")
    children.stop(child, patience_s=0.2)
    assert child.returncode == -signal.SIGKILL


def _ignores_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    ignored = next(line for line in status.splitlines() if line.startswith("SigIgn:"))
    return bool(int(ignored.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_a_program_that_is_missing_says_so(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        child = children.start(["no-such-program"], log=file)
    assert child.wait(30) != 0
    assert "no-such-program" in log.read_text()
