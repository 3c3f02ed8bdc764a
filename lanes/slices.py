"""A slice: the time one holder works on a lane, and the fence around everything it writes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection, transaction

from .claims import Claim, renew
from .models import Lane

SLICE_S = 2.0


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
            raise LeaseLost(f"Lane {self.claim.lane_id} was taken over.")

    @contextmanager
    def fence(self, *, position: int | None = None) -> Iterator[None]:
        """Open the transaction in which a step writes its effects, its marks and its new position.

        Raises LeaseLost, and writes nothing, if somebody else holds the lane. The lock keeps the lane ours until
        the commit, yet lets others add work to it meanwhile (see Lane.token). The position moves last, because
        that does keep adders waiting.
        """
        with transaction.atomic():
            self._hold()
            yield
            if position is not None:
                Lane.objects.filter(pk=self.claim.lane_id).update(position=position)
        if position is not None:
            self.position = position

    def _hold(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM lanes_lane WHERE id = %s AND token = %s FOR KEY SHARE",
                [self.claim.lane_id, self.claim.token],
            )
            if cursor.fetchone() is None:
                raise LeaseLost(f"Lane {self.claim.lane_id} was taken over.")
