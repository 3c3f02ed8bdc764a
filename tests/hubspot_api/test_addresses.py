from __future__ import annotations

import pytest

from hubspot_api.addresses import QueryValue, fill_path, hublet_url, query_string


@pytest.mark.parametrize(
    ("api_url", "hublet", "expected"),
    [
        ("https://api.hubapi.com", "eu1", "https://api-eu1.hubapi.com"),
        ("https://api.hubapi.com", "na1", "https://api.hubapi.com"),
        ("https://api-eu1.hubapi.com", "na1", "https://api.hubapi.com"),
        ("https://api-eu1.hubapi.com", "na2", "https://api-na2.hubapi.com"),
        ("http://localhost:8765", "eu1", None),
        ("https://api.hubapi.com.evil.example", "eu1", None),
        ("https://api.hubapi.com", "eu1.evil.example/", None),
        ("https://api.hubapi.com", "eu1@evil.example:443/?", None),
        ("https://api.hubapi.com", "eu1\n", None),
        ("https://api.hubapi.com", "", None),
    ],
)
def test_each_data_centre_has_its_host(api_url: str, hublet: str, expected: str | None) -> None:
    assert hublet_url(api_url, hublet) == expected


def test_path_values_are_quoted_as_one_segment() -> None:
    assert fill_path("/a/{b}/c/{d}", {"b": "x/y?z#ü%", "d": 7, "unused": "u"}) == "/a/x%2Fy%3Fz%23%C3%BC%25/c/7"


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_values_that_change_the_path_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be part of a path"):
        fill_path("/a/{b}", {"b": value})


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (None, ""),
        ({}, ""),
        ({"a": None}, ""),
        ({"a": True, "b": False}, "a=true&b=false"),
        ({"limit": 100, "after": "58"}, "limit=100&after=58"),
        ({"properties": ["a", "b c"]}, "properties=a,b%20c"),
        ({"q": "a&b=c+d/ü"}, "q=a%26b%3Dc%2Bd%2F%C3%BC"),
    ],
)
def test_queries_are_spelled_as_hubspot_takes_them(params: dict[str, QueryValue] | None, expected: str) -> None:
    assert query_string(params) == expected
