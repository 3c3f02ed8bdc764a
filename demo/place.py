"""Where embedded servers keep sockets and, run as root, their data: a private folder in the temporary area."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from . import processes

_OWNER = "data"  # a file that names the data directory
_DURABLE = "/var/tmp"  # noqa: S108 - a folder of ours below it, checked to be ours


class PlaceUnsafe(Exception):
    """A folder that should be ours alone belongs to, or is open to, somebody else."""


def private_folder(name: str, *, durable: bool = False) -> Path:
    """Return a folder of ours in the temporary area, made 0711 so that a server's own user may pass.

    Socket paths must stay under about 100 bytes, which a deep checkout would break; hence not `.data/`.
    A durable one outlives a reboot, and is on a disk where /tmp is memory. Raises PlaceUnsafe where somebody else
    got there first.
    """
    folder = _area(durable=durable) / f"hubapp-{os.getuid()}-{name}"
    folder.mkdir(mode=0o711, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise PlaceUnsafe(f"{folder} is not a private folder of this user. Remove it, then try again.")
    folder.chmod(0o711)  # whatever the umask left of it
    return folder


def place_of(data: Path) -> Path:
    """Return the private folder that belongs to one data directory, the same at every start."""
    place = private_folder(hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:12], durable=True)
    (place / _OWNER).write_text(str(data.resolve()))
    return place


def remove_abandoned() -> None:
    """Remove the private folders whose data directory was deleted: nobody will come back for them."""
    for owner in _area(durable=True).glob(f"hubapp-{os.getuid()}-*/{_OWNER}"):
        if not Path(owner.read_text()).exists() and not processes.working_in(owner.parent / "postgres"):
            shutil.rmtree(owner.parent, ignore_errors=True)


def everybody_may_pass(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))


def _area(*, durable: bool) -> Path:
    """Return the temporary area: TMPDIR where it is set, unless we are root and others could not pass through it."""
    given = os.environ.get("TMPDIR")
    candidates = [*([given] if given else []), *([_DURABLE] if durable else []), "/tmp", tempfile.gettempdir()]  # noqa: S108
    for candidate in map(Path, candidates):
        if os.access(candidate, os.W_OK) and (os.getuid() != 0 or everybody_may_pass(candidate)):
            return candidate.resolve()
    raise PlaceUnsafe("No temporary folder that other users may pass through. Set TMPDIR to one, for example /var/tmp.")
