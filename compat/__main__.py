"""`python -m compat [--short] [program…]`: run other people's programs against the emulator, and compare."""

from __future__ import annotations

import argparse
import shutil
import sys
import time

from compat import airbyte, dlt, singer
from compat.comparison import LONG, SHORT, compare
from compat.environments import PLACE, NotInstalled, installed
from compat.hub import ProgramFailed

PROGRAMS = (singer.PROGRAM, airbyte.PROGRAM, dlt.PROGRAM)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m compat", description=__doc__)
    parser.add_argument("programs", nargs="*", metavar="program", help=f"of {', '.join(PROGRAMS)} (all)")
    parser.add_argument("--short", action="store_true", help="a small account, as in make test")
    wanted = parser.parse_args(arguments)
    names = wanted.programs or list(PROGRAMS)
    for unknown in sorted(set(names) - set(PROGRAMS)):
        parser.error(f"{unknown} is none of {', '.join(PROGRAMS)}")
    failed = [name for name in names if not _run(name, short=wanted.short)]
    return 1 if failed else 0


def _run(name: str, *, short: bool) -> bool:
    folder = PLACE / "runs"
    shutil.rmtree(folder / name, ignore_errors=True)
    try:
        print(f"{name}: installing" if not (PLACE / name).exists() else name, flush=True)
        installed(name)
        began = time.monotonic()
        found = compare(name, SHORT if short else LONG, folder / name)
    except (NotInstalled, ProgramFailed) as failure:
        print(f"  {failure}", file=sys.stderr)
        return False
    unexpected = [*(f"unknown: {name}" for name in found.strangers), *(f"refused: {call}" for call in found.refused)]
    for line in [*found.rows, *unexpected]:
        print(f"  {line}")
    print(f"  {time.monotonic() - began:.0f} s; what it said is in {folder / name}", flush=True)
    return found.ok


if __name__ == "__main__":
    sys.exit(main())
