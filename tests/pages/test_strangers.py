"""A stranger is refused, at every address of a portal. Taken from the URL configuration: no page can be forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, StringConverter

from crm.object_types import OBJECT_TYPES
from installations.models import Membership, Portal
from tests.portals import make_member, make_portal

from .furniture import CONTACT_ID, VIEWER, WAITING, browser_of, furnished
from .reading import polled

if TYPE_CHECKING:
    from .reading import Answer

pytestmark = pytest.mark.django_db

STRANGER, LEFT_BEHIND = 77, 78
_SAMPLES = {"plural": OBJECT_TYPES[0].plural, "record_id": CONTACT_ID, "hub_id": None, "member_id": None}


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Return every route of the project, with its pattern."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, route)
        else:
            yield route, entry


def portal_routes() -> list[str]:
    return [route for route, _ in routes() if "hub_id>" in route]


def address_of(route: str, portal: Portal) -> str:
    """Fill a route in with what exists in the portal, so that only the asker can be the reason of a refusal."""
    member = Membership.objects.filter(portal=portal, user_id=VIEWER).values_list("pk", flat=True).first()
    known = _SAMPLES | {"hub_id": portal.hub_id, "member_id": member}

    def sample(found: re.Match[str]) -> str:
        name = found["name"]
        assert name in known, f"{route}: this test has no sample for {name}; add one to _SAMPLES"
        return str(known[name])

    return "/" + re.sub(r"<(?:[a-z]+:)?(?P<name>[a-z_]+)>", sample, route)


def ask(user_id: int | None, method: str, address: str) -> Answer:
    response: Answer = getattr(browser_of(user_id), method)(address)
    return response


def what_it_says(response: Answer) -> bytes:
    """A page's content but for the server's clock."""
    return re.sub(rb'data-now="[^"]*"', b"", response.content)


def test_there_are_routes_to_look_at() -> None:
    names = {pattern.name for route, pattern in routes() if "hub_id>" in route}
    assert names >= {"portal", "records", "record", "activity", "portal_settings", "change_member", "disconnect"}


def test_every_address_below_portals_names_its_account() -> None:
    """The middleware decides by `hub_id`: a page that calls it otherwise would be open to all."""
    for route, pattern in routes():
        if route.startswith("portals/"):
            converters = pattern.pattern.converters
            assert isinstance(re.search(r"hub_id>", route), re.Match), route
            assert all(isinstance(one, (IntConverter, StringConverter)) for one in converters.values()), route


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", portal_routes())
def test_a_stranger_is_refused(route: str, method: str) -> None:
    portal, other = furnished(), make_portal(connected=False)
    make_member(other, STRANGER, Membership.Role.OWNER)
    address = address_of(route, portal)
    nowhere = address.replace(f"/{portal.hub_id}/", "/999999999/")
    for user_id in (None, STRANGER):
        response = ask(user_id, method, address)
        assert response.status_code == 404
        assert what_it_says(response) == what_it_says(ask(user_id, method, nowhere)), "as if it did not exist"
    assert_nothing_happened(portal)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", portal_routes())
def test_who_waits_may_open_the_overview_alone(route: str, method: str) -> None:
    portal = furnished()
    status = ask(WAITING, method, address_of(route, portal)).status_code
    is_overview = route == "portals/<int:hub_id>/"
    assert status == ({"get": 200, "post": 405}[method] if is_overview else 404)
    assert_nothing_happened(portal)


@pytest.mark.parametrize("state", [Portal.State.DISCONNECTED, Portal.State.ERASED])
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", portal_routes())
def test_a_portal_that_left_is_closed_to_everybody(route: str, method: str, state: Portal.State) -> None:
    portal = furnished()
    make_member(portal, LEFT_BEHIND, Membership.Role.OWNER)
    address = address_of(route, portal)
    portal.move_to(state)
    assert ask(LEFT_BEHIND, method, address).status_code == 404


@pytest.mark.parametrize("route", portal_routes())
def test_a_proof_that_is_too_old_leads_to_hubspot_again(route: str) -> None:
    portal = furnished()
    address = address_of(route, portal)
    Membership.objects.filter(portal=portal).update(proven_at="2020-01-01T00:00:00Z")
    response = ask(VIEWER, "get", address)
    to_prove_it = f"/signin?hub_id={portal.hub_id}"
    assert response.status_code == 404 or response.headers["Location"] == to_prove_it
    assert polled(browser_of(VIEWER), address).status_code == 404, "a fragment cannot lead anybody to HubSpot"


@pytest.mark.parametrize("name", ["change_member", "export_portal", "disconnect"])
def test_a_viewer_changes_nothing(name: str) -> None:
    portal = furnished()
    route = next(route for route, pattern in routes() if pattern.name == name)
    response = browser_of(VIEWER).post(
        address_of(route, portal), {"confirm": portal.hub_id, "role": "admin", "action": "remove"}
    )
    assert response.status_code == 404
    assert_nothing_happened(portal)


def assert_nothing_happened(portal: Portal) -> None:
    portal.refresh_from_db()
    assert portal.state == Portal.State.ACTIVE
    roles = dict(portal.memberships.values_list("user_id", "role"))
    assert roles[VIEWER] == "viewer"
    assert roles[WAITING] == "waiting"
