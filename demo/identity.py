"""What makes one demo itself: its secrets, the staff login, the app's registration. Made once, kept beside the data."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .files import write_private_json


class IdentityUnreadable(Exception):
    """The file is there but not one of ours."""


@dataclass(frozen=True)
class Identity:
    """Everything here is secret except the first field, which says to which data other folders belong."""

    instance: str
    secret_key: str = field(repr=False)
    encryption_keys: str = field(repr=False)
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    app_id: int = field(repr=False)
    staff_username: str = field(repr=False)
    staff_password: str = field(repr=False)


def new_identity() -> Identity:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return Identity(
        instance=secrets.token_hex(8),
        secret_key=secrets.token_urlsafe(48),
        encryption_keys=f"demo1:{key}",
        client_id=str(uuid.uuid4()),
        client_secret=str(uuid.uuid4()),
        app_id=10_000_000 + secrets.randbelow(90_000_000),
        staff_username="staff",
        staff_password=secrets.token_urlsafe(12),
    )


def keep_identity(path: Path) -> Identity:
    """Return the identity kept in this file; at the first start make one. Raises IdentityUnreadable."""
    if not path.exists():
        write_private_json(path, asdict(new_identity()))
    try:
        path.chmod(0o600)
        return Identity(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise IdentityUnreadable(
            f"{path} cannot be read ({error}). It holds the keys of the data beside it: restore it, "
            f"or start over: rm -r {path.parent}"
        ) from error
