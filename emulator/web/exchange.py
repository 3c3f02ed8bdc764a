"""Reading a request and writing an answer."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

import falcon

from emulator.errors import InvalidInput, InvalidJson
from emulator.ids import id_of

JSON = "application/json;charset=utf-8"


_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def dumps(data: Any) -> bytes:
    try:
        return _compact(data).encode()
    except UnicodeEncodeError:
        # A lone surrogate somewhere: only an escape can carry it.
        return json.dumps(data, separators=(",", ":")).encode()


def reply(resp: falcon.Response, data: Any, status: int = 200) -> None:
    resp.data = dumps(data)
    resp.content_type = JSON
    resp.status = status


def no_content(resp: falcon.Response) -> None:
    resp.status = 204


def raw_body(req: falcon.Request) -> bytes:
    # A body that comes in chunks has no length; the server ends it where the chunks end.
    endless = req.content_length is None and req.env.get("wsgi.input_terminated")
    body: bytes = (req.stream if endless else req.bounded_stream).read()
    return body


def has_body(req: falcon.Request) -> bool:
    """Whether anything was sent, or is being sent in chunks."""
    return bool(req.content_length) or "HTTP_TRANSFER_ENCODING" in req.env


def json_body(req: falcon.Request) -> Any:
    """Raises InvalidJson in the words of HubSpot's parser."""
    body = raw_body(req)
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise InvalidJson("Invalid UTF-8") from None
    except json.JSONDecodeError as failure:
        raise InvalidJson(_parser_words(failure.msg), failure.lineno, failure.colno) from None
    except ValueError:
        raise InvalidJson("Number value length exceeds the maximum allowed") from None
    except RecursionError:
        raise InvalidJson("Document nesting depth exceeds the maximum allowed") from None


def _refuse_constant(name: str) -> Any:
    raise InvalidJson(f"Non-standard token '{name}': numbers must be finite")


def _parser_words(reason: str) -> str:
    return next((words for ours, words in _PARSER_WORDS.items() if reason.startswith(ours)), "Unexpected character")


# What HubSpot's parser, Jackson, says where Python's says something else.
_PARSER_WORDS = {
    "Expecting value": "Unexpected character: expected a JSON String, Number, Array, Object or 'null', 'true', 'false'",
    "Expecting property name": "Unexpected character: was expecting double-quote to start field name",
    "Expecting ':'": "Unexpected character: was expecting a colon to separate field name and value",
    "Expecting ','": "Unexpected character: was expecting comma to separate entries",
    "Unterminated string": "Unexpected end-of-input: was expecting closing quote for a string value",
    "Invalid control character": "Illegal unquoted character: has to be escaped using backslash",
    "Invalid \\": "Unrecognized character escape",
    "Extra data": "Trailing token found after value",
}


def json_object(req: falcon.Request) -> dict[str, Any]:
    body = json_body(req)
    if not isinstance(body, dict):
        raise InvalidJson(f"Cannot deserialize value of type `java.util.LinkedHashMap` from {_token(body)}")
    return body


def _token(value: Any) -> str:
    """What HubSpot's parser calls a value."""
    return "null" if value is None else f"{_TOKENS[type(value)]} value"


_TOKENS = {dict: "Object", list: "Array", str: "String", bool: "Boolean", int: "Integer", float: "Floating-point"}
_JAVA = {
    dict: "java.util.LinkedHashMap",
    list: "java.util.ArrayList",
    str: "java.lang.String",
    bool: "java.lang.Boolean",
    int: "java.lang.Long",
}
_LARGEST = 2**63 - 1


def member(body: Any, name: str, kind: type, default: Any = None) -> Any:
    """A field of a body, of the type it must have.

    Raises InvalidJson.
    """
    value = body.get(name) if isinstance(body, dict) else None
    if value is None:
        return default
    if kind is int and isinstance(value, str) and (number := id_of(value)) is not None:
        return number
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InvalidJson(f"Cannot deserialize value of type `{_JAVA.get(kind, 'Object')}` for field {name}")
    if kind is int and isinstance(value, int) and abs(value) > _LARGEST:
        raise InvalidJson(f"Numeric value out of range of long for field {name}")
    return value


def texts(body: Any, name: str) -> list[str]:
    """A field of a body that is a list of strings.

    Raises InvalidJson.
    """
    found = member(body, name, list, [])
    if not all(isinstance(each, str) for each in found):
        raise InvalidJson(f"Cannot deserialize value of type `java.lang.String` for field {name}")
    return list(found)


def text_id(value: Any) -> str:
    """Ids come as strings, and as numbers from many clients."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidJson("Cannot deserialize value of type `java.lang.String` for field id")
    return str(value)


def names(req: falcon.Request, name: str) -> list[str]:
    """A parameter with several values: repeated, separated by commas, or both."""
    given = req.get_param_as_list(name) or []
    return [part.strip() for value in given for part in value.split(",") if part.strip()]


def flag(req: falcon.Request, name: str) -> bool:
    """Python's "True" counts as true: clients send it."""
    return (req.get_param(name) or "").strip().lower() == "true"


def number(req: falcon.Request, name: str, default: int, low: int, high: int) -> int:
    text = req.get_param(name)
    if not text:
        return default
    return checked_number(text, name, low, high)


def checked_number(value: Any, name: str, low: int, high: int) -> int:
    """Raises InvalidInput for anything but a whole number in the range, written as number or string."""
    try:
        result = int(str(value)) if not isinstance(value, bool) else None
    except ValueError:
        result = None
    if result is None or len(str(value)) > 18:
        raise InvalidInput(f"Invalid value for {name}: {str(value)[:50]}")
    if not low <= result <= high:
        raise InvalidInput(f"{name} must be between {low} and {high}, not {result}")
    return result


def next_page(req: falcon.Request, after: str, *, path: str | None = None) -> dict[str, Any]:
    """The address of the next page, on the host that was asked: clients follow it as it is.

    It keeps the query of this call, unless the pages are somewhere else. Whatever ends TLS in front says so in the
    usual headers.
    """
    query = [] if path else [pair for pair in parse_qsl(req.query_string, True) if pair[0] != "after"]
    address = f"{req.forwarded_prefix}{path or req.path}?{urlencode([*query, ('after', after)])}"
    return {"next": {"after": after, "link": address}}
