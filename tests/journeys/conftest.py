from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.stack import Stack
from tests.journeys.world import World

StartWorld = Callable[..., World]


@pytest.fixture(scope="module")
def start_world() -> Iterator[StartWorld]:
    """Start stacks that end, with all they kept, when the module's tests do."""
    worlds: list[World] = []
    folders: list[Path] = []

    def start(**how: object) -> World:
        folders.append(Path(tempfile.mkdtemp(prefix="hubapp-journey-")))
        stack = Stack(folders[-1], **how)  # type: ignore[arg-type]
        stack.start()
        worlds.append(World(stack))
        return worlds[-1]

    yield start
    for world in worlds:
        world.close()
        world.stack.stop()
        world.stack.erase()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
