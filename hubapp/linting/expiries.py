"""Access tokens kept without their end: they live for thirty minutes, and a 401 is too late to learn of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .source import Found, Source, words

_TOKEN = "access_token"  # noqa: S105 - a field's name
_EXPIRY = re.compile(r"expir|valid_until|live_until|lifetime|_ttl|^ttl$|timeout|max_age", re.IGNORECASE)
_WRITES = {"create", "update", "update_or_create", "get_or_create"}


def token_without_expiry(source: Source) -> Iterator[Found]:
    """HS005: an access token is stored, and not when it expires."""
    for node in ast.walk(source.tree):
        if (_is_field(source, node) or _is_write(node) or _is_kept(source, node)) and not _knows_expiry(source, node):
            yield Found(_line(node), "HS005", "An access token is stored without the time when it expires.")


def _is_field(source: Source, node: ast.AST) -> bool:
    """A Django model's field for the token."""
    model = source.parents.get(node)
    if not isinstance(model, ast.ClassDef) or not any(_name(base).endswith("Model") for base in model.bases):
        return False
    return isinstance(node, ast.Assign) and _TOKEN in _name(node.targets[0]) and isinstance(node.value, ast.Call)


def _is_write(node: ast.AST) -> bool:
    """`Portal.objects.create(access_token=…)`, `cache.set("access_token", …)`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    if node.func.attr in _WRITES:
        return _TOKEN in _given(node) and ".objects" in ast.unparse(node.func)
    return node.func.attr == "set" and bool(node.args) and _TOKEN in ast.unparse(node.args[0])


def _given(call: ast.Call) -> Iterator[str]:
    """Names of the fields that a call writes."""
    yield from (keyword.arg for keyword in call.keywords if keyword.arg)
    for keyword in call.keywords:
        if keyword.arg == "defaults" and isinstance(keyword.value, ast.Dict):
            yield from (str(key.value) for key in keyword.value.keys if isinstance(key, ast.Constant))


def _is_kept(source: Source, node: ast.AST) -> bool:
    """`session["access_token"] = …`, `portal.access_token = …` before it is saved."""
    match node:
        case ast.Assign(targets=[ast.Subscript(value=where, slice=ast.Constant(value=str(name)))]):
            return name == _TOKEN and "session" in ast.unparse(where)
        case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner), attr=name)]):
            return name == _TOKEN and f"{owner}.save(" in ast.unparse(source.scope(node))
    return False


def _knows_expiry(source: Source, node: ast.AST) -> bool:
    around = node
    if isinstance(node, ast.Assign):
        model = source.parents[node]
        around = model if isinstance(model, ast.ClassDef) else source.scope(node)
    return any(_EXPIRY.search(word) for word in words(around)) or _has_third_argument(node)


def _has_third_argument(node: ast.AST) -> bool:
    """Django's `cache.set(key, value, seconds)`."""
    return isinstance(node, ast.Call) and len(node.args) > 2


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 1))
