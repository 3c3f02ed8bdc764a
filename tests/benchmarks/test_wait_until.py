"""No benchmark waits for ever for what does not come."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import benchmarks
from benchmarks.wait_until import wait_until


def test_what_comes_ends_the_wait() -> None:
    seen = iter([False, False, True])
    wait_until(lambda: next(seen), "the third look")
    assert next(seen, "none") == "none"


def test_what_does_not_come_is_named() -> None:
    with pytest.raises(RuntimeError, match="in vain for the moon"):
        wait_until(lambda: False, "the moon", 0.05)


def _loops(path: Path) -> list[ast.While]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.While)]


def _sleeps(loop: ast.While) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "sleep" for node in ast.walk(loop))


def test_every_loop_that_sleeps_looks_at_a_watch() -> None:
    """Else a server or a process that died would keep a run of all benchmarks waiting."""
    found = [
        (path.name, loop.lineno, "monotonic" in ast.unparse(loop))
        for path in sorted(Path(benchmarks.__path__[0]).glob("*.py"))
        for loop in _loops(path)
        if _sleeps(loop)
    ]
    assert found, "the test looks where they are"
    assert [one for one in found if not one[2]] == []
