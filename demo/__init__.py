"""One command that runs the whole: embedded servers, emulator, web, worker, beat."""

from __future__ import annotations
