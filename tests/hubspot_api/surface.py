"""What the client offers, found in its modules, and which of it HubSpot has answered while something ran."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, FunctionType
from typing import Any

import hubspot_api
from hubspot_api.app_tokens import AppTokens
from hubspot_api.client import Client
from hubspot_api.oauth import OAuth

_SENDS_NOTHING = {"authorize_url", "session"}  # the first is where a browser goes


def surface() -> dict[CodeType, str]:
    """Every public function that takes a client, and every method that calls HubSpot, by its code."""
    return {function.__code__: name for name, function in surface_functions().items()}


def surface_functions() -> dict[str, FunctionType]:
    """The same by name: "objects.get", "OAuth.refresh"."""
    found: dict[str, FunctionType] = {}
    for module in _modules():
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_") and _takes_a_client(function):
                found[f"{module.__name__.rpartition('.')[2]}.{name}"] = function
    for owner in (Client, OAuth, AppTokens):
        for name, method in inspect.getmembers(owner, inspect.isfunction):
            if not name.startswith("_") and name not in _SENDS_NOTHING:
                found[f"{owner.__name__}.{name}"] = method
    return found


def _modules() -> Iterator[Any]:
    for each in pkgutil.iter_modules(hubspot_api.__path__):
        yield importlib.import_module(f"hubspot_api.{each.name}")


def _takes_a_client(function: Callable[..., object]) -> bool:
    first = next(iter(inspect.signature(function).parameters.values()), None)
    return first is not None and first.annotation in ("Client", Client)


def paths_of_the_package() -> set[str]:
    """Every path that a module names."""
    named = (pair for module in _modules() for pair in vars(module).items())
    return {path for name, path in named if name.isupper() and isinstance(path, str) and path.startswith("/")}


@contextmanager
def answered(successes: Callable[[], int]) -> Iterator[set[str]]:
    """Collect the names of what ran in this thread and during which `successes` grew: HubSpot answered it with 2xx."""
    known, found = surface(), set[str]()
    running: list[tuple[CodeType, int]] = []

    def look(frame: FrameType, event: str, _argument: object) -> None:
        if frame.f_code not in known:
            return
        if event == "call":  # a generator is called again for each of its values
            running.append((frame.f_code, successes()))
        elif event == "return":
            code, before = running.pop()
            if successes() > before:
                found.add(known[code])

    previous = sys.getprofile()
    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(previous)
