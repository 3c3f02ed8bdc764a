"""Calls side by side that no limiter sees: HubSpot counts them all the same, and 429s count as errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .paths import METHODS
from .source import FUNCTIONS, Found, Source, words

# HubSpot's hosts, or one of its paths behind a host that only the running program knows.
_HOST = re.compile(r"\bapi(-[a-z0-9]+)?\.(hubapi|hubspot)\.com\b|\{\}/crm/(v\d|\d{4}-\d\d|objects|associations)/")
_SIDE_BY_SIDE = {"gather", "create_task", "ensure_future", "as_completed", "submit", "map", "imap", "starmap", "spawn"}
_THREADS = {"threading.Thread", "multiprocessing.Process", "Thread"}


def around_the_limiter(source: Source) -> Iterator[Found]:
    """HS004: threads or tasks that call HubSpot with a plain HTTP client."""
    bare = _bare_functions(source)
    for call in source.calls:
        if _starts_others(source, call) and (words(call) & bare or _calls_hubspot(source, call)):
            yield Found(call.lineno, "HS004", "Calls run side by side, past the limiter.")


def _starts_others(source: Source, call: ast.Call) -> bool:
    name = source.dotted(call.func)
    return name in _THREADS or ("." in name and name.rpartition(".")[2] in _SIDE_BY_SIDE)


def _bare_functions(source: Source) -> set[str]:
    """Functions that call HubSpot over plain HTTP, themselves or through others of the file."""
    clients = _names_of_clients(source)
    bare = {
        name
        for name, function in source.functions.items()
        if _calls_hubspot(source, function) or any(_is_request_by(node, clients) for node in ast.walk(function))
    }
    while more := {name for name, node in source.functions.items() if name not in bare and _calls(node) & bare}:
        bare |= more
    return bare


def _names_of_clients(source: Source) -> set[str]:
    """Names of what was made with HubSpot's address: `client = httpx.AsyncClient(base_url=…)`."""
    found: set[str] = set()
    for node in ast.walk(source.tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as made) if _names_host(source, made):
                found.add(name)
            case ast.withitem(context_expr=ast.Call() as made, optional_vars=ast.Name(id=name)):
                found |= {name} if _names_host(source, made) else set()
    return found - set(source.functions)


def _is_request_by(node: ast.AST, clients: set[str]) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)):
            return name in clients and method in METHODS
    return False


def _calls_hubspot(source: Source, block: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in METHODS | {"urlopen"}
        and _names_host(source, node)
        for node in ast.walk(block)
    )


def _names_host(source: Source, call: ast.Call) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(_HOST.search(source.text(each)) for each in given)


def _calls(function: ast.AST) -> set[str]:
    called = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    nested = {node.name for node in ast.walk(function) if isinstance(node, FUNCTIONS)}
    return {each.id for each in called if isinstance(each, ast.Name)} | (nested - {getattr(function, "name", "")})
