"""Reading what a control call sends, field by field, with errors that say which and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

T = TypeVar("T")

_REQUIRED: Any = object()


class Rejected(Exception):
    """The call is wrong; the message says how. Answered 400 `{"error"}`."""


class Fields:
    """The fields of one object. Unknown ones are refused: a misspelt option must not pass for its default."""

    def __init__(self, given: Any, known: Iterable[str], where: str = "") -> None:
        if not isinstance(given, dict):
            raise Rejected(f"{where or 'the body'} must be an object")
        self._given = given
        self._where = f"{where}." if where else ""
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise Rejected(f"unknown field {self._where}{unknown[0]}; known are {', '.join(sorted(known))}")

    def __contains__(self, name: str) -> bool:
        return self._given.get(name) is not None

    def name(self, field: str) -> str:
        return f"{self._where}{field}"

    def raw(self, field: str, default: Any = _REQUIRED) -> Any:
        value = self._given.get(field)
        if value is None:
            if default is _REQUIRED:
                raise Rejected(f"{self.name(field)} is required")
            return default
        return value

    def _typed(self, field: str, kinds: type | tuple[type, ...], words: str, default: Any) -> Any:
        value = self.raw(field, default)
        if value is default and field not in self:
            return default
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in _tuple(kinds)):
            raise Rejected(f"{self.name(field)} must be {words}")
        return value

    def text(self, field: str, default: Any = _REQUIRED) -> str:
        value: str = self._typed(field, str, "a string", default)
        return value

    def optional_text(self, field: str) -> str | None:
        value: str | None = self._typed(field, str, "a string", None)
        return value

    def boolean(self, field: str, default: bool) -> bool:
        value: bool = self._typed(field, bool, "true or false", default)
        return value

    def whole(self, field: str, default: Any = _REQUIRED, *, low: int = 0, high: int = 2**63 - 1) -> int:
        value: int = self._typed(field, int, "a whole number", default)
        self._check_within(field, value, low, high)
        return value

    def optional_whole(self, field: str, *, low: int = 0, high: int = 2**63 - 1) -> int | None:
        value: int | None = self._typed(field, int, "a whole number", None)
        if value is not None:
            self._check_within(field, value, low, high)
        return value

    def amount(self, field: str, default: Any = _REQUIRED, *, low: float = 0.0, high: float = 1e12) -> float:
        value: float = self._typed(field, (int, float), "a number", default)
        self._check_within(field, value, low, high)
        return value

    def _check_within(self, field: str, value: float, low: float, high: float) -> None:
        if not low <= value <= high:
            raise Rejected(f"{self.name(field)} must be between {low} and {high}")

    def choice(self, field: str, allowed: Iterable[str], default: Any = _REQUIRED) -> str:
        value = self.text(field, default)
        options = list(allowed)
        if value not in options:
            raise Rejected(f"{self.name(field)} must be one of {', '.join(options)}")
        return value

    def items(self, field: str, default: Any = _REQUIRED) -> list[Any]:
        value: list[Any] = self._typed(field, list, "a list", default)
        return value

    def texts(self, field: str, default: Any = _REQUIRED) -> tuple[str, ...]:
        values = self.items(field, default)
        if not all(isinstance(value, str) for value in values):
            raise Rejected(f"{self.name(field)} must be a list of strings")
        return tuple(dict.fromkeys(values))

    def mapping(self, field: str, default: Any = _REQUIRED) -> dict[str, Any]:
        value: dict[str, Any] = self._typed(field, dict, "an object", default)
        return value


def _tuple(kinds: type | tuple[type, ...]) -> tuple[type, ...]:
    return kinds if isinstance(kinds, tuple) else (kinds,)
