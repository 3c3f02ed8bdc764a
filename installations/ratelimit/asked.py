"""One question to a bucket, and its answer: the words that the shared and the local buckets have in common."""

from __future__ import annotations

from dataclasses import dataclass

from hubspot_api.ports import Bucket

from .limits import PrivateApp, WorkClass

# A call may begin this long after leave for it was asked, without asking again. If Redis forgets meanwhile, the call
# must have arrived by the end of UNDER_WAY (see buckets.lua): half of that is left for the network.
SLACK_S = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """Leave for `calls` calls, each taking a place in every one of `buckets`.

    `ticket` is unique: who asks again with the same one gets, or keeps, the same places. `deadline_s` is how long a
    call can at most be under way. `private_app`: whose limits hold; None: those of a public app.
    """

    hub_id: int | None
    buckets: tuple[Bucket, ...]
    work_class: WorkClass
    calls: int
    deadline_s: float
    ticket: str
    private_app: PrivateApp | None = None

    @property
    def hold_ms(self) -> int:
        """Milliseconds after which a call is certainly over, answered or not."""
        return round((SLACK_S + self.deadline_s) * 1000)

    @property
    def slots(self) -> list[str]:
        """Names of the places, one per call. They begin with the work class, so that it can be counted by."""
        return [f"{self.work_class.value}{self.ticket}{call}" for call in range(1, self.calls + 1)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Go; or a start promised in `delay_s`; or, not promised, when it makes sense to ask again.

    `bucket` is the one that holds the call up, and `reason` says why. `counts` are those of each bucket just after
    going: places taken, and calls ever begun. Empty: nobody counted.
    """

    go: bool
    promised: bool
    delay_s: float
    bucket: Bucket
    reason: str
    counts: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A place that a call has in one bucket, for `ms` more milliseconds."""

    hub_id: int | None
    bucket: Bucket
    slot: str
    ms: int
