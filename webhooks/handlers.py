"""Who does what with events. Rooms to the left register a handler; this room knows none of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from installations.models import Portal

from .models import Event


@dataclass(frozen=True)
class ReceivedChange:
    """An event as handlers see it: HubSpot's JSON object and our facts about it."""

    event_id: int
    event_type: str
    occurred_at: datetime | None  # None: HubSpot did not say
    received_at: datetime
    payload: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> ReceivedChange:
        return cls(event.pk, event.event_type, event.occurred_at, event.received_at, json.loads(event.payload))


class Handler(Protocol):
    """Two steps, so that HubSpot is never called inside a transaction.

    An exception of `read` that is a HubSpotError or InstallationError says that the time is bad, not the events;
    any other, and any of `apply`, says that one of these events is bad: the batch is halved until it stands alone.
    """

    def read(self, portal: Portal, events: Sequence[ReceivedChange]) -> Any:
        """Fetch what the events are about; called outside any transaction."""
        ...

    def apply(self, portal: Portal, data: Any) -> None:
        """Write it; called inside the transaction that also marks the events as done."""
        ...


_handlers: list[Handler] = []


def register(handler: Handler) -> None:
    """Make `handler` the one that works through the inbox. Others follow the change feed it writes."""
    if _handlers:
        raise ValueError("The inbox has its handler already; follow the change feed instead.")
    _handlers.append(handler)


def handler() -> Handler:
    """Return the one that works through the inbox."""
    return _handlers[0]
