"""A slice: the time one holder works on a lane, and the fence around everything it writes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import Error as DatabaseError
from django.db import connection, transaction

from .claims import LEASE_S, Claim, renew
from .models import Lane

SLICE_S = 2.0
_BEAT_S = LEASE_S / 3
_BEATS = 18  # 150 s: beyond the time limits of the task that works; only a thread's work gets so old

logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Somebody else holds the lane: nothing of this slice's last step was written, and nothing more may be."""


@dataclass
class Slice:
    """One holder's turn. Work reads outside any transaction and writes inside `fence()`, as often as it likes."""

    claim: Claim
    ends_at: float = field(default_factory=lambda: time.monotonic() + SLICE_S)
    position: int = field(init=False)

    def __post_init__(self) -> None:
        self.position = self.claim.position

    @property
    def portal_id(self) -> int:
        return self.claim.portal_id

    @property
    def part(self) -> str:
        return self.claim.part

    @property
    def has_time(self) -> bool:
        """Whether to begin another step. A step under way is always finished."""
        return time.monotonic() < self.ends_at

    def renew(self) -> None:
        """Prolong the lease before a step that may take long. Raises LeaseLost."""
        if not renew(self.claim):
            raise LeaseLost(f"Lane {self.claim.lane_id} was taken over or parked.")

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Prolong the lease while a step lasts longer than it: a record may have ten thousands of associations.

        Not for ever: a step that hangs loses its lane in the end. Nor once we are stopped or dead.
        """
        over = threading.Event()
        thread = threading.Thread(target=self._keep, args=(over,), name="keep-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    @contextmanager
    def fence(self, *, position: int | None = None) -> Iterator[None]:
        """Open the transaction in which a step writes its effects, its marks and its new position.

        Raises LeaseLost, and writes nothing, if somebody else holds the lane or it is parked. The lock keeps the lane
        ours until the commit, yet lets others add work to it meanwhile (see Lane.token). The position moves last,
        because that does keep adders waiting.
        """
        with transaction.atomic():
            self._hold()
            yield
            if position is not None:
                Lane.objects.filter(pk=self.claim.lane_id).update(position=position)
        if position is not None:
            self.position = position

    def _keep(self, over: threading.Event) -> None:
        for _ in range(_BEATS):
            if over.wait(_BEAT_S):
                return
            try:
                renew(self.claim)
            except DatabaseError as error:
                logger.warning("The lease of lane %s was not prolonged: %s", self.claim.lane_id, error)
            finally:
                connection.close()

    def _hold(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM lanes_lane WHERE id = %s AND token = %s AND NOT parked FOR KEY SHARE",
                [self.claim.lane_id, self.claim.token],
            )
            if cursor.fetchone() is None:
                raise LeaseLost(f"Lane {self.claim.lane_id} was taken over or parked.")
