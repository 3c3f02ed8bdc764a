"""What a call's address says that it does at HubSpot."""

from __future__ import annotations

import ast
import re

from .source import Source

METHODS = {"get", "post", "put", "patch", "delete", "request"}
_PART = r"[^/?]+"
_RECORDS = rf"/crm/(v\d/objects/{_PART}|objects/{_PART}/{_PART})"  # v3 and dated paths, without a record's id
_LIST = re.compile(rf"({_RECORDS}|/crm/(v\d/owners|owners/{_PART})|/marketing/v\d/emails)/?(\?.*)?$")
_SEARCH = re.compile(rf"{_RECORDS}/search/?$")
_ONE = re.compile(rf"{_RECORDS}/(?!search|batch|merge){_PART}/?(\?.*)?$")
_CREATE = re.compile(rf"{_RECORDS}/?$")


def method_and_path(source: Source, call: ast.Call) -> tuple[str, str]:
    """Return ("GET", path) of a call over HTTP, whoever's client it is; ("", "") for any other call."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    texts = [source.text(arg) for arg in call.args[:2]]
    if name == "request" and len(texts) > 1:
        return texts[0].upper(), texts[1]
    if name in METHODS - {"request"} and texts:
        return name.upper(), texts[0]
    return "", ""


def is_list(method: str, path: str) -> bool:
    """Whether HubSpot answers with a page."""
    return bool((method == "GET" and _LIST.search(path)) or (method == "POST" and _SEARCH.search(path)))


def is_single(method: str, path: str) -> bool:
    """Whether it is about one record, and a batch endpoint does the same for a hundred."""
    return bool((method and _ONE.search(path)) or (method == "POST" and _CREATE.search(path)))
