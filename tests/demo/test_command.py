"""`make demo` as a person runs it: the whole product, in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from demo import ports, processes
from demo.environment import MARK, bare_environment
from demo.place import place_of
from tests.demo.waiting import until

CHECKOUT = Path(__file__).resolve().parents[2]
NAMES = {"web", "worker", "beat", "redis", "postgres", "emulator"}
START_LIMIT_S = 180


class Run:
    """One `python -m demo`."""

    def __init__(self, data: Path, **env: str) -> None:
        self.data = data.resolve()
        self.output = data.parent / f"output-{os.urandom(4).hex()}"
        variables = {**bare_environment(), "DEMO_DATA": str(data), "PYTHONUNBUFFERED": "1", **env}
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "demo"],
                cwd=CHECKOUT,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    @property
    def said(self) -> str:
        return self.output.read_text(errors="replace")

    @property
    def written(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "demo.json").read_text())
        return found

    def wait_until_up(self) -> None:
        def up_or_over() -> bool:
            return "Ctrl-C stops everything" in self.said or self.process.poll() is not None

        until(up_or_over, "the demo is up", START_LIMIT_S)
        assert self.process.poll() is None, self.said

    def end(self, sign: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(sign)
        return self.process.wait(120)

    def left(self) -> list[processes.Process]:
        """Return the processes of this data directory that still live, whoever started them."""
        servers = [place_of(self.data) / "postgres", self.data / "postgres", self.data / "redis"]
        found = [process for folder in servers for process in processes.working_in(folder)]
        return found + processes.marked(f"{MARK}={self.data}")

    def clear(self) -> None:
        if self.process.poll() is None:
            self.end()
        processes.end(self.left(), patience_s=30)
        subprocess.run(["rm", "-rf", place_of(self.data)], check=True)


Demo = Callable[..., Run]


def until_nobody_is_left(run: Run) -> None:
    try:
        until(lambda: run.left() == [], "nobody is left", 120)
    except AssertionError:
        raise AssertionError(f"Left are: {run.left()}") from None


@pytest.fixture
def run_demo(tmp_path: Path) -> Iterator[Demo]:
    runs: list[Run] = []

    def run(**env: str) -> Run:
        emulator_port = ports.free_ports(2)
        free = {"WEB_PORT": str(ports.free_ports()), "EMULATOR_PORT": str(emulator_port)}
        runs.append(Run(tmp_path / "data", **(free | env)))
        return runs[-1]

    yield run
    for one in reversed(runs):
        one.clear()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A demo for tests that leave it running."""
    first = ports.free_ports(3)
    found = Run(tmp_path_factory.mktemp("demo") / "data", WEB_PORT=str(first), EMULATOR_PORT=str(first + 1))
    try:
        found.wait_until_up()
        yield found
    finally:
        found.clear()


def answers(address: str) -> bool:
    try:
        return httpx2.get(address, trust_env=False, timeout=10).is_success
    except httpx2.TransportError:
        return False


def test_it_says_and_writes_down_where_everything_is(running: Run) -> None:
    written = running.written
    staff = written["staff"]
    for told in (written["web"], written["emulator"], staff["username"], staff["password"], "logs", "second factor"):
        assert told in running.said
    assert set(written) == {"web", "emulator", "database_url", "redis_url", "staff", "app", "hub_ids", "pids"}
    assert set(written["app"]) == {"client_id", "client_secret", "app_id"}
    assert len(written["hub_ids"]) == 3
    assert set(written["pids"]) == NAMES
    assert all(written["pids"].values())
    assert answers(f"{written['web']}/healthz")
    assert answers(f"{written['web']}/readyz")
    assert answers(f"{written['emulator']}/_emulator/state")


def test_each_child_has_a_log(running: Run) -> None:
    assert {log.stem for log in (running.data / "logs").glob("*.log")} == NAMES


def test_the_staff_login_is_there_and_a_superuser(running: Run) -> None:
    with psycopg.connect(running.written["database_url"]) as connection:
        staff = connection.execute("SELECT username, is_staff, is_superuser FROM auth_user").fetchall()
    assert staff == [("staff", True, True)]


def test_the_app_is_registered_with_its_subscriptions(running: Run) -> None:
    state = httpx2.get(f"{running.written['emulator']}/_emulator/state", trust_env=False).json()
    assert [app["client_id"] for app in state["apps"]] == [running.written["app"]["client_id"]]


