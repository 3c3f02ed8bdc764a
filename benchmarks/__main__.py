"""`python -m benchmarks [name …] [options]`: runs the benchmarks named, or all; each prints JSON."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import NoReturn

_NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if "_" not in path.stem)


def main(arguments: list[str]) -> int:
    """Run benchmarks by name; what begins with a dash, and what follows, is passed on to each."""
    options_at = next((at for at, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    names, options = arguments[:options_at] or _NAMES, arguments[options_at:]
    if unknown := set(names) - set(_NAMES):
        sys.stderr.write(f"There is no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(_NAMES)}\n")
        return 2
    return max(int(import_module(f"benchmarks.{name}").main(options)) for name in names)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave by the way in, so that servers are stopped and folders removed. A second signal ends it at once."""
    signal.signal(number, signal.SIG_DFL)
    sys.exit(128 + number)


signal.signal(signal.SIGTERM, _end)
sys.exit(main(sys.argv[1:]))
