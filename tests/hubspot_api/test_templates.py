"""No id, address or token of anybody gets into errors and records by way of a path, not even by a careless one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubspot_api.said import without_values
from tests.hubspot_api.fakes import ok, world
from tests.hubspot_api.surface import paths_of_the_package

DIGITS = st.integers(1, 2**63).map(str).filter(lambda text: len(text) > 2)
EMAILS = st.emails()
TOKENS = st.from_regex(r"(pat-(na1|eu1)-|CL[A-Z]{2}|na1-)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-zA-Z_-]{16,80}", fullmatch=True)
UUIDS = st.uuids().map(str)
VALUES = DIGITS | EMAILS | TOKENS | UUIDS


@given(VALUES, st.sampled_from(["/crm/objects/{version}/contacts/%s", "/x/%s/y", "/crm/v3/lists?q=%s", "%s"]))
def test_a_value_in_a_path_is_left_out(value: str, path: str) -> None:
    assert value not in without_values(path % value)


@given(VALUES)
def test_neither_errors_nor_records_have_it(value: str) -> None:
    here = world(ok())
    here.client.request("GET", "/crm/objects/{version}/contacts/" + value.replace("{", "").replace("}", ""))
    here.client.request("GET", "/x/{id}", path_params={"id": value}, params={"email": value})
    assert value not in repr(here.log.records)


@pytest.mark.parametrize("path", sorted(paths_of_the_package()))
def test_the_paths_of_this_package_are_templates_as_they_are(path: str) -> None:
    assert without_values(path) == path


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/crm/objects/{version}/contacts/123", "/crm/objects/{version}/contacts/{…}"),
        ("/crm/v3/objects/0-1/2026-03", "/crm/v3/objects/0-1/2026-03"),
        ("/crm/objects/{version}/2-7654321", "/crm/objects/{version}/{…}"),
        ("/contacts/v1/ada%40example.com", "/contacts/v1/{…}"),
        ("/x?email=ada", "/x"),
        ("journal file", "journal file"),
    ],
)
def test_examples(path: str, template: str) -> None:
    assert without_values(path) == template
