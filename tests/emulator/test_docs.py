"""What the emulator's documents tell people to do, done; and where their links lead."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import emulator
from tests.emulator.process import Process, free_ports

FOLDER = Path(emulator.__file__).parent
DOCUMENTS = [FOLDER / "README.md", *sorted((FOLDER / "docs").glob("*.md"))]


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.M)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", document.read_text()):
        path, _, anchor = target.partition("#")
        there = document.parent / path if path else document
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")
def test_the_walkthrough_works_as_it_is_printed(tmp_path: Path) -> None:
    text = (FOLDER / "docs" / "walkthrough.md").read_text()
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M))
    port, receiver = free_ports(), free_ports()
    process = Process(port)
    try:
        # The receiver ends with the shell, also where a command before its end fails.
        script = "trap 'kill $RECEIVER' ERR\n" + commands.replace("8765", str(port)).replace("3000", str(receiver))
        done = subprocess.run(
            ["bash", "-eE"], input=script, cwd=tmp_path, text=True, capture_output=True, timeout=60, check=False
        )
    finally:
        process.end()
    assert done.returncode == 0, done.stderr
    received = (tmp_path / "received.txt").read_text()
    assert "FORGED" not in received
    assert {line.split()[0] for line in received.splitlines()} == {"/hooks", "/workflow", "/act"}
    for told in (" 429\n", "TEN_SECONDLY_ROLLING", '"journalEvents"', "Lovelace", "HTTP/1.1 503", "BAD_REFRESH_TOKEN"):
        assert told in done.stdout, told
