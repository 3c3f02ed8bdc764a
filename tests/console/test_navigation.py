"""The console's navigation in a real browser: sections stay whole, and what is open or has the focus can be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Locator, Page
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import browser

__all__ = ["browser"]  # the fixture

pytestmark = pytest.mark.django_db(transaction=True)

PLACES = "/admin/installations/place/"  # the last of the navigation
TOPS = "links => links.map(link => Math.round(link.getBoundingClientRect().top))"
# A quarter and three quarters of the way through a link, it is what one sees and would press there.
IS_SEEN = """link => [0.25, 0.75].every(part => {
    const box = link.getBoundingClientRect();
    return link.contains(document.elementFromPoint(box.left + part * box.width, box.top + box.height / 2));
})"""

Open = Callable[[int], Page]


@pytest.fixture(scope="module", autouse=True)
def _beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, beside which Django refuses to work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def places(browser: Browser, console: Client, live_server: LiveServer) -> Iterator[Open]:
    """Return what opens the places in a window of some width."""
    cookie = console.cookies[settings.STAFF_SESSION_COOKIE_NAME]
    context = browser.new_context()
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])

    def open_in(width: int) -> Page:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(live_server.url + PLACES)
        overhang = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overhang <= 0
        return page

    yield open_in
    context.close()


def links(page: Page) -> list[Locator]:
    return page.get_by_role("navigation", name="Console").get_by_role("link").all()


def rows_of(section: Locator) -> list[int]:
    """Return how far down each of its links is, without repeats."""
    tops: list[int] = section.get_by_role("link").evaluate_all(TOPS)
    return sorted(set(tops))


def test_a_usual_window_has_all_of_it_in_one_row(places: Open) -> None:
    assert len(rows_of(places(1280).get_by_role("navigation", name="Console"))) == 1


@pytest.mark.parametrize("width", [1024, 800])
def test_a_smaller_window_has_sections_in_rows_that_are_whole(places: Open, width: int) -> None:
    page = places(width)
    sections = page.get_by_role("navigation", name="Console").get_by_role("list").get_by_role("list")
    rows = [rows_of(section) for section in sections.all()]
    assert [len(row) for row in rows] == [1, 1, 1]
    assert rows[0] < rows[-1]


def test_a_phone_shows_what_is_open_and_each_link_that_has_the_focus(places: Open) -> None:
    page = places(390)
    found = links(page)
    assert found[-1].get_attribute("aria-current") == "page"
    assert found[-1].evaluate(IS_SEEN)
    assert not found[-2].evaluate(IS_SEEN), "all of it fits, so that this shows nothing"
    for key, way in (("Tab", found[1:]), ("Shift+Tab", found[-2::-1])):
        (found[0] if key == "Tab" else found[-1]).focus()
        for link in way:
            page.keyboard.press(key)
            assert link.evaluate("link => link === document.activeElement")
            assert link.evaluate(IS_SEEN), link.text_content()
