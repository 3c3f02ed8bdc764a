"""What log lines are about: the request or piece of work under way, and its account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from django.apps import apps

_request_id: ContextVar[str] = ContextVar("request_id", default="")  # empty: no request is under way
_hub_id: ContextVar[int | None] = ContextVar("hub_id", default=None)  # None: about no single account, or not known


def request_id() -> str:
    return _request_id.get()


def hub_id() -> int | None:
    return _hub_id.get()


@contextmanager
def request(name: str) -> Iterator[None]:
    """Everything logged within belongs to a request; about which account may turn out later."""
    request_token, hub_token = _request_id.set(name), _hub_id.set(None)
    try:
        yield
    finally:
        _hub_id.reset(hub_token)
        _request_id.reset(request_token)


def is_about(account: int) -> None:
    """The request under way is about this account, until it ends."""
    _hub_id.set(account)


@contextmanager
def work_for(portal_id: int) -> Iterator[None]:
    """Everything logged within is about this portal."""
    token = _hub_id.set(_hub_id_of(portal_id))
    try:
        yield
    finally:
        _hub_id.reset(token)


@lru_cache(maxsize=10_000)
def _hub_id_of(portal_id: int) -> int | None:
    """An installation's account never changes, so one look per process is enough."""
    portals = apps.get_model("installations", "Portal")  # logging is set up before there are models
    found: int | None = portals.objects.filter(pk=portal_id).values_list("hub_id", flat=True).first()
    return found
