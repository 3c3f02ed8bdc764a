"""Where embedded servers keep sockets and, run as root, their data: a private folder in the temporary area."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path


class PlaceUnsafe(Exception):
    """A folder that should be ours alone belongs to, or is open to, somebody else."""


def private_folder(name: str) -> Path:
    """Return a folder of ours in the temporary area, made 0711 so that a server's own user may pass.

    Socket paths must stay under about 100 bytes, which a deep checkout would break; hence not `.data/`.
    Raises PlaceUnsafe where somebody else got there first.
    """
    folder = Path(tempfile.gettempdir()) / f"hubapp-{os.getuid()}-{name}"
    folder.mkdir(mode=0o711, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise PlaceUnsafe(f"{folder} is not a private folder of this user. Remove it, then try again.")
    return folder


def place_of(data: Path) -> Path:
    """Return the private folder that belongs to one data directory, the same at every start."""
    return private_folder(hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:12])
