"""Keeping the emulator's state in a file between runs."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from emulator.control.fields import Rejected
from emulator.snapshot import load, save
from emulator.world import Emulator

# A crash loses at most this much.
_EVERY_S = 10.0


class SavedState:
    def __init__(self, emulator: Emulator, path: Path) -> None:
        self._emulator = emulator
        self._path = path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="saving", daemon=True)
        self._written = ""

    def load(self) -> None:
        """Take up where the run before ended, if there was one.

        Raises Rejected when the file is no snapshot, OSError when it can be neither read nor made.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._path.exists():
            return
        try:
            saved = json.loads(self._path.read_text())
        except ValueError:
            raise Rejected(f"{self._path} is damaged; delete it to start from the seed") from None
        load(self._emulator, saved)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._write()

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            try:
                self._write()
            except OSError as failure:
                # A full disk may have room again in ten seconds.
                sys.stderr.write(f"emulator: the state is not saved: {failure}\n")

    def _write(self) -> None:
        """Whole or not at all: written beside the file and then moved over it."""
        text = json.dumps(save(self._emulator), separators=(",", ":"))
        if text == self._written:
            return
        beside = self._path.with_name(self._path.name + ".new")
        with open(beside, "w", opener=_private) as file:
            file.write(text)
        os.replace(beside, self._path)
        self._written = text


def _private(path: str, flags: int) -> int:
    """It holds tokens and app secrets."""
    return os.open(path, flags, 0o600)
