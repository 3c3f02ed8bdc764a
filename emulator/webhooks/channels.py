"""What is queued, per app and account."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from emulator.oauth.apps import App
from emulator.webhooks.events import Event


@dataclass(eq=False)
class Channel:
    """The events of one app in one account. HubSpot limits the requests in flight per such pair."""

    client_id: str
    hub_id: int
    ready: deque[Event] = field(default_factory=deque)
    ready_since: float = 0.0
    in_flight: int = 0
    # Whether the ledger tells already that the rest must wait for answers.
    limited: bool = False
    # Events not yet accepted by the receiver nor given up.
    pending: int = 0
    closed: bool = False


@dataclass
class Batch:
    channel: Channel
    app: App
    events: list[Event]
