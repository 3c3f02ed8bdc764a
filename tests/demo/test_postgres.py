from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from demo import place, postgres, processes
from demo.postgres import Postgres
from tests.demo.waiting import until

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root changes user to run PostgreSQL")
NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    found = place.private_folder(f"test-postgres-{os.getpid()}")
    yield found
    shutil.rmtree(found)


@pytest.fixture
def server(folder: Path) -> Iterator[Postgres]:
    found = Postgres(folder / "data", folder, fsync=False)
    yield found
    found.stop()


def answers(server: Postgres) -> bool:
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def write(server: Postgres, statement: str) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute(statement)


def test_it_keeps_its_data_from_one_start_to_the_next(server: Postgres) -> None:
    server.start()
    write(server, "CREATE TABLE kept (id int)")
    server.stop()
    assert server.process is not None
    assert server.process.returncode == 0
    server.start()
    write(server, "INSERT INTO kept VALUES (1)")


def test_its_socket_is_its_users_alone(server: Postgres, folder: Path) -> None:
    server.start()
    assert stat.S_IMODE((folder / "sockets").stat().st_mode) == 0o700
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


@as_root
def test_as_root_it_runs_as_nobody_and_opens_no_folder_above_its_data(server: Postgres, folder: Path) -> None:
    above = {parent: parent.stat().st_mode for parent in folder.parents}
    server.start()
    assert server.process is not None
    assert Path(f"/proc/{server.process.pid}").stat().st_uid == server.data.stat().st_uid != 0
    assert {parent: parent.stat().st_mode for parent in folder.parents} == above


@as_root
def test_as_root_its_programs_are_copied_out_of_a_folder_that_nobody_may_enter(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _install_for_root_only(tmp_path / "home")
    copies = place.private_folder(f"test-programs-{os.getpid()}")
    monkeypatch.setattr(postgres, "wheel", lambda: package)
    monkeypatch.setattr(postgres, "private_folder", lambda _name: copies)
    try:
        server.start()
        assert answers(server)
        assert server.process is not None
        program = Path(f"/proc/{server.process.pid}/exe").readlink()
        assert program.is_relative_to(copies)
        assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
        (copy,) = copies.iterdir()
        made_at = copy.stat().st_mtime_ns
        assert postgres.programs_for_everybody(package).is_relative_to(copy)
        assert copy.stat().st_mtime_ns == made_at  # copied once
    finally:
        server.stop()
        shutil.rmtree(copies)


def _install_for_root_only(home: Path) -> Path:
    """Return the package as an installation under umask 077 in root's home would have it."""
    installed = postgres.wheel()
    libraries = installed.with_name(f"{installed.name}.libs")
    for original in (installed, libraries):
        shutil.copytree(original, home / original.name, symlinks=True)
    for path in (home, *home.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    return home / installed.name


@as_root
def test_an_ordinary_user_runs_it_as_himself_in_his_own_folder(tmp_path: Path) -> None:
    """Everywhere but as root this is what the other tests prove; as root it takes somebody else's eyes."""
    python = _python_for_everybody()
    home = place.private_folder(f"test-nobody-{os.getpid()}")
    try:
        os.chown(home, NOBODY, NOBODY)
        program = (
            "import os, sys; from pathlib import Path; from demo.postgres import Postgres; home = Path(sys.argv[1]); "
            "server = Postgres(home / 'data', home, fsync=False); server.start(); "
            "print(os.getuid(), server.data.stat().st_uid, server.data == home / 'data', flush=True); server.stop()"
        )
        paths = os.pathsep.join([str(Path(postgres.__file__).parent.parent), str(postgres.wheel().parent)])
        said = subprocess.run(
            [python, "-c", program, str(home)],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.stdout.split() == [str(NOBODY), str(NOBODY), "True"], said.stderr
    finally:
        shutil.rmtree(home)


def _python_for_everybody() -> str:
    """Return a Python of our version that another user may run; skip, saying why, where there is none."""
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [Path(sys.executable).resolve(), Path("/usr/bin") / minor, Path("/usr/local/bin") / minor]
    ours = [postgres.wheel(), Path(postgres.__file__).parent]
    for python in candidates:
        if python.exists() and all(place.everybody_may_pass(path) for path in (python.resolve().parent, *ours)):
            return str(python)
    pytest.skip(f"no {minor}, or not this checkout, that a user other than root may read")


def test_a_server_left_by_a_killed_run_is_ended_first(server: Postgres, folder: Path) -> None:
    earlier = Postgres(folder / "data", folder, fsync=False)
    earlier.start()
    assert earlier.process is not None
    server.start()
    assert earlier.process.wait(30) is not None
    assert answers(server)


def test_it_starts_after_a_kill_that_spared_its_sessions(server: Postgres) -> None:
    server.start()
    assert server.process is not None
    busy = psycopg.connect(server.url, autocommit=True)
    session = busy.info.backend_pid
    os.kill(session, signal.SIGSTOP)  # so it does not notice that its server is gone
    server.process.kill()
    server.process.wait()
    server.start()
    assert answers(server)
    assert processes.look(session) is None
    busy.close()


def test_a_pid_file_whose_number_is_somebody_elses_is_no_obstacle(server: Postgres) -> None:
    server.start()
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n0\n5432\n\n")
    server.start()
    assert answers(server)


def test_an_interrupted_creation_is_begun_again(server: Postgres) -> None:
    unfinished = server.data.with_name(f"{server.data.name}.unfinished")
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    server.start()
    assert answers(server)
    assert not unfinished.exists()


def test_a_start_that_fails_shows_what_the_server_said_and_leaves_nothing(server: Postgres) -> None:
    server.start()
    server.stop()
    (server.data / "postgresql.conf").write_text("no_such_setting = on\n")
    with pytest.raises(postgres.PostgresFailed, match="no_such_setting"):
        server.start()
    until(lambda: not processes.working_in(server.data), "no process is left")
