"""The chart of a portal's calls, on the console's page of it and on its own settings."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from installations.half_hours import STEP
from installations.models import Membership
from tests.calls import logged
from tests.clock import Clock
from tests.portals import make_member, make_portal, sign_in_as

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_server")]


@pytest.fixture(params=["console", "settings"])
def page(request: pytest.FixtureRequest, console: Client, client: Client) -> tuple[Client, str]:
    return {"console": (console, "console"), "settings": (client, "settings")}[request.param]


def shown(page: tuple[Client, str], *statuses: int) -> str:
    who, kind = page
    portal = make_portal()
    for status in statuses:
        logged(portal, status)
    logged(make_portal(), 200)  # of somebody else
    if kind == "console":
        return who.get(reverse("admin:installations_portal_change", args=[portal.pk])).content.decode()
    make_member(portal, 7, Membership.Role.VIEWER)
    sign_in_as(who, 7)
    return who.get(reverse("portal_settings", args=[portal.hub_id])).content.decode()


def test_calls_are_drawn_and_told_in_words_and_in_a_table(page: tuple[Client, str], clock: Clock) -> None:
    clock.begin_anew(STEP)
    html = shown(page, 200, 200, 503)
    assert "3 calls to HubSpot, 1 failed" in html
    drawing = re.search(r"<svg.*?</svg>", html, re.DOTALL)
    assert drawing is not None
    assert 'role="img"' in drawing[0]
    assert [drawing[0].count(f'class="{kind}"') for kind in ("worked", "failed", "held")] == [1, 1, 0]
    assert "style=" not in drawing[0]  # the content security policy lets no style in
    table = re.search(r'As a table.*?<th scope="row">.*?</tr>', html, re.DOTALL)
    assert table is not None
    assert re.findall(r"<td>([^<]*)</td>", table[0]) == ["3", "1", "0", "5 ms"]


def test_an_account_without_calls_has_no_drawing(page: tuple[Client, str]) -> None:
    html = shown(page)
    assert "nothing was asked of HubSpot" in html
    assert "<svg class=" not in html