def test_commands_of_the_app_work_beside_it(running: Run) -> None:
    script = f". {running.data}/env && {sys.executable} manage.py migrate --check"
    subprocess.run(["sh", "-c", script], cwd=CHECKOUT, env=bare_environment(), capture_output=True, check=True)


def test_a_second_one_on_the_same_data_is_refused(running: Run, tmp_path: Path) -> None:
    other = Run(running.data, WEB_PORT=str(ports.free_ports()))
    assert other.process.wait(60) == 1
    assert "already runs" in other.said
    assert str(running.process.pid) in other.said
    assert answers(f"{running.written['web']}/healthz")


def test_a_killed_web_server_comes_back_whole(running: Run) -> None:
    before = running.written["pids"]["web"]
    os.kill(before[0], signal.SIGKILL)
    until(lambda: not set(running.written["pids"]["web"] or before) & set(before), "other processes serve", 120)
    until(lambda: answers(f"{running.written['web']}/healthz"), "the app answers")
    assert all(processes.look(pid) is None for pid in before), "the killed server's workers live on"
    assert "web was killed by SIGKILL" in running.said


def test_a_killed_worker_takes_its_pool_along_and_comes_back(running: Run) -> None:
    until(lambda: len(running.written["pids"]["worker"]) == 3, "the worker has its pool")
    before = running.written["pids"]["worker"]
    os.kill(before[0], signal.SIGKILL)
    until(lambda: not set(running.written["pids"]["worker"] or before) & set(before), "other processes work", 120)
    until(lambda: all(processes.look(pid) is None for pid in before), "nobody of the old pool is left")


def test_stopped_it_leaves_nothing_and_starts_again_with_the_same_data(run_demo: Demo) -> None:
    first = run_demo()
    first.wait_until_up()
    written = first.written
    assert first.end(signal.SIGTERM) == 0
    assert "Nothing is left running" in first.said
    assert first.left() == []
    assert not (first.data / "demo.json").exists()
    second = run_demo()
    second.wait_until_up()
    for kept in ("staff", "app", "hub_ids", "database_url"):
        assert second.written[kept] == written[kept]
    assert "earlier run" not in second.said


def test_ctrl_c_while_it_starts_leaves_nothing(run_demo: Demo) -> None:
    run = run_demo()
    until(lambda: "redis is up" in run.said, "it is half way")
    assert run.end(signal.SIGINT) == 0
    assert run.left() == []


def test_killed_it_leaves_nothing_and_the_next_start_heals(run_demo: Demo) -> None:
    first = run_demo()
    first.wait_until_up()
    first.end(signal.SIGKILL)
    if sys.platform == "linux":
        until_nobody_is_left(first)
    second = run_demo()
    second.wait_until_up()
    assert "The earlier run was killed" in second.said


def test_what_outlives_a_killed_run_is_ended_by_the_next_start(run_demo: Demo) -> None:
    first = run_demo()
    first.wait_until_up()
    first.end(signal.SIGKILL)
    orphan = subprocess.Popen(["sleep", "600"], env={**os.environ, MARK: str(first.data)})
    second = run_demo()
    second.wait_until_up()
    assert "left processes behind" in second.said
    assert orphan.wait(60) == -signal.SIGTERM


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent was killed")
def test_a_web_servers_workers_end_with_it_when_nobody_is_left_to_see_to_them(run_demo: Demo) -> None:
    run = run_demo()
    run.wait_until_up()
    until(lambda: len(run.written["pids"]["web"]) == 3, "the web server has its workers")
    web = run.written["pids"]["web"]
    for pid in (run.process.pid, web[0]):
        os.kill(pid, signal.SIGKILL)
    until(lambda: all(processes.look(pid) is None for pid in web), "the web server's workers have ended")
    run.process.wait(60)


@pytest.mark.parametrize("variable", ["WEB_PORT", "EMULATOR_PORT"])
def test_a_port_in_use_is_told_before_anything_starts(run_demo: Demo, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        run = run_demo(**{variable: str(other.getsockname()[1])})
        assert run.process.wait(60) == 1
    assert variable in run.said
    assert f"process {os.getpid()}" in run.said
    assert "postgres" not in run.said
    assert run.left() == []
