"""Read an answer's fields at the door: only those we use, each checked, the wrong one named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from hubspot_api.errors import ResponseInvalid
from hubspot_api.said import Call

T = TypeVar("T")
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object of an answer. Every reader raises ResponseInvalid with the path of what is missing or mistyped."""

    values: Mapping[str, Any]
    path: str
    call: Call

    @classmethod
    def of(cls, value: object, call: Call, path: str = "$") -> Fields:
        """Expect an object."""
        if not isinstance(value, dict):
            raise ResponseInvalid(f"{path} should be an object, is {_kind(value)}", call)
        return cls(value, path, call)

    def text(self, name: str) -> str:
        """Expect text."""
        return self._expect(name, str, "text")

    def optional_text(self, name: str) -> str | None:
        """Expect text, null or nothing."""
        return None if self.values.get(name) is None else self.text(name)

    def integer(self, name: str) -> int:
        """Expect a whole number."""
        return self._expect(name, int, "a whole number")

    def optional_integer(self, name: str) -> int | None:
        """Expect a whole number, null or nothing."""
        return None if self.values.get(name) is None else self.integer(name)

    def flag(self, name: str, default: bool | None = None) -> bool:
        """Expect true or false; nothing counts as `default` when there is one."""
        if default is not None and self.values.get(name) is None:
            return default
        return self._expect(name, bool, "true or false")

    def moment(self, name: str) -> datetime:
        """Expect a time with its zone."""
        return self._moment(name, self.text(name))

    def moments(self, name: str) -> tuple[datetime, ...]:
        """Expect a list of times with their zones."""
        return tuple(self._moment(name, text) for text in self.texts(name))

    def day(self, year: str, month: str, day: str) -> date:
        """Expect a day in three whole numbers."""
        try:
            return date(self.integer(year), self.integer(month), self.integer(day))
        except (ValueError, OverflowError) as error:
            raise self._wrong(day, "part of a date") from error

    def optional_moment(self, name: str) -> datetime | None:
        """Expect a time with its zone, null or nothing."""
        return None if self.values.get(name) is None else self.moment(name)

    def id(self, name: str = "id") -> int:
        """Expect an id of digits: text on most answers, a number on some (`toObjectId`)."""
        number = _id(self.values.get(name))
        if number is None:
            raise self._wrong(name, "an id of digits")
        return number

    def optional_id(self, name: str) -> int | None:
        """Expect an id of digits, null or nothing."""
        return None if self.values.get(name) is None else self.id(name)

    def ids(self, name: str) -> tuple[int, ...]:
        """Expect a list of ids."""
        numbers = tuple(_id(value) for value in self._expect(name, list, "a list of ids"))
        if None in numbers:
            raise self._wrong(name, "a list of ids")
        return tuple(number for number in numbers if number is not None)

    def texts(self, name: str) -> tuple[str, ...]:
        """Expect a list of texts."""
        listed = self._expect(name, list, "a list of texts")
        if not all(isinstance(item, str) for item in listed):
            raise self._wrong(name, "a list of texts")
        return tuple(listed)

    def values_by_name(self, name: str) -> Mapping[str, str | None]:
        """Expect an object of texts and nulls: a record's properties."""
        values = self._expect(name, dict, "an object")
        for key, value in values.items():
            if value is not None and not isinstance(value, str):
                raise ResponseInvalid(f"{self.path}.{name}.{key} should be text or null, is {_kind(value)}", self.call)
        return values

    def child(self, name: str) -> Fields:
        """Expect an object."""
        return Fields.of(self.values.get(name), self.call, f"{self.path}.{name}")

    def optional_child(self, name: str) -> Fields | None:
        """Expect an object, null or nothing."""
        return None if self.values.get(name) is None else self.child(name)

    def each(self, name: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
        """Expect a list of objects and read each."""
        listed = self._expect(name, list, "a list")
        return tuple(
            read(Fields.of(item, self.call, f"{self.path}.{name}[{index}]")) for index, item in enumerate(listed)
        )

    def each_readable(self, name: str, read: Callable[[Fields], T]) -> tuple[tuple[T, ...], tuple[object, ...]]:
        """Expect a list, read each of it; return what could be read, and what is no object or not a right one."""
        found: list[T] = []
        odd: list[object] = []
        for index, item in enumerate(self._expect(name, list, "a list")):
            try:
                found.append(read(Fields.of(item, self.call, f"{self.path}.{name}[{index}]")))
            except ResponseInvalid:
                odd.append(item)
        return tuple(found), tuple(odd)

    def after(self) -> str | None:
        """Read `paging.next.after`; None on the last page. Numbers are taken for their text."""
        paging = self.optional_child("paging")
        following = paging.optional_child("next") if paging else None
        value = following.values.get("after") if following else None
        return str(value) if isinstance(value, (str, int)) and value != "" else None

    def _moment(self, name: str, text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise self._wrong(name, "a time") from error
        if moment.tzinfo is None:
            raise self._wrong(name, "a time with its zone")
        return moment

    def _expect(self, name: str, kind: type[T], wanted: str) -> T:
        value = self.values.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self._wrong(name, wanted)
        return value

    def _wrong(self, name: str, wanted: str) -> ResponseInvalid:
        found = _kind(self.values[name]) if name in self.values else "missing"
        return ResponseInvalid(f"{self.path}.{name} should be {wanted}, is {found}", self.call)


def _id(value: object) -> int | None:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or int(text[:20]) > _LARGEST_ID:
        return None
    return int(text)


def _kind(value: object) -> str:
    """Name a value's type; never the value."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), "something else")
