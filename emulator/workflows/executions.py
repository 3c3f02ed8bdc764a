"""What workflows did: one row per action that was tried, in a ledger."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_NONE: Mapping[str, str] = MappingProxyType({})


class Execution(NamedTuple):
    seq: int
    # Real time, and HubSpot's.
    sent_at_ms: int
    occurred_at: int
    hub_id: int
    # None: the options of an input field were fetched.
    workflow_id: int | None
    enrollment_id: int | None
    # The action's number in the workflow, from 1.
    action: int | None
    # send_webhook, custom_action, set_property, delay, option_fetch
    kind: str
    object_type_id: str
    object_id: int | None
    attempt: int
    # succeeded, failed, retrying, blocked, completed, expired, unenrolled
    outcome: str
    message: str | None = None
    outputs: Mapping[str, str] = _NONE
    # The request, for the kinds that send one.
    method: str | None = None
    url: str | None = None
    headers: Mapping[str, str] = _NONE
    body: bytes = b""
    # The answer; without one there is an error.
    status: int | None = None
    error: str | None = None
    answer: bytes = b""
    duration_ms: int = 0

    @property
    def weight(self) -> int:
        return len(self.body) + len(self.answer) + 100 * len(self.headers) + 500
