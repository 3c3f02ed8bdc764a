from __future__ import annotations

import logging

import pytest
from django.test import Client

from installations import log_context
from installations.models import Membership
from tests.portals import make_member, make_portal, sign_in_as

pytestmark = pytest.mark.django_db


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [entry.getMessage() for entry in caplog.records if entry.name == "hubapp.requests"]


def test_each_answer_carries_an_id_of_ours(client: Client) -> None:
    first, second = (client.get("/", headers={"X-Request-ID": "mine"})["X-Request-ID"] for _ in range(2))
    assert len({first, second, "mine"}) == 3


def test_a_request_is_logged_without_its_query(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/oauth/callback?code=na1-secret-code&state=secret-state")
    (line,) = lines(caplog)
    assert line.startswith("GET /oauth/callback → 400 in ")
    assert "secret" not in caplog.text


def test_what_is_asked_all_day_is_not_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/healthz")
        client.get("/static/nothing.css")
    assert lines(caplog) == []


def test_a_very_long_path_is_cut(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/" + "x" * 5000)
    assert len(lines(caplog)[0]) < 600


def test_a_portals_page_is_logged_as_about_it(client: Client) -> None:
    """And the next request of the same thread is about nobody again."""
    portal = make_portal()
    make_member(portal, 7, Membership.Role.OWNER)
    sign_in_as(client, 7)
    seen: list[int | None] = []

    class Listener(logging.Handler):
        def emit(self, _record: logging.LogRecord) -> None:
            seen.append(log_context.hub_id())

    listener = Listener()
    logging.getLogger("hubapp.requests").addHandler(listener)
    try:
        client.get(f"/portals/{portal.hub_id}/activity/")
        client.get("/")
    finally:
        logging.getLogger("hubapp.requests").removeHandler(listener)
    assert seen == [portal.hub_id, None]
    assert (log_context.hub_id(), log_context.request_id()) == (None, "")
