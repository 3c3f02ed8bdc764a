from __future__ import annotations

import pytest

from demo.page import Missing, Page

HTML = """<!doctype html>
<html><head><title>T</title><style>p{}</style></head><body>
<p>One <b>two</b> &amp; three
<p data-mark="a">first<br>line
<ul><li>x<li data-mark="b">y</ul>
<a href="/other/?page=2" rel="next">Next</a>
<form method="get" action="/search/"><input name="q"></form>
<form method="post" action="/send/">
  <input type="hidden" name="token" value="t">
  <input name="name" value="Ann">
  <input type="checkbox" name="yes"><input type="checkbox" name="no" checked>
  <input type="radio" name="who" value="1"><input type="radio" name="who" value="2" checked>
  <select name="role"><option value="viewer">V<option value="admin" selected>A</select>
  <textarea name="note">some text</textarea>
  <button name="decision" value="grant">Grant</button><button name="decision" value="cancel">Cancel</button>
  <input type="submit" name="go" value="Go">
</form>
<form method="post" action=""><input type="hidden" name="here" value="1"></form>
<script>data()</script>
</body></html>"""


def page(**options: str) -> Page:
    return Page("http://localhost:1/some/page/", 200, HTML, **options)


def test_its_text_is_what_a_person_reads() -> None:
    text = page().text
    assert "One two & three" in text
    assert "data()" not in text
    assert "p{}" not in text


def test_elements_are_found_by_attribute_and_value() -> None:
    assert [found.text for found in page().all("data-mark")] == ["first line", "y"]
    assert page().one("data-mark", "b").text == "y"
    with pytest.raises(Missing, match='data-mark="c"'):
        page().one("data-mark", "c")


def test_links_are_followed_from_where_the_page_is() -> None:
    assert page().link("/other/") == "http://localhost:1/other/?page=2"
    with pytest.raises(Missing):
        page().link("/nowhere/")


def test_a_form_sends_what_a_browser_would() -> None:
    form = page().form("/send/")
    assert form.address == "http://localhost:1/send/"
    assert form.fields == {
        "token": "t",
        "name": "Ann",
        "no": "on",
        "who": "2",
        "role": "admin",
        "note": "some text",
    }
    assert form.choices("decision") == ["grant", "cancel"]
    assert form.choices("role") == ["viewer", "admin"]
    assert form.choices("who") == ["1", "2"]


def test_a_form_without_action_posts_to_its_own_page() -> None:
    assert page().form("/some/page/").fields == {"here": "1"}


def test_only_forms_that_post_count() -> None:
    with pytest.raises(Missing):
        page().form("/search/")


def test_a_page_that_wants_no_referrer_sends_forms_without_origin() -> None:
    assert page().form("/send/").origin == "http://localhost:1"
    assert page(referrer_policy="no-referrer").form("/send/").origin == "null"
