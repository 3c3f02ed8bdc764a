"""What the emulator's documents tell people to type, typed. tests/docs looks at what its documents name."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import emulator
from tests.emulator.process import Process, free_ports

FOLDER = Path(emulator.__file__).parent


needs_a_shell = pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")


def commands(document: str) -> str:
    """Return what a document gives to type, as one script for port 8765."""
    text = (FOLDER / document).read_text()
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE))


def typed(script: str, place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-eE"], input=script, cwd=place, text=True, capture_output=True, timeout=60, check=False
    )


@needs_a_shell
def test_the_commands_of_the_readme_work_as_they_are_printed(tmp_path: Path) -> None:
    port = free_ports()
    process = Process(port)
    try:
        done = typed(commands("README.md").replace("8765", str(port)), tmp_path)
    finally:
        process.end()
    assert done.returncode == 0, done.stderr
    assert '{"error"' not in done.stdout
    for told in ('"paging"', '"error":null', '"hs_object_id"'):
        assert told in done.stdout, told


@needs_a_shell
def test_the_walkthrough_works_as_it_is_printed(tmp_path: Path) -> None:
    port, receiver = free_ports(), free_ports()
    process = Process(port)
    try:
        # The receiver ends with the shell, also where a command before its end fails.
        script = "trap 'kill $RECEIVER' ERR\n" + commands("docs/walkthrough.md").replace("8765", str(port))
        done = typed(script.replace("3000", str(receiver)), tmp_path)
    finally:
        process.end()
    assert done.returncode == 0, done.stderr
    received = (tmp_path / "received.txt").read_text()
    assert "FORGED" not in received
    assert {line.split()[0] for line in received.splitlines()} == {"/hooks", "/workflow", "/act"}
    for told in (" 429\n", "TEN_SECONDLY_ROLLING", '"journalEvents"', "Lovelace", "HTTP/1.1 503", "BAD_REFRESH_TOKEN"):
        assert told in done.stdout, told
