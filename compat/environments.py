"""A virtual environment per program, made when it is missing or its requirements changed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

_REQUIREMENTS = Path(__file__).parent / "requirements"
PLACE = Path(__file__).parent.parent / ".compat"


class NotInstalled(Exception):
    """The message says which program, and what pip said."""


def installed(program: str) -> Path:
    """The folder of the program's executables.

    Raises NotInstalled.
    """
    requirements = _REQUIREMENTS / f"{program}.txt"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    folder = PLACE / program
    stamp = folder / "installed"
    PLACE.mkdir(exist_ok=True)
    with (PLACE / f"{program}.lock").open("w") as lock:
        # Somebody else may be installing the same.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            _install(program, requirements, folder)
            stamp.write_text(wanted)
    return folder / "bin"


def trust(program: str, bundle: Path) -> None:
    """Add an authority to the certificates that the program's own environment trusts.

    As one does behind a company's proxy: programs that send prepared requests read no REQUESTS_CA_BUNDLE.
    """
    authority = bundle.read_text()
    for store in (PLACE / program).glob("lib/python*/site-packages/certifi/cacert.pem"):
        original = store.with_suffix(".original")
        if not original.exists():
            shutil.copyfile(store, original)
        with_authority = original.read_text() + authority
        if store.read_text() != with_authority:
            fresh = store.with_suffix(f".{os.getpid()}")
            fresh.write_text(with_authority)
            fresh.replace(store)


def _install(program: str, requirements: Path, folder: Path) -> None:
    """Everything is pinned, so nothing needs resolving."""
    venv.create(folder, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    options = ["--no-deps", "--no-input", "--disable-pip-version-check", "-r", str(requirements)]
    done = subprocess.run([*pip, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip()[-3000:]
        raise NotInstalled(
            f"{program} could not be installed: is pip's package registry within reach? pip said:\n{said}"
        )
