"""Leave for all calls of a piece of work before its first: what began can end, and what cannot end does not begin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from hubspot_api.ports import Bucket, Gate, Permit

if TYPE_CHECKING:
    from .gates import PortalGate

MOST_AT_ONCE = 20  # places of more calls would lie idle for long; the others are waited for one by one


class AheadGate:
    """A portal's gate that can be asked for several calls at once. Threads may share it, but for `reserve`.

    gate = AheadGate(gate_for(hub_id, WorkClass.EVENTS))
    with gate.reserve({Bucket.BURST: 3, Bucket.ASSOCIATIONS: 2}):
        ...  # a client with this gate makes these five calls without waiting
    """

    def __init__(self, gate: PortalGate) -> None:
        self._gate = gate
        self._reserved: dict[Bucket, Gate] = {}

    def admit(self, bucket: Bucket, longest: float) -> Permit:
        """Return leave for one call, of those reserved if there are any. Raises LimiterFull."""
        return self._reserved.get(bucket, self._gate).admit(bucket, longest)

    @contextmanager
    def reserve(self, calls: Mapping[Bucket, int]) -> Iterator[None]:
        """Have leave for so many calls of each bucket within the block, or raise LimiterFull before any was made.

        Within another such block the outer one's calls are used. One call alone needs no reservation.
        """
        wanted = {bucket: count for bucket, count in calls.items() if count > 1 and bucket not in self._reserved}
        with ExitStack() as held:
            mine = {
                bucket: held.enter_context(self._gate.reserve(bucket, min(count, MOST_AT_ONCE)))
                for bucket, count in wanted.items()
            }
            self._reserved |= mine
            try:
                yield
            finally:
                self._reserved = {bucket: gate for bucket, gate in self._reserved.items() if bucket not in mine}
