"""A benchmark that is told to end leaves neither folders nor processes behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from demo import processes as running
from tests.hubspot import wait_for
from tests.processes import ROOT


def test_a_benchmark_that_is_told_to_end_clears_up(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "tokens", "--portals", "1"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    bench = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for(lambda: _servers(tmp_path), what="the benchmark's servers")
    bench.send_signal(signal.SIGTERM)
    _, errors = bench.communicate(timeout=120)
    assert bench.returncode == 128 + signal.SIGTERM, errors[-1000:]
    assert list(tmp_path.glob("hubapp-bench-*")) == []
    wait_for(lambda: not _servers(tmp_path), what="its servers to end")


def _servers(folder: Path) -> list[str]:
    """Processes that work in a benchmark's folder."""
    return [one.command for one in running.everyone() if f"{folder}/hubapp-bench-" in one.command]
