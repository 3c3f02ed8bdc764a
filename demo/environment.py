"""The environment in which the app's processes run: generated, except what the starter sets."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .identity import Identity

SETTINGS = (
    *("DEBUG", "SECRET_KEY", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "ALLOWED_HOSTS"),
    *("ENCRYPTION_KEYS", "ENCRYPTION_KEYS_FILE", "HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET"),
    *("HUBSPOT_CLIENT_SECRET_PREVIOUS", "HUBSPOT_APP_ID", "HUBSPOT_SCOPES", "HUBSPOT_OPTIONAL_SCOPES"),
    *("HUBSPOT_API_URL", "HUBSPOT_AUTHORIZE_URL", "HUBSPOT_API_VERSION", "EMAIL_URL", "DEFAULT_FROM_EMAIL"),
    *("PRIVATE_APP_TOKENS", "HUBSPOT_APP_CARD"),
)
# Our processes carry it with the data directory as value, so that the start after a crash knows them for its own.
MARK = "HUBAPP_DEMO"
# What a process needs to find its programs and its language; nothing that could be a setting of the app.
_PASSED_ON = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH"}


@dataclass(frozen=True)
class Addresses:
    """Where things listen, before anything that the environment sets."""

    web_port: int
    emulator_port: int
    database_url: str
    redis_url: str

    @property
    def web(self) -> str:
        return f"http://localhost:{self.web_port}"

    @property
    def emulator(self) -> str:
        return f"http://localhost:{self.emulator_port}"


def bare_environment() -> dict[str, str]:
    """Return our own environment without anything that could reach the app's settings."""
    return {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("LC_")}


def app_settings(identity: Identity, addresses: Addresses, given: Mapping[str, str]) -> dict[str, str]:
    """Return the app's settings: each from `given` where it is set there, else generated."""
    settings = {
        "DEBUG": "1",
        "SECRET_KEY": identity.secret_key,
        "DATABASE_URL": addresses.database_url,
        "REDIS_URL": addresses.redis_url,
        "PUBLIC_URL": addresses.web,
        "HUBSPOT_CLIENT_ID": identity.client_id,
        "HUBSPOT_CLIENT_SECRET": identity.client_secret,
        "HUBSPOT_APP_ID": str(identity.app_id),
        "HUBSPOT_APP_CARD": "1",
        "HUBSPOT_API_URL": addresses.emulator,
        "HUBSPOT_AUTHORIZE_URL": f"{addresses.emulator}/oauth/authorize",
    }
    if not given.get("ENCRYPTION_KEYS_FILE"):
        settings["ENCRYPTION_KEYS"] = identity.encryption_keys
    return settings | {name: given[name] for name in SETTINGS if given.get(name)}


def port_of(public_url: str) -> int | None:
    """Return the port where the web server must listen for this address to work without a proxy between."""
    parts = urlsplit(public_url)
    return parts.port if parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1"} else None


def shell_lines(settings: Mapping[str, str]) -> str:
    """Return the settings as lines that a shell can source."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(settings.items()))
