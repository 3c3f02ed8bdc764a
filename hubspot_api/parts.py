"""Calls of any size, sent in parts, and what came of them when HubSpot may refuse some inputs and not others.

Records have their own in `batches`, which says more of each input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from hubspot_api.answers import Answer, error_details
from hubspot_api.fields import Fields
from hubspot_api.said import ErrorDetail

In = TypeVar("In")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What came of a batch, which is a success also when `errors` has something: status 207 and 200 alike.

    `results` in no particular order, `errors` as HubSpot grouped them.
    """

    results: tuple[T, ...] = ()
    errors: tuple[ErrorDetail, ...] = ()


def parts_of(inputs: Sequence[In], size: int) -> Iterator[Sequence[In]]:
    """Cut into parts of at most `size`."""
    return (inputs[start : start + size] for start in range(0, len(inputs), size))


def in_parts(
    inputs: Sequence[In], size: int, send: Callable[[Sequence[In]], Answer], read: Callable[[Fields], T]
) -> Outcome[T]:
    """Send parts one after the other and join what is answered. Raises what `send` raises: parts before it are done."""
    answers = [send(part) for part in parts_of(inputs, size)]
    return Outcome(
        tuple(one for answer in answers for one in answer.fields.each("results", read)),
        tuple(one for answer in answers for one in error_details(answer.fields.values.get("errors"))),
    )
