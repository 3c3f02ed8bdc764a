"""A real browser: the installed Chromium, driven by Playwright. Without one the tests fail and say how to get it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from demo.stack import Stack
from tests.journeys.world import World

_QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def find_chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = shutil.which(name)
        if found:
            return found
    pytest.fail("No browser found. Debian, Ubuntu: apt-get install chromium", pytrace=False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=_QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def world() -> Iterator[World]:
    """The product with nothing in it, for all files here. Started before the browser: its settings are read here."""
    folder = Path(tempfile.mkdtemp(prefix="hubapp-browser-"))
    stack = Stack(folder)
    stack.start()
    found = World(stack)
    yield found
    found.close()
    stack.stop()
    stack.erase()
    shutil.rmtree(folder, ignore_errors=True)
