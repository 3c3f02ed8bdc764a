"""`make demo`: the whole product on this machine, until Ctrl-C. `make demo ARGS=--check` proves that it works."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from .announcement import announcement
from .app_setup import CommandFailed
from .identity import IdentityUnreadable
from .lock import AlreadyRunning
from .options import EMULATOR_PORT, WEB_PORT, Misused, Options, read_options
from .place import PlaceUnsafe
from .ports import PortTaken
from .signals import Asked, asking
from .stack import Stack
from .supervisor import START_FAILED
from .walk.steps import walk

_REFUSALS = (Misused, AlreadyRunning, PortTaken, PlaceUnsafe, IdentityUnreadable, CommandFailed, *START_FAILED)
_HELP = """\
environment:
  WEB_PORT          where the app listens (8000)
  EMULATOR_PORT     where the emulator listens (8765); its EU region on the port after it
  DEMO_DATA         where everything is kept (.data); delete the folder to start over
  DATABASE_URL, REDIS_URL, HUBSPOT_API_URL
                    use what is there; that server is then not started here
  and every other setting of the app, for example DEBUG, PUBLIC_URL, HUBSPOT_SCOPES

beside a running demo, in another terminal:
  . .data/env && .venv/bin/python manage.py ...

--check uses a temporary folder and free ports, unless these variables say otherwise.
"""


def main() -> int:
    arguments = _parser().parse_args()
    try:
        options = read_options(os.environ)
        return _check(options, os.environ) if arguments.check else _demo(options, os.environ)
    except _REFUSALS as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make demo",
        description="Run the whole product: emulator, PostgreSQL, Redis, web server, worker and beat.",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--check", action="store_true", help="walk through it as a browser would, then stop: exit 0 or 1"
    )
    return parser


def _demo(options: Options, env: Mapping[str, str]) -> int:
    data = options.data or Path(".data")
    ports = (options.web_port or WEB_PORT, options.emulator_port or EMULATOR_PORT)
    stack = _stack(data, ports, env)

    def serve() -> bool:
        _say(announcement(stack.plan))
        stack.wait()
        return stack.gave_up is None

    if _run(stack, serve) is False:
        return 1
    _say("Stopped. Nothing is left running.")
    return 0


def _check(options: Options, env: Mapping[str, str]) -> int:
    data = options.data or Path(tempfile.mkdtemp(prefix="hubapp-check-"))
    stack = _stack(data, (options.web_port, options.emulator_port), env)
    succeeded = None
    try:
        succeeded = _run(stack, lambda: walk(stack, _say))
    finally:
        if options.data is None:
            _clear(stack, keep_logs=succeeded is False)
    return 0 if succeeded else 1


def _stack(data: Path, ports: tuple[int | None, int | None], env: Mapping[str, str]) -> Stack:
    web_port, emulator_port = ports
    return Stack(
        data,
        web_port=web_port,
        emulator_port=emulator_port,
        env=env,
        restart=True,
        say=_say,
    )


def _run(stack: Stack, work: Callable[[], bool]) -> bool | None:
    """Start everything, do the work, stop everything. Return what the work returned, None when somebody stopped us."""
    outcome = None
    try:
        with suppress(Asked), asking(at_once=stack.kill_everything):
            stack.start()
            outcome = work()
    finally:
        stack.stop()
    if stack.gave_up:
        print(f"\n{stack.gave_up}\n\nEverything is stopped.", file=sys.stderr)
        return False
    return outcome


def _clear(stack: Stack, *, keep_logs: bool) -> None:
    """Remove what a check has made, after a failure all but the logs."""
    if keep_logs:
        kept = Path(tempfile.mkdtemp(prefix="hubapp-check-logs-"))
        shutil.copytree(stack.plan.logs, kept, dirs_exist_ok=True)
        _say(f"All logs are kept in {kept}.")
    stack.erase()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
