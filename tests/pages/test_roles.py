"""Who may open which address, for every address there is. Taken from the URL configuration: no page can be forgotten.

What to expect of a portal's page follows from the role that its view says it needs; a view that says none fails here,
and opens to nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, StringConverter
from django.utils import timezone

from crm.object_types import OBJECT_TYPES
from installations.models import AuditEntry, Membership, OwnershipClaim, Portal
from installations.people.access import has_role, least_role
from tests.portals import make_member, make_portal

from .furniture import ADMIN, CONTACT_ID, OWNER, VIEWER, WAITING, browser_of, furnished
from .reading import polled

if TYPE_CHECKING:
    from .reading import Answer

pytestmark = pytest.mark.django_db

STRANGER, LEFT_BEHIND, NEIGHBOUR, DECLINED = 77, 78, 79, 80
ASKERS = {
    "nobody signed in": None,
    "a user of no account here": STRANGER,
    "another account's owner": NEIGHBOUR,
    "somebody declined": DECLINED,
    "somebody waiting": WAITING,
    "a viewer": VIEWER,
    "an admin": ADMIN,
    "the owner": OWNER,
}
# Addresses without an account: each is here because somebody thought about who may open it.
OPEN = {"landing", "install", "sign_in", "sign_out", "callback", "continue_marketplace_install", "receive_webhooks"}
OPEN |= {"app_card", "offer_embedded_view", "embedded_view"}  # by HubSpot's signature, or a token: tests/embedded
OF_THIS_BROWSER = {"account", "sign_out_elsewhere", "unclaimed", "decide_unclaimed", "other_account"}
OF_THIS_BROWSER |= {"decide_other_account", "know_places"}
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
    if response.streaming:
        b"".join(response)  # or else a download goes on
    return response


def what_it_says(response: Answer) -> bytes:
    """A page's content but for the server's clock."""
    return re.sub(rb'data-now="[^"]*"', b"", response.content)


def test_there_are_routes_to_look_at() -> None:
    names = {pattern.name for route, pattern in routes() if "hub_id>" in route}
    assert names >= {"portal", "records", "record", "activity", "portal_settings", "change_member", "disconnect"}
    assert names >= {"request_access", "leave", "transfer", "claim"}


def test_every_address_below_portals_names_its_account() -> None:
    """The middleware decides by `hub_id`: a page that calls it otherwise would be open to all."""
    for route, pattern in routes():
        if route.startswith("portals/"):
            converters = pattern.pattern.converters
            assert isinstance(re.search(r"hub_id>", route), re.Match), route
            assert all(isinstance(one, (IntConverter, StringConverter)) for one in converters.values()), route


def test_every_page_of_a_portal_says_which_role_it_needs() -> None:
    silent = [route for route, pattern in routes() if "hub_id>" in route and least_role(pattern.callback) is None]
    assert not silent, "mark these views with for_role"


def test_every_other_address_is_known_here() -> None:
    found = {pattern.name or route for route, pattern in routes() if is_without_account(route)}
    assert found == OPEN | OF_THIS_BROWSER, "say in OPEN or OF_THIS_BROWSER who may open a new address"


def is_without_account(route: str) -> bool:
    return "hub_id>" not in route and not route.startswith(("admin/", "staff/"))


@pytest.mark.parametrize("name", sorted(OF_THIS_BROWSER))
def test_what_belongs_to_a_browser_is_refused_to_another(name: str) -> None:
    route = next(route for route, pattern in routes() if pattern.name == name)
    for method in ("get", "post"):
        assert ask(None, method, f"/{route}").status_code in {302, 404, 405}


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", portal_routes())
def test_a_page_opens_to_its_role_and_those_above(route: str, method: str) -> None:
    portal = peopled()
    address, needed = address_of(route, portal), needed_role(route)
    refused = [name for name, user_id in ASKERS.items() if not may_open(portal, user_id, needed)]
    before, nowhere = what_is_there(portal), address.replace(f"/{portal.hub_id}/", "/999999999/")
    for name in refused:
        answer = ask(ASKERS[name], method, address)
        assert answer.status_code == 404, name
        assert what_it_says(answer) == what_it_says(ask(ASKERS[name], method, nowhere)), "as if it did not exist"
    assert what_is_there(portal) == before
    for name in ASKERS.keys() - set(refused):
        portal = peopled()
        answer = ask(ASKERS[name], method, address_of(route, portal))
        assert answer.status_code in {200, 302, 405}, name
        if answer.status_code == 302:
            assert answer.headers["Location"].startswith((f"/portals/{portal.hub_id}/", "/")), name


def test_the_matrix_has_both_outcomes_for_every_role_but_the_owners() -> None:
    """Else it would prove nothing about that role."""
    portal = peopled()
    for name, user_id in ASKERS.items():
        outcomes = {may_open(portal, user_id, needed_role(route)) for route in portal_routes()}
        is_in = user_id in {WAITING, DECLINED, VIEWER, ADMIN, OWNER}
        assert (True in outcomes) == is_in, name
        assert (False in outcomes) == (user_id not in {ADMIN, OWNER}), name


@pytest.mark.urls("tests.pages.silent_urls")
def test_a_page_that_says_no_role_opens_to_nobody() -> None:
    portal = peopled()
    for user_id in ASKERS.values():
        assert ask(user_id, "get", f"/portals/{portal.hub_id}/silent/").status_code == 404


def peopled() -> Portal:
    """Return a portal with somebody in each role, one who was declined, and a neighbour who owns another."""
    portal = furnished()
    declined = make_member(portal, DECLINED, Membership.Role.WAITING)
    Membership.objects.filter(pk=declined.pk).update(asked_at=None, declined_at=timezone.now())
    make_member(make_portal(connected=False), NEIGHBOUR, Membership.Role.OWNER)
    return portal


def needed_role(route: str) -> Membership.Role:
    needed = next(least_role(pattern.callback) for found, pattern in routes() if found == route)
    assert needed is not None, route
    return needed


def may_open(portal: Portal, user_id: int | None, needed: Membership.Role) -> bool:
    member = portal.memberships.filter(user_id=user_id).first() if user_id else None
    return member is not None and has_role(member, needed)


def what_is_there(portal: Portal) -> list[object]:
    """All that a page may change."""
    return [
        Portal.objects.values_list().get(pk=portal.pk),
        *Membership.objects.order_by("pk").values_list(),
        AuditEntry.objects.count(),
        OwnershipClaim.objects.count(),
    ]


@pytest.mark.parametrize("state", [Portal.State.DISCONNECTED, Portal.State.ERASED])
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", portal_routes())
def test_a_portal_that_left_is_closed_to_everybody(route: str, method: str, state: Portal.State) -> None:
    portal = furnished()
    make_member(portal, LEFT_BEHIND, Membership.Role.ADMIN)
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


@pytest.mark.parametrize("name", ["change_member", "export_portal", "disconnect", "transfer", "claim"])
def test_a_viewer_changes_nothing(name: str) -> None:
    portal = peopled()
    Membership.objects.filter(portal=portal, user_id=OWNER).update(proven_at=timezone.now() - timedelta(days=40))
    before, heir = what_is_there(portal), portal.memberships.get(user_id=VIEWER).pk
    route = next(route for route, pattern in routes() if pattern.name == name)
    form = {"confirm": portal.hub_id, "role": "admin", "action": "remove", "to": heir}
    assert browser_of(VIEWER).post(address_of(route, portal), form).status_code == 404
    assert what_is_there(portal) == before
