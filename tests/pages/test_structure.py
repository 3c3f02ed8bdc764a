"""What holds for every page: whole HTML, one heading of the first level, labels, captions, nothing inline."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from installations.models import Portal, UnclaimedGrant

from .furniture import OWNER, WAITING, browser_of, furnished, page_addresses
from .outline import Node, Outline, outline_of
from .reading import polled

if TYPE_CHECKING:
    from .reading import Answer

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["in_sync", "first_sync", "needs_reconnect", "scopes_missing"])
def portal(request: pytest.FixtureRequest) -> Portal:
    return furnished(request.param)


def assert_well_built(response: Answer, where: str) -> None:
    outline = outline_of(response.content.decode())
    assert_whole(outline, where)
    assert_headed(outline, where)
    assert_nothing_inline(outline, where)
    assert_labelled(outline, where)
    assert_tables_readable(outline, where)


def test_pages_of_a_portal(portal: Portal) -> None:
    browser = browser_of(OWNER)
    for name, address in page_addresses(portal).items():
        assert_well_built(browser.get(address), name)
    assert_well_built(browser.post(f"/portals/{portal.hub_id}/disconnect/"), "disconnect")
    assert_well_built(browser_of(WAITING).get(f"/portals/{portal.hub_id}/"), "waiting")


def test_fragments_are_whole(portal: Portal) -> None:
    for name, address in page_addresses(portal).items():
        outline = outline_of(polled(browser_of(OWNER), address).content.decode())
        assert not outline.unbalanced, f"{name}: {outline.unbalanced}"
        assert_nothing_inline(outline, name)


def test_pages_of_nobody() -> None:
    browser = browser_of(None)
    for address in ("/", "/oauth/callback", "/oauth/callback?error=access_denied", "/nothing/here/"):
        assert_well_built(browser.get(address), address)
    confirm = "/oauth/callback?step=authorize&returnUrl=https://app.hubspot.com/x"
    assert_well_built(browser.get(confirm), "confirm")


def test_pages_of_somebody() -> None:
    furnished()
    grant = UnclaimedGrant.objects.create(hub_id=5, user_id=OWNER, access_token="sealed")
    browser = browser_of(OWNER)
    session = browser.session
    session["unclaimed"] = str(grant.pk)
    session.save()
    assert_well_built(browser.get("/oauth/unclaimed"), "unclaimed")
    assert_well_built(browser.get("/"), "landing, signed in")


def assert_whole(outline: Outline, where: str) -> None:
    assert not outline.unbalanced, f"{where}: {outline.unbalanced}"
    (html,) = outline.elements("html")
    (title,) = outline.elements("title")
    assert html.get("lang") == "en"
    assert len(title.text) > len("hubapp"), f"{where} has no title of its own"
    for landmark in ("header", "main", "footer"):
        assert len(list(outline.elements(landmark))) == 1, f"{where}: {landmark}"
    ids = [element.get("id") for element in outline.elements() if element.get("id")]
    assert len(ids) == len(set(ids)), f"{where}: {sorted(one for one in ids if ids.count(one) > 1)} more than once"
    for element in outline.elements():
        for name in ("aria-labelledby", "aria-describedby", "for"):
            for target in element.get(name).split():
                assert target in ids, f"{where}: {name} names {target}, which is not there"


def assert_headed(outline: Outline, where: str) -> None:
    levels = [int(heading.tag[1]) for heading in outline.elements("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1, f"{where} has {levels.count(1)} headings of the first level"
    assert levels[0] == 1, f"{where}: {levels}"
    assert all(after - before <= 1 for before, after in pairwise(levels)), f"{where} skips a level: {levels}"


def assert_nothing_inline(outline: Outline, where: str) -> None:
    for element in outline.elements():
        assert element.tag != "style", where
        assert element.tag != "script" or (element.get("src") and not element.text), f"{where}: {element}"
        assert "style" not in element.attributes, f"{where}: {element}"
        assert not [name for name in element.attributes if name.startswith(("on", "hx-on"))], f"{where}: {element}"
        assert not [name for name in ("hx-vals", "hx-headers") if "js:" in element.get(name)], f"{where}: {element}"


def assert_labelled(outline: Outline, where: str) -> None:
    labelled = {label.get("for") for label in outline.elements("label")}
    for element in outline.elements("input", "select", "textarea"):
        assert element.get("type") == "hidden" or element.get("id") in labelled, f"{where}: {element} has no label"
    for element in outline.elements("a", "button"):
        assert element.text.strip(), f"{where}: {element} says nothing"
    for element in outline.elements("progress", "meter"):
        assert is_named(element), f"{where}: {element} has no name"
    for element in outline.elements("img"):
        assert "alt" in element.attributes, f"{where}: {element}"
    for element in outline.elements("nav"):
        assert is_named(element), f"{where}: {element} has no name"


def is_named(element: Node) -> bool:
    return bool(element.get("aria-label") or element.get("aria-labelledby"))


def assert_tables_readable(outline: Outline, where: str) -> None:
    tables, captions = list(outline.elements("table")), list(outline.elements("caption"))
    assert len(tables) == len(captions), f"{where}: a table without a caption"
    for cell in outline.elements("th"):
        assert cell.get("scope") in {"row", "col"}, f"{where}: {cell}"
    for cell in outline.elements("td"):
        assert cell.get("data-label") or cell.get("colspan"), f"{where}: {cell.text!r} has no name on narrow screens"
