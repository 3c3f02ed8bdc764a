from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.lock import AlreadyRunning, Lock


def test_a_second_holder_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    first.acquire()
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        second.acquire()
    assert not second.held
    first.release()
    second.acquire()
    second.release()


def test_the_lock_of_a_killed_process_is_free_and_children_do_not_inherit_it(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys; from pathlib import Path; from demo.lock import Lock; "
        "Lock(Path(sys.argv[1])).acquire(); "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
        "print(child.pid, flush=True); child.wait()"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "lock")], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout:
        child = int(holder.stdout.readline())
        with pytest.raises(AlreadyRunning):
            Lock(tmp_path / "lock").acquire()
        holder.kill()
        holder.wait()
    lock = Lock(tmp_path / "lock")
    lock.acquire()
    lock.release()
    os.kill(child, 9)
