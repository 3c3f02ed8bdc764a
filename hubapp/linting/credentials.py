"""Keys, tokens and secrets in the code, and API keys, which HubSpot switched off in 2022."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .source import FUNCTIONS, Found, Source

_NAMES = re.compile(
    r"(client_?secret|api_?key|hapikey|(access|refresh|app|auth|bearer)_?token|developer_?key)(_previous)?$",
    re.IGNORECASE,
)
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_HUBSPOTS = re.compile(rf"(Bearer )?(pat-)?(na|eu|ap)\d-({_UUID}|[0-9a-f]{{4}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})")
_SECRET = re.compile(r"[A-Za-z0-9_+/=.-]{20,}")
_FEWEST_CHARACTERS = 8  # that differ
_RUN = re.compile(r"(\w)\1{3}")
# What the developer's own key, which is something else, still opens.
_DEVELOPERS = re.compile(r"/(webhooks|app-webhooks|actions|timeline|extensions|integrators)/")


def hard_coded(source: Source) -> Iterator[Found]:
    """HS001: a text in the code that opens somebody's account."""
    named = {id(value): name for name, value in _named(source)}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = named.get(id(node), "")
            if _HUBSPOTS.fullmatch(node.value) and _is_random(node.value):
                yield Found(node.lineno, "HS001", "A token of HubSpot's is in the code.")
            elif _NAMES.search(name) and _looks_secret(node.value):
                yield Found(node.lineno, "HS001", f"The value of {name} is in the code.")


def api_keys(source: Source) -> Iterator[Found]:
    """HS007: calls that identify themselves by an API key."""
    about_the_app = any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and _DEVELOPERS.search(node.value)
        for node in ast.walk(source.tree)
    )
    for call in source.calls:
        for problem in _by_api_key(source, call, about_the_app=about_the_app):
            yield Found(call.lineno, "HS007", problem)


def _named(source: Source) -> Iterator[tuple[str, ast.expr]]:
    """Yield every value that the code gives a name: assigned, passed, in a dictionary, as a default."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from ((_last_name(target), value) for target in targets)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield _last_name(target), value
            case ast.keyword(arg=str(name), value=value):
                yield name, value
            case ast.Dict(keys=keys, values=values):
                yield from ((_last_name(key), value) for key, value in zip(keys, values, strict=True))
            case ast.Call(args=[ast.Constant(value=str(name)), value, *_]):
                yield name, value  # os.environ.get("HUBSPOT_CLIENT_SECRET", …)
        if isinstance(node, FUNCTIONS):
            yield from _defaults(node.args)


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    yield from ((arg.arg, value) for arg, value in zip(positional[::-1], arguments.defaults[::-1], strict=False))
    yield from (
        (arg.arg, value) for arg, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value
    )


def _last_name(node: ast.AST | None) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return ""


def _looks_secret(text: str) -> bool:
    return bool(_SECRET.fullmatch(text)) and any(letter.isdigit() for letter in text) and _is_random(text)


def _is_random(text: str) -> bool:
    """Not somebody's "1111-2222" or "…-0000-…"."""
    return not _RUN.search(text) and len(set(re.sub("[^0-9A-Za-z]", "", text))) >= _FEWEST_CHARACTERS


def _by_api_key(source: Source, call: ast.Call, *, about_the_app: bool) -> Iterator[str]:
    where = source.text(call.args[0]) if call.args else ""
    if "hapikey=" in where and "/" in where and not _DEVELOPERS.search(where):
        yield "The address carries an API key."
    for keyword in call.keywords:
        if keyword.arg == "api_key" and re.search(r"\bhubspot\b", source.dotted(call.func), re.IGNORECASE):
            yield "The client is made with an API key."
        carries = keyword.arg == "hapikey" or (keyword.arg == "params" and _has_hapikey(keyword.value))
        if carries and not about_the_app:
            yield "The call carries an API key."


def _has_hapikey(node: ast.expr) -> bool:
    return isinstance(node, ast.Dict) and "hapikey" in map(_last_name, node.keys)
