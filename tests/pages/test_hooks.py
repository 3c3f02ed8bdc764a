"""What an automated walk relies on is there: demo.hooks."""

from __future__ import annotations

import pytest

from crm.object_types import CONTACT
from demo import hooks
from installations.models import Membership, Portal

from .furniture import (
    COMPANY_ID,
    CONTACT_ID,
    OWNER,
    UNREAD_ID,
    VIEWER,
    WAITING,
    add_record,
    browser_of,
    page_addresses,
)
from .reading import opened, page_of


def test_the_landing_page_leads_to_install(db: None) -> None:
    assert opened(browser_of(None), "/").link("/install").endswith("/install")


def test_the_overview_has_state_progress_and_counts(portal: Portal) -> None:
    found = hooks.overview(opened(browser_of(OWNER), f"/portals/{portal.hub_id}/"))
    assert found.state == "active"
    assert found.sync_percent == 100
    assert found.counts == {"contacts": 1, "companies": 1, "deals": 1, "tickets": 1}


def test_who_waits_sees_nothing_else(portal: Portal) -> None:
    page = opened(browser_of(WAITING), f"/portals/{portal.hub_id}/")
    assert hooks.waits(page)
    assert hooks.portal_state(page) == "active"
    assert not hooks.waits(opened(browser_of(VIEWER), f"/portals/{portal.hub_id}/"))


def test_lists_name_their_records_and_the_next_page(portal: Portal) -> None:
    for record_id in range(1000, 1060):
        add_record(portal, CONTACT, record_id, properties={"firstname": "More"})
    browser = browser_of(VIEWER)
    first = opened(browser, page_addresses(portal)["contacts"])
    following = opened(browser, hooks.next_page(first).removeprefix("http://localhost:8000"))
    seen = hooks.record_ids(first) + hooks.record_ids(following)
    assert len(hooks.record_ids(first)) == 50
    assert sorted(map(int, seen)) == [CONTACT_ID, *range(1000, 1060)]
    assert not following.all("rel", "next")


def test_a_record_has_properties_associations_and_a_way_to_hubspot(portal: Portal) -> None:
    page = opened(browser_of(VIEWER), page_addresses(portal)["contact"])
    assert hooks.record_state(page) == "live"
    assert hooks.property_value(page, "email") == "ada@example.com"
    assert hooks.property_value(page, "lifecyclestage") == "Lead"
    assert hooks.property_value(page, "hubspot_owner_id") == "Grace Hopper"
    assert hooks.associated(page) == {f"companies/{COMPANY_ID}", f"companies/{UNREAD_ID}"}
    link = hooks.link_to_hubspot(page)
    assert link == f"https://app.hubspot.com/contacts/{portal.hub_id}/record/0-1/{CONTACT_ID}"


def test_tombstones_are_named(portal: Portal) -> None:
    browser, addresses = browser_of(VIEWER), page_addresses(portal)
    for state in ("archived", "merged", "gone"):
        assert hooks.record_state(opened(browser, addresses[state])) == state


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_people_are_let_in(portal: Portal, role: str) -> None:
    browser = browser_of(OWNER)
    form = hooks.member_form(opened(browser, page_addresses(portal)["settings"]), WAITING)
    assert set(form.choices("role")) >= {"viewer", "admin"}
    browser.post(form.address, form.fields | {"role": role})
    assert Membership.objects.get(portal=portal, user_id=WAITING).role == role


def test_a_role_is_changed_and_taken_away(portal: Portal) -> None:
    browser = browser_of(OWNER)
    form = hooks.member_form(opened(browser, page_addresses(portal)["settings"]), VIEWER)
    assert form.fields["role"] == "viewer", "what is set is preselected"
    browser.post(form.address, form.fields | {"role": "admin"})
    assert Membership.objects.get(portal=portal, user_id=VIEWER).role == "admin"
    browser.post(form.address, form.fields | {"action": "remove"})
    assert Membership.objects.get(portal=portal, user_id=VIEWER).role == Membership.Role.WAITING


def test_disconnecting_asks_before_it_does(portal: Portal) -> None:
    browser = browser_of(OWNER)
    form = opened(browser, page_addresses(portal)["settings"]).form("/disconnect/")
    response = browser.post(form.address, form.fields)
    portal.refresh_from_db()
    assert portal.state == Portal.State.ACTIVE
    question = page_of(response, form.address).form("/disconnect/")
    assert question.fields["confirm"] == str(portal.hub_id)
    assert "destroy_now" not in question.fields
    browser.post(question.address, question.fields)
    portal.refresh_from_db()
    assert portal.state == Portal.State.DISCONNECTING
