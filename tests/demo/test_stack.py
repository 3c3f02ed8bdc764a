"""The stack with its servers alone: quick to start, and the same code that runs the rest."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from demo import children, processes
from demo.environment import MARK
from demo.lock import AlreadyRunning
from demo.ports import PortTaken
from demo.stack import Stack
from tests.demo.waiting import until

SERVERS = ("postgres", "redis")
MakeStack = Callable[..., Stack]


@pytest.fixture
def make_stack(tmp_path: Path) -> Iterator[MakeStack]:
    made: list[Stack] = []

    def make(**options: object) -> Stack:
        made.append(Stack(tmp_path / "data", **({"names": SERVERS, "fsync": False} | options)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for stack in made:
        stack.stop()
        stack.erase()


def answers(stack: Stack) -> bool:
    with (
        psycopg.connect(stack.plan.settings["DATABASE_URL"]) as connection,
        redis.Redis.from_url(stack.plan.settings["REDIS_URL"]) as client,
    ):
        return connection.execute("SELECT 1").fetchone() == (1,) and bool(client.ping())


def nobody_left(stack: Stack) -> bool:
    at_home = [
        found for folder in (stack.plan.postgres.data, stack.plan.redis.data) for found in processes.working_in(folder)
    ]
    return not at_home and not processes.marked(f"{MARK}={stack.plan.data}")


def test_it_writes_down_what_a_stranger_needs(make_stack: MakeStack) -> None:
    stack = make_stack(web_port=20_001, emulator_port=20_003, env={"HUBSPOT_APP_ID": "42"})
    stack.start()
    written = json.loads((stack.plan.data / "demo.json").read_text())
    identity = stack.plan.identity
    assert written == {
        "web": "http://localhost:20001",
        "emulator": "http://localhost:20003",
        "database_url": stack.plan.postgres.url,
        "redis_url": stack.plan.redis.url,
        "staff": {"username": "staff", "password": identity.staff_password},
        "app": {"client_id": identity.client_id, "client_secret": identity.client_secret, "app_id": 42},
        "hub_ids": [],
        "pids": {
            "web": [],
            "worker": [],
            "beat": [],
            "redis": stack.pids("redis")[:1],
            "postgres": stack.pids("postgres")[:1],
            "emulator": [],
        },
    }
    stack.stop()
    assert not (stack.plan.data / "demo.json").exists()


def test_what_it_writes_is_for_its_owner_only(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.start()
    for name in ("demo.json", "env", "identity.json", "processes.json", "lock"):
        assert stat.S_IMODE((stack.plan.data / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE(stack.plan.data.stat().st_mode) == 0o700


def test_its_settings_can_be_sourced_by_a_shell(make_stack: MakeStack) -> None:
    stack = make_stack(env={"HUBSPOT_SCOPES": "oauth it's $HOME"})
    stack.start()
    script = f'. {stack.plan.data}/env; printf \'%s|%s\' "$DATABASE_URL" "$HUBSPOT_SCOPES"'
    said = subprocess.run(["sh", "-c", script], env={}, capture_output=True, text=True, check=True)
    assert said.stdout == f"{stack.plan.postgres.url}|oauth it's $HOME"


def test_its_secrets_and_data_are_the_same_at_the_next_start(make_stack: MakeStack) -> None:
    first = make_stack()
    first.start()
    with psycopg.connect(first.plan.postgres.url) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    first.stop()
    second = make_stack()
    second.start()
    assert second.plan.identity == first.plan.identity
    with psycopg.connect(second.plan.postgres.url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_servers_that_the_environment_names_are_not_started(make_stack: MakeStack) -> None:
    stack = make_stack(env={"DATABASE_URL": "postgresql://elsewhere/db", "REDIS_URL": "redis://elsewhere/1"})
    stack.start()
    written = json.loads((stack.plan.data / "demo.json").read_text())
    assert (written["database_url"], written["redis_url"]) == ("postgresql://elsewhere/db", "redis://elsewhere/1")
    assert not any(written["pids"].values())


def test_our_own_environment_reaches_the_app_only_when_it_is_given(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_SCOPES", "from outside")
    assert "HUBSPOT_SCOPES" not in make_stack().plan.environment
    assert make_stack(env=os.environ).plan.environment["HUBSPOT_SCOPES"] == "from outside"


def test_a_second_start_on_the_same_data_is_refused_and_harms_nothing(make_stack: MakeStack) -> None:
    first, second = make_stack(), make_stack()
    first.start()
    with pytest.raises(AlreadyRunning, match="already runs"):
        second.start()
    second.stop()
    assert answers(first)
    assert (first.plan.data / "demo.json").exists()


def test_a_port_in_use_stops_the_start_before_anything_is_started(make_stack: MakeStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        stack = make_stack(names=(*SERVERS, "web"), web_port=other.getsockname()[1])
        with pytest.raises(PortTaken, match="WEB_PORT"):
            stack.start()
    assert not stack.log("postgres").exists()
    assert nobody_left(stack)


def test_a_second_region_of_the_emulator_needs_its_port_too(make_stack: MakeStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        stack = make_stack(names=("emulator",), emulator_port=other.getsockname()[1] - 1)
        with pytest.raises(PortTaken, match="EMULATOR_PORT"):
            stack.start()


def test_a_killed_child_stays_dead_until_it_is_started(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.start()
    before = stack.pids("redis")
    stack.kill("redis")
    assert not stack.running("redis")
    assert stack.pids("redis") == []
    stack.start("redis")
    assert answers(stack)
    assert stack.pids("redis") != before


def test_a_child_that_dies_comes_back_where_that_is_wanted(make_stack: MakeStack) -> None:
    said: list[str] = []
    stack = make_stack(restart=True, pause_s=0.1, say=said.append)
    stack.start()
    os.kill(stack.pids("postgres")[0], signal.SIGKILL)
    until(lambda: any("postgres runs again" in line for line in said), "postgres runs again")
    assert answers(stack)
    assert any("postgres was killed by SIGKILL" in line and str(stack.log("postgres")) in line for line in said)
    until(lambda: _recorded(stack, "postgres") == stack.pids("postgres")[:1], "demo.json names the new process")


def test_a_stopped_child_does_not_come_back_by_itself(make_stack: MakeStack) -> None:
    said: list[str] = []
    stack = make_stack(restart=True, pause_s=0.1, say=said.append)
    stack.start()
    stack.stop("redis")
    stack.kill("postgres")
    until(lambda: stack.running("postgres"), "the supervisor has looked")
    assert not stack.running("redis")


def test_a_killed_run_leaves_nothing_and_the_next_start_heals(make_stack: MakeStack, tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from demo.stack import Stack; "
        "Stack(Path(sys.argv[1]), names=('postgres', 'redis'), fsync=False).start(); "
        "print('up', flush=True); time.sleep(600)"
    )
    run = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "data")], stdout=subprocess.PIPE)
    assert run.stdout is not None
    with run.stdout:
        assert run.stdout.readline() == b"up\n"
        run.kill()
        run.wait()
    said: list[str] = []
    stack = make_stack(say=said.append)
    if sys.platform == "linux":
        until(lambda: nobody_left(stack), "nobody is left")
    stack.start()
    assert "The earlier run was killed" in said[0]
    assert answers(stack)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not show another process' variables")
def test_a_process_that_outlived_its_run_is_ended_by_the_next_start(make_stack: MakeStack) -> None:
    said: list[str] = []
    stack = make_stack(say=said.append)
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    orphan = children.start(sleep, log=subprocess.DEVNULL, env=stack.plan.environment)
    until(lambda: processes.marked(f"{MARK}={stack.plan.data}"), "the orphan is up")
    stack.start()
    assert orphan.wait(30) == -signal.SIGTERM
    assert "left processes behind (1)" in said[0]


def test_a_recorded_number_that_now_is_somebody_elses_is_left_alone(make_stack: MakeStack) -> None:
    stack = make_stack()
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    record = [{"pid": sleeper.pid, "started": "at another time"}]
    (stack.plan.data / "processes.json").write_text(json.dumps(record))
    stack.start()
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()


@pytest.mark.skipif(os.getuid() != 0, reason="only root keeps the database outside the data directory")
def test_a_database_whose_data_directory_was_deleted_is_not_taken_over(make_stack: MakeStack, tmp_path: Path) -> None:
    first = make_stack()
    first.start()
    first.stop()
    for kept in (first.plan.data / "logs", first.plan.redis.data):
        subprocess.run(["rm", "-r", kept], check=True)
    (first.plan.data / "identity.json").unlink()
    said: list[str] = []
    second = make_stack(say=said.append)
    second.start()
    assert "is removed" in said[0]
    assert second.plan.identity != first.plan.identity


def _recorded(stack: Stack, name: str) -> list[int]:
    found: list[int] = json.loads((stack.plan.data / "demo.json").read_text())["pids"][name]
    return found


def test_starting_a_child_that_runs_starts_it_anew(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.start()
    before = stack.pids("redis")
    stack.start("redis")
    assert answers(stack)
    assert not set(stack.pids("redis")) & set(before)
