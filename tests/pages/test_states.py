"""Every page, in every state of its portal, for every role: it answers, and says what is the matter."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from installations.models import Credential

from .furniture import ADMIN, OWNER, STATES, VIEWER, WAITING, browser_of, furnished, hours_ago, page_addresses
from .reading import opened, polled

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("user_id", [OWNER, ADMIN, VIEWER])
@pytest.mark.parametrize("state", STATES)
def test_every_page_answers(state: str, user_id: int) -> None:
    portal, browser = furnished(state), browser_of(user_id)
    for address in page_addresses(portal).values():
        page = opened(browser, address)
        assert str(portal.hub_id) in page.text, "every page names the account"
        assert portal.name in page.text
        assert polled(browser, address).status_code == 200


@pytest.mark.parametrize("state", STATES)
def test_somebody_who_waits_sees_the_status_only(state: str) -> None:
    portal, browser = furnished(state), browser_of(WAITING)
    page = opened(browser, f"/portals/{portal.hub_id}/")
    assert page.one("data-portal-state").get("data-portal-state") == portal.state
    assert page.all("data-waiting")
    for secret in ("user3@example.com", "ada@example.com", "crm.objects", "records/", "settings/", "Events"):
        assert secret not in str(polled(browser, f"/portals/{portal.hub_id}/").content)
        assert secret not in page.text


def test_a_portal_to_be_reconnected_says_so_on_every_page() -> None:
    portal, browser = furnished("needs_reconnect"), browser_of(VIEWER)
    assert portal.erase_at is not None
    for name, address in page_addresses(portal).items():
        page = opened(browser, address)
        assert page.link("/install"), name
        assert f"erased on {portal.erase_at.day} {portal.erase_at:%b %Y}" in page.text, name
        assert "HubSpot no longer accepts our access." in page.text, name


def test_reconnecting_leads_to_the_account() -> None:
    portal = furnished("needs_reconnect")
    page = opened(browser_of(OWNER), f"/portals/{portal.hub_id}/")
    assert page.one("id", "reconnect-link").get("href") == f"/install?hub_id={portal.hub_id}"


def test_nothing_claims_to_be_in_sync_that_has_stopped() -> None:
    portal = furnished("needs_reconnect")
    page = opened(browser_of(OWNER), f"/portals/{portal.hub_id}/")
    assert "In sync" not in page.text
    assert "Stopped" in page.text


def test_missing_scopes_can_be_granted() -> None:
    portal, browser = furnished("scopes_missing"), browser_of(OWNER)
    overview = opened(browser, f"/portals/{portal.hub_id}/")
    assert overview.one("id", "grant-link").get("href") == f"/install?hub_id={portal.hub_id}"
    assert "crm.objects.deals.read" in overview.text
    assert "not mirrored" in opened(browser, f"/portals/{portal.hub_id}/records/deals/").text
    assert "no longer kept up to date" in opened(browser, f"/portals/{portal.hub_id}/records/companies/").text


def test_lists_without_records_say_why() -> None:
    addresses = {}
    browser = browser_of(OWNER)
    for state in ("in_sync", "first_sync", "scopes_missing"):
        addresses[state] = f"/portals/{furnished(state).hub_id}/records/tickets/"
    assert "This HubSpot account has none." in opened(browser, addresses["in_sync"]).text
    assert "The first sync is reading them now." in opened(browser, addresses["first_sync"]).text
    assert "HubSpot does not let us read them" in opened(browser, addresses["scopes_missing"]).text
    assert "No ticket matches" in opened(browser, addresses["in_sync"] + "?q=nothing").text


def test_the_first_sync_counts_from_nothing_to_all() -> None:
    portal = furnished("first_sync")
    page = opened(browser_of(OWNER), f"/portals/{portal.hub_id}/")
    assert page.one("data-sync-percent").get("data-sync-percent") == "33"
    assert page.all("data-hurry"), "the page asks more often meanwhile"


def test_a_failed_refresh_is_told() -> None:
    portal = furnished()
    Credential.objects.filter(portal=portal).update(latest_error="ServerFailed: 502", **hours_ago(1))
    assert "ServerFailed: 502" in opened(browser_of(OWNER), f"/portals/{portal.hub_id}/").text


def test_tombstones_say_what_became_of_a_record() -> None:
    portal, browser = furnished(), browser_of(VIEWER)
    addresses = page_addresses(portal)
    assert "Archived in HubSpot" in opened(browser, addresses["archived"]).text
    assert "No longer in HubSpot" in opened(browser, addresses["gone"]).text
    merged = opened(browser, addresses["merged"])
    assert merged.one("id", "merged-into").get("href") == addresses["contact"]


def test_only_who_may_manage_sees_how() -> None:
    portal = furnished()
    address = f"/portals/{portal.hub_id}/settings/"
    assert len(opened(browser_of(ADMIN), address).forms()) > 1
    places = [urlsplit(form.address).path for form in opened(browser_of(VIEWER), address).forms()]
    assert places == ["/signout", f"/portals/{portal.hub_id}/leave/"]


def test_the_switcher_lists_all_accounts_of_a_person() -> None:
    first, second = furnished(), furnished()
    page = opened(browser_of(VIEWER), f"/portals/{first.hub_id}/settings/")
    assert page.link(f"/portals/{second.hub_id}/")
    assert second.name in page.text


def test_changes_name_the_properties_that_changed_but_not_all_of_a_new_record() -> None:
    portal = furnished()
    changes = opened(browser_of(VIEWER), page_addresses(portal)["contact"]).one("class", "changes").text
    assert "Properties changed: Email , Fax number" in changes
    assert "Created" in changes
    assert "Created:" not in changes


def test_a_private_apps_portal_claims_nothing_to_be_live() -> None:
    portal, browser = furnished("private_app"), browser_of(VIEWER)
    pages = {name: opened(browser, address).text for name, address in page_addresses(portal).items()}
    assert "Checked every minute" in pages["overview"]
    assert "The token of a private app" in pages["settings"]
    assert "HubSpot sends no events for a private app" in pages["activity"]
    assert "within about a minute" in pages["contact"]
    for name, text in pages.items():
        for claim in ("Live properties", "within seconds", "Next refresh", "They begin with the next change"):
            assert claim not in text, name


@pytest.mark.parametrize(("user_id", "is_told"), [(OWNER, True), (ADMIN, True), (VIEWER, False)])
def test_who_can_do_something_about_it_is_told_of_an_old_token(user_id: int, is_told: bool) -> None:
    for state in ("private_app", "private_app_old"):
        portal = furnished(state)
        for address in (f"/portals/{portal.hub_id}/", f"/portals/{portal.hub_id}/settings/"):
            text = opened(browser_of(user_id), address).text
            assert ("should be rotated" in text) is (is_told and state == "private_app_old")


def test_a_refused_private_app_needs_a_token_or_an_install() -> None:
    portal = furnished("private_app_refused")
    page = opened(browser_of(OWNER), f"/portals/{portal.hub_id}/")
    assert "new token" in page.text
    assert page.one("id", "reconnect-link").get("href") == f"/install?hub_id={portal.hub_id}"


def test_scopes_that_a_private_app_lacks_are_added_in_hubspot() -> None:
    portal = furnished("private_app_lacking")
    page = opened(browser_of(OWNER), f"/portals/{portal.hub_id}/")
    assert "crm.objects.deals.read" in page.text
    assert "super admin can add them to the private app" in page.text
    for address in page_addresses(portal).values():
        page = opened(browser_of(OWNER), address)
        assert not page.all("id", "grant-link") + page.all("id", "grant-type"), "an install would not add them"
    assert "oauth" not in page.text, "no private app has that scope, and none needs it"
