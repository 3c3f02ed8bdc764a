"""What the emulator's walkthrough tells people to do, done. tests/docs looks at what its documents name."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import emulator
from tests.emulator.process import Process, free_ports

FOLDER = Path(emulator.__file__).parent


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
