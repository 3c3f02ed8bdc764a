"""What staff see of a portal's use of HubSpot's allowances, by class of work."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from hubspot_api.ports import Bucket
from installations.models import Portal
from installations.ratelimit import Permit, WorkClass, limiter
from tests.hubspot import trust_limiter, wait_for
from tests.portals import make_portal

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy() -> Portal:
    """Two urgent calls and three of bulk work; to one of them HubSpot said that others made four."""
    trust_limiter()
    portal = make_portal()
    take(portal, WorkClass.URGENT)
    for _ in range(3):
        take(portal, WorkClass.BULK)
    headers = {"x-hubspot-ratelimit-max": "110", "x-hubspot-ratelimit-remaining": str(110 - 5 - 4)}
    take(portal, WorkClass.URGENT).answered(200, headers)
    wait_for(lambda: limiter().usage(portal.hub_id).buckets[Bucket.BURST].used == 9, what="the report")
    return portal


def take(portal: Portal, work_class: WorkClass) -> Permit:
    permit = limiter().admit(portal.hub_id, Bucket.BURST, work_class)
    assert isinstance(permit, Permit)
    return permit


def row(console: Client, portal: Portal, name: str) -> list[str]:
    page = console.get(f"/admin/installations/portal/{portal.pk}/change/").content.decode()
    (found,) = re.findall(rf'<th scope="row">{name}</th>(.*?)</tr>', page, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", found, re.DOTALL)]


def test_staff_see_which_work_uses_a_portals_allowance(console: Client, busy: Portal) -> None:
    assert row(console, busy, "Calls in 10 s") == ["9 of 110", "2", "0", "0", "3", "4", "0", "0", "go"]
    assert row(console, busy, "Searches in a second")[0] == "0 of 4"


def test_staff_see_what_hubspot_refused(console: Client, busy: Portal) -> None:
    take(busy, WorkClass.EVENTS).answered(429, {})
    wait_for(lambda: limiter().usage(busy.hub_id).buckets[Bucket.BURST].rejected, what="the report")
    cells = row(console, busy, "Calls in 10 s")
    assert cells[-2].startswith("1, latest ")
    assert cells[-1].startswith("none before ")


def test_a_portal_that_left_has_none(console: Client, busy: Portal) -> None:
    busy.move_to(Portal.State.DISCONNECTED)
    page = console.get(f"/admin/installations/portal/{busy.pk}/change/").content.decode()
    assert 'id="allowances"' not in page
