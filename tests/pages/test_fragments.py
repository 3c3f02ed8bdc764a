"""What moves on a page: a fragment with an ETag, the same that the page came with."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import Change, Record, Sync
from crm.object_types import CONTACT
from installations.models import Membership, Portal

from .furniture import CONTACT_ID, OWNER, WAITING, add_change, add_event, add_record, browser_of, page_addresses
from .reading import opened, page_of, polled

MOVING = ["overview", "contacts", "contact"]


@pytest.mark.parametrize("name", MOVING)
def test_a_page_carries_its_fragment_and_its_etag(portal: Portal, name: str) -> None:
    browser, address = browser_of(OWNER), page_addresses(portal)[name]
    live = opened(browser, address).one("data-live")
    fragment = polled(browser, address)
    assert live.get("hx-get") == address
    assert live.get("data-etag") == fragment.headers["ETag"]
    assert f'data-fragment="{live.get("data-live")}"' in fragment.content.decode()
    assert live.text == page_of(fragment).text


@pytest.mark.parametrize("name", MOVING)
def test_what_has_not_changed_is_not_sent(portal: Portal, name: str) -> None:
    browser, address = browser_of(OWNER), page_addresses(portal)[name]
    etag = polled(browser, address).headers["ETag"]
    again = polled(browser, address, etag)
    assert again.status_code == 304
    assert again.headers["ETag"] == etag
    assert not again.content


@pytest.mark.parametrize("name", MOVING)
def test_a_change_is_sent(portal: Portal, name: str) -> None:
    browser, address = browser_of(OWNER), page_addresses(portal)[name]
    etag = polled(browser, address).headers["ETag"]
    Record.objects.filter(portal=portal, record_id=CONTACT_ID).update(title="Zoë", properties={})
    add_change(portal, CONTACT, CONTACT_ID, 50, Change.Kind.UPDATED, "email")
    changed = polled(browser, address, etag)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag
    assert "Zoë" in changed.content.decode()


@pytest.mark.parametrize("name", MOVING)
def test_losing_the_connection_is_sent(portal: Portal, name: str) -> None:
    browser, address = browser_of(OWNER), page_addresses(portal)[name]
    etag = polled(browser, address).headers["ETag"]
    portal.move_to(Portal.State.NEEDS_RECONNECT, "HubSpot no longer accepts our access.")
    assert "has to be reconnected" in polled(browser, address, etag).content.decode()


def test_a_new_event_is_sent_to_the_overview(portal: Portal) -> None:
    browser, address = browser_of(OWNER), page_addresses(portal)["overview"]
    etag = polled(browser, address).headers["ETag"]
    add_event(portal, "deal.creation", 7)
    assert polled(browser, address, etag).status_code == 200


def test_a_page_is_never_answered_with_not_modified(portal: Portal) -> None:
    browser, address = browser_of(OWNER), page_addresses(portal)["contact"]
    etag = polled(browser, address).headers["ETag"]
    response = browser.get(address, headers={"If-None-Match": etag})
    assert response.status_code == 200
    assert "<!doctype html>" in response.content.decode()


def test_caches_keep_pages_and_fragments_apart(portal: Portal) -> None:
    for name in MOVING:
        response = browser_of(OWNER).get(page_addresses(portal)[name])
        assert "HX-Request" in response.headers["Vary"]
        assert {"private", "no-cache"} <= set(response.headers["Cache-Control"].split(", "))


def test_other_pages_have_other_etags(portal: Portal) -> None:
    browser, addresses = browser_of(OWNER), page_addresses(portal)
    names = ("contacts", "companies", "found", "contact", "company")
    assert len({polled(browser, addresses[name]).headers["ETag"] for name in names}) == len(names)


def test_who_is_let_in_gets_another_fragment(portal: Portal) -> None:
    """The page of who waits sees that this is not its own fragment, and loads itself anew."""
    browser, address = browser_of(WAITING), page_addresses(portal)["overview"]
    etag = polled(browser, address).headers["ETag"]
    assert polled(browser, address, etag).status_code == 304
    Membership.objects.filter(portal=portal, user_id=WAITING).update(role="viewer")
    assert 'data-fragment="overview"' in polled(browser, address, etag).content.decode()


def test_an_unchanged_list_costs_few_queries(portal: Portal) -> None:
    browser, address = browser_of(OWNER), page_addresses(portal)["contacts"]
    etag = polled(browser, address).headers["ETag"]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert polled(browser, address, etag).status_code == 304
    assert len(queries) <= 5, "session, visit, membership, sync, position of the feed"


@pytest.mark.parametrize("name", page_addresses(Portal(hub_id=1)))
def test_no_page_asks_once_per_row(portal: Portal, name: str) -> None:
    browser, address = browser_of(OWNER), page_addresses(portal)[name]
    before = queries_of(browser, address)
    for number in range(1000, 1020):
        add_record(portal, CONTACT, number, properties={"firstname": "Ada"})
        add_change(portal, CONTACT, number, 1, Change.Kind.CREATED)
        add_change(portal, CONTACT, CONTACT_ID, number, Change.Kind.UPDATED, "email")
        add_event(portal, "contact.propertyChange", number, propertyName="email")
        Membership.objects.create(portal=portal, user_id=number, role="waiting")
    assert queries_of(browser, address) <= before


def queries_of(browser: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(address).status_code == 200
    return len(queries)


def test_progress_is_sent_to_lists_too(portal: Portal) -> None:
    browser, address = browser_of(OWNER), page_addresses(portal)["contacts"]
    syncs = Sync.objects.filter(portal=portal, object_type=CONTACT.id)
    syncs.update(state=Sync.State.FIRST_SYNC, reading_ended_at=None, records_read=1, records_total=10)
    etag = polled(browser, address).headers["ETag"]
    syncs.update(records_read=5)
    assert "50 %" in polled(browser, address, etag).content.decode()
