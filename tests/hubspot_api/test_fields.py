from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from hubspot_api.errors import ResponseInvalid
from hubspot_api.fields import Fields
from hubspot_api.said import Call

CALL = Call("GET", "/x", 123)


def fields(**values: object) -> Fields:
    return Fields.of(values, CALL)


def complaint(read: Callable[[Fields], object], **values: object) -> str:
    with pytest.raises(ResponseInvalid) as caught:
        read(fields(**values))
    assert caught.value.call == CALL
    return caught.value.detail


@pytest.mark.parametrize(("value", "kind"), [([], "a list"), ("x", "text"), (None, "null"), (1, "a number")])
def test_an_answer_that_is_no_object_is_named(value: object, kind: str) -> None:
    with pytest.raises(ResponseInvalid, match=rf"\$ should be an object, is {kind}"):
        Fields.of(value, CALL)


def test_what_is_there_is_read() -> None:
    have = fields(t="a", n=1, b=False, m="2026-01-02T03:04:05.678Z", l=["a"], o={"x": 1}, p={"a": "1", "b": None})
    assert have.text("t") == "a"
    assert have.integer("n") == 1
    assert have.flag("b") is False
    assert have.moment("m") == datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
    assert have.texts("l") == ("a",)
    assert fields(i=["1", 2]).ids("i") == (1, 2)
    assert have.child("o").integer("x") == 1
    assert have.values_by_name("p") == {"a": "1", "b": None}


def test_what_may_be_missing_is_none() -> None:
    for have in (fields(), fields(t=None, n=None, m=None, o=None, b=None)):
        assert have.optional_text("t") is None
        assert have.optional_integer("n") is None
        assert have.optional_moment("m") is None
        assert have.optional_id("n") is None
        assert have.optional_child("o") is None
        assert have.flag("b", default=True) is True


@pytest.mark.parametrize(
    ("read", "value", "wanted"),
    [
        (lambda f: f.text("a"), 1, "$.a should be text, is a number"),
        (lambda f: f.optional_text("a"), [], "$.a should be text, is a list"),
        (lambda f: f.integer("a"), "1", "$.a should be a whole number, is text"),
        (lambda f: f.integer("a"), True, "$.a should be a whole number, is true or false"),
        (lambda f: f.integer("a"), 1.5, "$.a should be a whole number, is a number"),
        (lambda f: f.optional_integer("a"), {}, "$.a should be a whole number, is an object"),
        (lambda f: f.flag("a"), "true", "$.a should be true or false, is text"),
        (lambda f: f.flag("a", default=False), 0, "$.a should be true or false, is a number"),
        (lambda f: f.moment("a"), "yesterday", "$.a should be a time, is text"),
        (lambda f: f.moment("a"), "2026-01-02", "$.a should be a time with its zone, is text"),
        (lambda f: f.moment("a"), 5, "$.a should be text, is a number"),
        (lambda f: f.texts("a"), ["x", 1], "$.a should be a list of texts, is a list"),
        (lambda f: f.texts("a"), "x", "$.a should be a list of texts, is text"),
        (lambda f: f.ids("a"), ["1", "x"], "$.a should be a list of ids, is a list"),
        (lambda f: f.ids("a"), "1", "$.a should be a list of ids, is text"),
        (lambda f: f.optional_id("a"), "x", "$.a should be an id of digits, is text"),
        (lambda f: f.child("a"), None, "$.a should be an object, is null"),
        (lambda f: f.values_by_name("a"), {"p": 1}, "$.a.p should be text or null, is a number"),
        (lambda f: f.values_by_name("a"), [], "$.a should be an object, is a list"),
        (lambda f: f.each("a", Fields.id), {}, "$.a should be a list, is an object"),
        (lambda f: f.each("a", Fields.id), [{"id": "1"}, 5], "$.a[1] should be an object, is a number"),
        (lambda f: f.each("a", Fields.id), [{"id": "1"}, {}], "$.a[1].id should be an id of digits, is missing"),
    ],
)
def test_what_is_mistyped_is_named_without_its_value(
    read: Callable[[Fields], object], value: object, wanted: str
) -> None:
    assert complaint(read, a=value) == wanted


@pytest.mark.parametrize("value", ["1", 1, "9223372036854775807", "007"])
def test_ids_are_digits_as_text_or_number(value: object) -> None:
    assert fields(id=value).id() == int(str(value))


@pytest.mark.parametrize(
    "value", ["", "abc", "1.0", " 1", "1_0", "-1", "１", "9223372036854775808", "9" * 5000, 1.0, True, None, ["1"]]
)
def test_nothing_else_is_an_id(value: object) -> None:
    assert "$.id should be an id of digits" in complaint(Fields.id, id=value)


@pytest.mark.parametrize(
    ("paging", "after"),
    [
        ({}, None),
        ({"paging": None}, None),
        ({"paging": {}}, None),
        ({"paging": {"next": None}}, None),
        ({"paging": {"next": {}}}, None),
        ({"paging": {"next": {"after": ""}}}, None),
        ({"paging": {"next": {"after": "058", "link": "https://x"}}}, "058"),
        ({"paging": {"next": {"after": 200}}}, "200"),
    ],
)
def test_the_last_page_names_no_next(paging: dict[str, object], after: str | None) -> None:
    assert Fields.of(paging, CALL).after() == after
