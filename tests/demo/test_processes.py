from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import processes
from tests.demo.waiting import until


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    child = subprocess.Popen(sleep, cwd=tmp_path, env={**os.environ, "HUBAPP_TEST": str(tmp_path)})
    until(lambda: "sleep(600)" in getattr(processes.look(child.pid), "command", ""), "it has become the program")
    yield child
    child.kill()
    child.wait()


def test_a_process_is_told_by_when_it_started_not_by_its_number(sleeper: subprocess.Popen[bytes]) -> None:
    found = processes.look(sleeper.pid)
    assert found is not None
    impostor = processes.Process(found.pid, found.parent, found.group, "another time", found.command)
    assert processes.end([impostor], patience_s=1) == []
    assert sleeper.poll() is None
    processes.end([found])
    assert sleeper.wait(30) != 0


def test_a_zombie_is_not_a_living_process(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    until(lambda: processes.look(sleeper.pid) is None, "nobody sees it any more, though nobody waited for it")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not show another process' folder and variables")
def test_processes_are_found_by_their_folder_and_by_their_variables(
    sleeper: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    assert [found.pid for found in processes.working_in(tmp_path)] == [sleeper.pid]
    assert [found.pid for found in processes.marked(f"HUBAPP_TEST={tmp_path}")] == [sleeper.pid]


def test_the_listing_of_other_systems_says_the_same(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = processes.look(sleeper.pid)
    monkeypatch.setattr(processes, "_BOOT", tmp_path / "not-there")
    there = processes.look(sleeper.pid)
    assert here is not None
    assert there is not None
    assert (there.pid, there.parent, there.group) == (here.pid, here.parent, here.group)
    assert "sleep(600)" in there.command
    assert there in processes.family(os.getpid())
    assert processes.marked(f"HUBAPP_TEST={tmp_path}") == []
