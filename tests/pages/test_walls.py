"""The wall between two portals, asked about from every side, and seen to fall when any one of its stones goes."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from difflib import unified_diff

import pytest
from django.db import transaction

from installations.models import Portal
from tests.hubspot import trust_limiter

from .two_portals import Side, two_portals
from .walls import Ask, Filter, Outcome, asks, every_condition, outcomes, routes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of refusals say nothing; and the limiter, which the overview shows, has nothing new to tell."""
    trust_limiter()
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


def alone(asked: list[Ask], home: Side, other: Side) -> dict[Ask, Outcome]:
    """Return what comes of requests when the other portal does not exist."""
    with transaction.atomic():
        Portal.objects.filter(pk=other.portal.pk).delete()
        found = outcomes(asked, home, None)
        transaction.set_rollback(True)
    return found


def difference(ask: Ask, together: Outcome, apart: Outcome) -> str:
    """Say what the other portal's being there changes."""
    if replace(together, body="") != replace(apart, body=""):
        return f"{ask}: {together} instead of {apart}"
    lines = unified_diff(apart.body.splitlines(), together.body.splitlines(), "alone", "together", n=0, lineterm="")
    return f"{ask}: {list(lines)}"


def test_there_are_routes_to_look_at() -> None:
    names = {pattern.name for _, pattern in routes()}
    assert names >= {"portal", "records", "record", "activity", "portal_settings", "change_member", "disconnect"}
    assert names >= {"landing", "install", "sign_in", "callback", "account", "receive_webhooks"}


def test_nothing_of_one_portal_is_seen_or_changed_from_the_other() -> None:
    """Every route, method, owner and anonymous, with ids of either: as if the other portal did not exist."""
    first, second = two_portals()
    count = 0
    for home, foreign in ((first, second), (second, first)):
        asked = asks(home, foreign)
        together, apart = outcomes(asked, home, foreign.portal), alone(asked, home, foreign)
        leaks = [ask for ask in asked if foreign.mark in together[ask].body + together[ask].location]
        assert leaks == []
        assert [difference(ask, together[ask], apart[ask]) for ask in asked if together[ask] != apart[ask]] == []
        assert [ask for ask in asked if together[ask].hurt] == []
        at_other = [ask for ask in asked if f"/portals/{foreign.portal.hub_id}/" in ask.address]
        assert {together[ask].status for ask in at_other} == {404}, "not 403: whether it exists is nobody's business"
        assert any(home.mark in outcome.body for outcome in together.values()), "or nothing was looked at"
        count += len(asked)
    assert count > 500


@pytest.mark.chaos
def test_the_wall_falls_with_any_one_of_its_stones() -> None:
    """Each condition that keeps a query to one portal or user is left out in turn; the matrix above notices each."""
    first, second = two_portals()
    unnoticed: set[Filter] = set()
    noticed: set[Filter] = set()
    for home, foreign in ((first, second), (second, first)):
        asked = asks(home, foreign)
        apart = alone(asked, home, foreign)
        for stone, passing in stones(asked, home, foreign).items():
            with every_condition(lambda one, stone=stone: one == stone):  # type: ignore[misc]
                found = next((ask for ask in passing if differs(ask, home, foreign, apart)), None)
            (unnoticed if found is None else noticed).add(stone)
            assert found is None or not differs(found, home, foreign, apart), (
                "it is the stone that makes the difference"
            )
    assert "\n".join(map(str, sorted(unnoticed - noticed))) == ""
    assert len(noticed) > 30


def differs(ask: Ask, home: Side, foreign: Side, apart: dict[Ask, Outcome]) -> bool:
    """Whether a request comes out otherwise than when the other portal does not exist."""
    return outcomes([ask], home, foreign.portal)[ask] != apart[ask]


def stones(asked: list[Ask], home: Side, foreign: Side) -> dict[Filter, list[Ask]]:
    """Return the conditions that requests pass, each with the requests that do."""
    found: dict[Filter, list[Ask]] = defaultdict(list)
    for ask in asked:
        passed: set[Filter] = set()
        with every_condition(lambda one, passed=passed: bool(passed.add(one))):  # type: ignore[misc]
            outcomes([ask], home, foreign.portal)
        for stone in passed:
            found[stone].append(ask)
    return found
