"""The HubSpot of this demo: our app registered with it, its memory kept across starts and crashes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx2

from .control import Control, EmulatorRefused
from .files import write_private
from .programs import Program, ProgramFailed


def registration(
    settings: Mapping[str, str], scopes: Mapping[str, list[str]], subscriptions: Sequence[object]
) -> dict[str, object]:
    """Return what `POST /_emulator/apps` takes for the app with these settings."""
    public_url = settings["PUBLIC_URL"]
    return {
        "client_id": settings["HUBSPOT_CLIENT_ID"],
        "client_secret": settings["HUBSPOT_CLIENT_SECRET"],
        "app_id": int(settings["HUBSPOT_APP_ID"]),
        "name": "hubapp",
        "redirect_uris": [f"{public_url}/oauth/callback"],
        "required_scopes": ["oauth"],
        "conditional_scopes": [scope for scope in scopes["asked"] if scope != "oauth"],
        "optional_scopes": scopes["optional"],
        "webhook": {"target_url": f"{public_url}/webhooks/hubspot", "max_concurrent_requests": 10, "timeout_ms": 5000},
        "subscriptions": list(subscriptions),
    }


class EmulatedHubSpot:
    """What an emulator keeps in memory only, and the file in which we keep it for its next start."""

    def __init__(self, control: Control, snapshot: Path, say: Callable[[str], None]) -> None:
        self.control = control
        self.app: Mapping[str, object] | None = None
        self.hub_ids: list[int] = []  # known once it is prepared
        self._snapshot = snapshot
        self._say = say
        self._saved = b""
        # True from the moment the emulator is as it should be: an empty one must never be saved over a full one.
        self._trusted = False
        self._lock = threading.Lock()

    def distrust(self) -> None:
        """A new emulator is about to start, with nothing in it."""
        with self._lock:
            self._trusted = False

    def prepare(self) -> None:
        """Bring a newly started emulator to where the last one was. Raises EmulatorRefused."""
        with self._lock:
            self._restore()
            if self.app is not None:
                self.control.register_app(self.app)
            self.hub_ids = self.control.hub_ids()
            self._trusted = True

    def save(self) -> None:
        """Keep the emulator's memory. What cannot be had now is had next time; the older snapshot stays meanwhile."""
        with self._lock:
            if not self._trusted:
                return
            try:
                snapshot = self.control.snapshot()
            except (httpx2.TransportError, EmulatorRefused) as error:
                self._say(f"The emulator's state could not be kept just now: {error}")
                return
            if snapshot != self._saved:
                write_private(self._snapshot, snapshot)
                self._saved = snapshot

    def _restore(self) -> None:
        if not self._snapshot.exists():
            return
        age_s = time.time() - self._snapshot.stat().st_mtime
        try:
            self.control.restore(self._snapshot.read_bytes())
        except EmulatorRefused as error:
            refused = self._snapshot.with_suffix(".refused.json")
            self._snapshot.replace(refused)
            self._say(
                f"The emulator did not take back its state ({error}).\nIt starts anew and knows of no installation: "
                f"install the app again. The state it refused is kept in {refused}."
            )
            return
        self._say(f"The emulator has its state of {_ago(age_s)} back.")


class Emulator(Program):
    """The emulator's process. It is ready once it has its state back."""

    def __init__(
        self, hubspot: EmulatedHubSpot, command: Sequence[str | Path], *, env: Mapping[str, str], log: Path
    ) -> None:
        super().__init__("emulator", command, env=env, log=log, is_ready=hubspot.control.is_ready)
        self._hubspot = hubspot

    def launch(self) -> None:
        self._hubspot.distrust()
        super().launch()

    def wait_until_ready(self) -> None:
        """Raises ProgramFailed."""
        super().wait_until_ready()
        try:
            self._hubspot.prepare()
        except (httpx2.TransportError, EmulatorRefused) as error:
            raise ProgramFailed(f"The emulator could not be prepared: {error}") from error

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self._hubspot.save()
        super().stop()


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{max(seconds, 0):.0f} seconds ago"
    return f"{seconds / 60:.0f} minutes ago" if seconds < 7200 else f"{seconds / 3600:.0f} hours ago"
