"""The HubSpot of this demo: an emulator that keeps its own state in a file, and our app registered with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx2

from .app_setup import Wanted
from .control import Control, EmulatorRefused
from .programs import Program, ProgramFailed


def registration(settings: Mapping[str, str], wanted: Wanted) -> dict[str, object]:
    """Return what `POST /_emulator/apps` takes for the app with these settings."""
    public_url = settings["PUBLIC_URL"]
    return {
        "client_id": settings["HUBSPOT_CLIENT_ID"],
        "client_secret": settings["HUBSPOT_CLIENT_SECRET"],
        "app_id": int(settings["HUBSPOT_APP_ID"]),
        "name": "hubapp",
        "redirect_uris": [f"{public_url}/oauth/callback"],
        "required_scopes": ["oauth"],
        "conditional_scopes": [scope for scope in wanted.scopes if scope != "oauth"],
        "optional_scopes": wanted.optional_scopes,
        "webhook": {"target_url": f"{public_url}/webhooks/hubspot", "max_concurrent_requests": 10, "timeout_ms": 5000},
        "subscriptions": wanted.subscriptions,
        "card": _card(public_url),
    }


def _card(public_url: str) -> dict[str, object]:
    """The app card that `manage.py hubspot_project` writes for HubSpot."""
    return {
        "name": "Record in hubapp",
        "url": f"{public_url}/embedded/card",
        "view_url": f"{public_url}/embedded/card/view",
        "permitted_urls": {"fetch": [public_url], "iframe": [public_url]},
    }


class Emulator(Program):
    """The emulator's process. It is ready once it knows our app.

    It writes its state every ten seconds and when it is stopped; killed, it comes back with what it wrote last.
    """

    def __init__(
        self,
        control: Control,
        command: Sequence[str | Path],
        *,
        state: Path,
        env: Mapping[str, str],
        log: Path,
        say: Callable[[str], None],
    ) -> None:
        super().__init__("emulator", command, env=env, log=log, is_ready=control.is_ready)
        self.app: Mapping[str, object] | None = None
        self.hub_ids: list[int] = []  # known once it is ready
        self._control = control
        self._state = state
        self._say = say
        self._state_age_s: float | None = None

    def launch(self) -> None:
        self._state_age_s = time.time() - self._state.stat().st_mtime if self._state.exists() else None
        super().launch()

    def wait_until_ready(self) -> None:
        """Raises ProgramFailed."""
        super().wait_until_ready()
        try:
            if self.app is not None:
                self._control.register_app(self.app)
            self.hub_ids = self._control.hub_ids()
        except (httpx2.TransportError, EmulatorRefused) as error:
            raise ProgramFailed(f"The emulator could not be told of the app: {error}") from error
        if self._state_age_s is not None:
            self._say(f"  the emulator has its accounts and installations of {_ago(self._state_age_s)} back")


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{max(seconds, 0):.0f} seconds ago"
    return f"{seconds / 60:.0f} minutes ago" if seconds < 7200 else f"{seconds / 3600:.0f} hours ago"
