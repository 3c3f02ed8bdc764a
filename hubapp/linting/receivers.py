"""Endpoints for HubSpot that believe whoever calls: their address is no secret, and it is the same for all portals."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .source import FUNCTIONS, Found, Function, Source

_OURS = re.compile(r"web_?hook|hubspot_event", re.IGNORECASE)
_BODY = {"body", "data", "json", "get_json", "get_data", "read", "stream", "form", "POST"}
_VERIFIES = re.compile(
    r"verif|signature|compare_digest|authentic|valid\w*_?(request|webhook|hmac|sig)|check_?(sig|hmac)", re.IGNORECASE
)
_REQUEST = {"request", "req"}


def unverified(source: Source) -> Iterator[Found]:
    """HS006: a view takes webhooks without looking at their signature."""
    for node in ast.walk(source.tree):
        if isinstance(node, FUNCTIONS) and _receives(source, node) and not _verifies(source, node):
            yield Found(node.lineno, "HS006", f"{node.name} takes webhooks from anybody.")


def _receives(source: Source, function: Function) -> bool:
    """It is called after webhooks, or stands under their address, and reads the request's body."""
    parent = source.parents.get(function)
    is_method = isinstance(parent, ast.ClassDef)
    if is_method and function.name != "post":
        return False
    about = [function.name, *map(ast.unparse, function.decorator_list)]
    about += [parent.name] if isinstance(parent, ast.ClassDef) else []
    return any(map(_OURS.search, about)) and _reads_body(function)


def _reads_body(function: Function) -> bool:
    """Flask's request is no parameter, so any `request.body` counts."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in _BODY
        and (ast.unparse(node.value) in _REQUEST or ast.unparse(node.value) == "self.request")
        for node in ast.walk(function)
    )


def _verifies(source: Source, function: Function) -> bool:
    """It does itself, by a decorator, or through functions of the file."""
    seen: set[str] = set()
    waiting: list[ast.AST] = [function]
    while waiting:
        called = _called(waiting.pop())
        if any(map(_VERIFIES.search, called)):
            return True
        waiting += [source.functions[name] for name in called - seen if name in source.functions]
        seen |= called
    return False


def _called(block: ast.AST) -> set[str]:
    """Names of what is called; of functions, also decorators and what FastAPI calls for parameters."""
    found: set[str] = set()
    for node in ast.walk(block):
        if isinstance(node, ast.Call):
            found.add(ast.unparse(node.func).rpartition(".")[2])
        if isinstance(node, FUNCTIONS):
            found |= {ast.unparse(each) for each in (node.args, *node.decorator_list)}
    return found
