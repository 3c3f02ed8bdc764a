from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.patience import Patience
from demo.programs import Program, ProgramFailed
from demo.supervisor import Post, Supervisor
from tests.demo.waiting import until


class Watched:
    """One post under a supervisor, and what the supervisor said."""

    def __init__(self, program: str, log: Path) -> None:
        self.said: list[str] = []
        child = Program("child", [sys.executable, "-c", program], env=os.environ, log=log)
        self.post = Post("child", child, Patience(pause_s=0.02, deaths_allowed=3))
        self.supervisor = Supervisor({"child": self.post}, threading.RLock(), self.said.append)

    def end(self) -> None:
        self.supervisor.end()
        self.post.stop()


@pytest.fixture
def ended() -> Iterator[list[Watched]]:
    found: list[Watched] = []
    yield found
    for watched in found:
        watched.end()


def test_a_child_that_dies_again_and_again_is_given_up_with_the_end_of_its_log(
    tmp_path: Path, ended: list[Watched]
) -> None:
    watched = Watched("print('no such table'); raise SystemExit(3)", tmp_path / "child.log")
    ended.append(watched)
    watched.post.start()
    watched.supervisor.start()
    assert watched.supervisor.finished.wait(60)
    reason = watched.supervisor.gave_up
    assert reason is not None
    assert "child ended with exit code 3, again and again" in reason
    assert "no such table" in reason
    assert sum("started again" in line for line in watched.said) == 3


def test_deaths_on_purpose_do_not_exhaust_its_patience(tmp_path: Path, ended: list[Watched]) -> None:
    watched = Watched("import time; time.sleep(600)", tmp_path / "child.log")
    ended.append(watched)
    watched.post.start()
    watched.supervisor.start()
    for _ in range(6):
        process = watched.post.child.process
        assert process is not None
        watched.post.expect_death()
        process.kill()
        until(lambda dead=process: watched.post.child.process is not dead, "it runs again")  # type: ignore[misc]
    assert watched.supervisor.gave_up is None


def test_a_program_that_ends_before_it_is_ready_says_what_it_said(tmp_path: Path) -> None:
    child = Program(
        "child",
        [sys.executable, "-c", "raise SystemExit('cannot bind')"],
        env=os.environ,
        log=tmp_path / "child.log",
        is_ready=lambda: False,
    )
    with pytest.raises(ProgramFailed, match="cannot bind"):
        child.start()
