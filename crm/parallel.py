"""Overlap calls to HubSpot, so that its latency does not set our pace; the limiter does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import TypeVar

from django.db import connection

T = TypeVar("T")
AT_ONCE = 6


@cache
def _threads() -> ThreadPoolExecutor:
    """This process' threads; they begin with the first use, which is after any fork."""
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hubspot-call")


def begin(call: Callable[[], T]) -> Future[T]:
    """Start a call in the background. Its result, or what it raised, comes from the future.

    What it logs is about the same portal as what is logged here.
    """
    return _threads().submit(copy_context().run, _without_connection, call)


def all_of(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Run calls side by side and return their results in order. Raises what the first failed one raised.

    All have ended when this returns: none goes on behind the back of whoever handles the failure.
    """
    futures = [begin(call) for call in calls]
    failures = [future.exception() for future in futures]
    for failure in failures:
        if failure is not None:
            raise failure
    return [future.result() for future in futures]


def _without_connection(call: Callable[[], T]) -> T:
    """A token's renewal may have opened a database connection in this thread: it is not kept."""
    try:
        return call()
    finally:
        connection.close()
