"""What is fine with ten records and not with ten thousand: one page taken for all, one call per record."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .paths import is_list, is_single, method_and_path
from .source import FUNCTIONS, Found, Source, words

_PAGING = {"after", "paging", "offset", "vidOffset", "has_more", "hasMore", "list_all", "every"}
_ONE_PAGE_OF_SDK = {"get_page", "do_search"}
_SINGLE = {"hubspot_api.objects.get", "hubspot_api.objects.create", "hubspot_api.objects.update"}
_SINGLE |= {"hubspot_api.objects.archive"}
_SINGLE_OF_SDK = {"get_by_id", "create", "update", "archive"}
Loop = ast.For | ast.AsyncFor | ast.While | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def first_page_only(source: Source) -> Iterator[Found]:
    """HS002: a list of which only the first page is read."""
    for call in source.calls:
        if _reads_a_page(source, call) and not _is_bounded(call) and not words(source.scope(call)) & _PAGING:
            yield Found(call.lineno, "HS002", "Only the first page of a list is read.")


def one_by_one(source: Source) -> Iterator[Found]:
    """HS003: a call per record where HubSpot takes a hundred at once."""
    for call in source.calls:
        if not _is_about_one(source, call):
            continue
        loop = _loop(source, call)
        if loop is not None and _bound(loop) & words(call):
            yield Found(call.lineno, "HS003", "A loop calls HubSpot once per record.")


def _reads_a_page(source: Source, call: ast.Call) -> bool:
    name = source.dotted(call.func)
    last = name.rpartition(".")[2]
    if name.startswith("hubspot_api.") and last == "list_page":
        return True
    return (last in _ONE_PAGE_OF_SDK and "_api." in name) or is_list(*method_and_path(source, call))


def _is_bounded(call: ast.Call) -> bool:
    """One record is wanted, or those of one e-mail address."""
    for node in ast.walk(call):
        match node:
            case ast.keyword(arg="limit", value=ast.Constant(value=1)):
                return True
            case ast.Dict(keys=keys, values=values):
                given = {
                    key.value: value for key, value in zip(keys, values, strict=True) if isinstance(key, ast.Constant)
                }
                limit = given.get("limit")
                if "email" in given or (isinstance(limit, ast.Constant) and limit.value in (1, "1")):
                    return True
            case ast.Constant(value=str(text)) if "limit=1&" in f"{text}&" or "email=" in text:
                return True
    return False


def _is_about_one(source: Source, call: ast.Call) -> bool:
    name = source.dotted(call.func)
    if name in _SINGLE:
        return True
    *before, last = name.split(".")
    if last in _SINGLE_OF_SDK and before and before[-1] == "basic_api":
        return True
    return is_single(*method_and_path(source, call))


def _loop(source: Source, call: ast.Call) -> Loop | None:
    """The nearest loop that repeats the call, within its function."""
    inside: ast.AST = call
    for node in source.around(call):
        if isinstance(node, (*FUNCTIONS, ast.Lambda)):
            return None
        if isinstance(node, _LOOPS) and not (isinstance(node, ast.For | ast.AsyncFor) and inside is node.iter):
            return node
        inside = node
    return None


def _bound(loop: Loop) -> set[str]:
    """Names that are something else in each turn. A loop that only tries again binds none that the call uses."""
    return {node.id for node in ast.walk(loop) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
