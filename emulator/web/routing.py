"""Routes of many applications with the same paths, compiled once.

Compiling some hundred paths takes a quarter of a second. Every region, and every emulator in a test, has the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import falcon
from falcon import routing

Found = tuple[object, dict[str, Any], dict[str, Any], str | None]


class _Place:
    """Stands for the resource at a place in a list of routes."""

    def __init__(self, number: int) -> None:
        self.number = number


@lru_cache(maxsize=8)
def _compiled(paths: tuple[str, ...]) -> routing.CompiledRouter:
    router = routing.CompiledRouter()
    for number, path in enumerate(paths):
        router.add_route(path, _Place(number))
    router.find("/")  # compiles
    return router


class SharedRouter(routing.CompiledRouter):
    """Finds the place of an address in the shared routes, and there the resource of its own application."""

    def __init__(self, routes: Sequence[tuple[str, object]]) -> None:
        super().__init__()
        self._router = _compiled(tuple(path for path, _ in routes))
        self._resources = [resource for _, resource in routes]
        self._methods: dict[int, dict[str, Any]] = {}

    def find(self, uri: str, req: falcon.Request | None = None) -> Found | None:
        found = self._router.find(uri, req)
        if found is None:
            return None
        place, _, params, template = found
        assert isinstance(place, _Place)
        methods = self._methods.get(place.number)
        if methods is None:
            methods = self._methods[place.number] = self._methods_of(place.number)
        return self._resources[place.number], methods, params, template

    def _methods_of(self, number: int) -> dict[str, Any]:
        methods = routing.map_http_methods(self._resources[number])
        routing.set_default_responders(methods)
        return methods
