"""The journals of all apps, with what they subscribed to and the snapshots they asked for."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping

from emulator.clock import Clock
from emulator.crm.changes import Write
from emulator.crm.store import Crm
from emulator.journal.events import Event, Telling, lifecycle_event
from emulator.journal.files import Journal
from emulator.journal.registry import Registry
from emulator.journal.snapshots import Snapshots
from emulator.journal.subscriptions import INSTALLED, UNINSTALLED, Kind
from emulator.oauth.apps import App
from emulator.oauth.grants import Grants, Install

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Journals:
    def __init__(self, clock: Clock, linger_ms: int) -> None:
        self._clock = clock
        self.linger_ms = linger_ms
        self.registry = Registry()
        self.snapshots = Snapshots()
        # Signs the addresses of the files.
        self.secret = secrets.token_bytes(32)
        self._of_app: dict[str, Journal] = {}

    def clear(self) -> None:
        """Under the emulator's lock, as all changes but events."""
        self.registry.clear()
        self.snapshots.clear()
        self._of_app.clear()

    def of(self, client_id: str) -> Journal:
        """An app's own. Writing one more key needs no lock: `setdefault` is one step."""
        found = self._of_app.get(client_id)
        return found if found is not None else self._of_app.setdefault(client_id, Journal(self.linger_ms))

    def now(self) -> int:
        return self._clock.now_ms()

    def all(self) -> Mapping[str, Journal]:
        return self._of_app

    def figures(self, client_id: str) -> dict[str, int]:
        """How much one app subscribed to, and how much its journal holds."""
        files, events = self.of(client_id).counts(self.now())
        return {"subscriptions": len(self.registry.of(client_id)), "files": files, "events": events}

    # -- writing ---------------------------------------------------------------------------------------------------

    def publish(self, crm: Crm, write: Write, grants: Grants) -> None:
        """Runs under the account's lock, so that events are written in the order of the writes."""
        for client_id, subjects in self.registry.in_portal(crm.hub_id).items():
            install = grants.install(client_id, crm.hub_id)
            if install is not None:
                self.write(client_id, crm.hub_id, Telling(subjects, install.approved, crm, write).events())

    def write(self, client_id: str, hub_id: int, events: Iterable[Event]) -> None:
        entries = [(hub_id, _encode(event).encode()) for event in events]
        if entries:
            self.of(client_id).append(self.now(), entries)

    def installed(self, app: App, install: Install) -> None:
        """Runs under the emulator's lock, before anything else can happen in the app's name."""
        self._tell(app, install, INSTALLED)

    def uninstalled(self, app: App, install: Install) -> None:
        """Runs under the emulator's lock and the account's: nothing of the account is written after it."""
        self._tell(app, install, UNINSTALLED)

    def _tell(self, app: App, install: Install, event_type_id: str) -> None:
        subscription = (
            self.registry.in_portal(None).get(app.client_id, {}).get((Kind.APP_LIFECYCLE_EVENT, event_type_id))
        )
        if subscription is not None:
            event = lifecycle_event(subscription, app.app_id, install, self.now())
            self.write(app.client_id, install.hub_id, [event])
