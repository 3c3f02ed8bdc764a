"""What others wrote is shown as text: no markup, no broken attribute, no turned-around neighbour."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from crm.models import Change, Property, Record, Sync
from crm.object_types import COMPANY, CONTACT, OBJECT_TYPES
from installations import audit
from installations.models import Credential, Membership, Portal

from .furniture import (
    COMPANY_ID,
    CONTACT_ID,
    OWNER,
    WAITING,
    add_change,
    add_event,
    browser_of,
    furnished,
    page_addresses,
)
from .outline import Node, outline_of
from .reading import opened, polled

pytestmark = pytest.mark.django_db

EVIL = "\"'></dd><script>alert(1)</script>&amp;<img src=x onerror=alert(1)>\u202egnp.exe\u2066\u061c"
_SHOWN = ("title", "alt", "aria-label", "placeholder", "data-label", "data-announce")  # attributes that people see
TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def portal() -> Portal:
    """Every text that comes from HubSpot or from a person is hostile."""
    portal = furnished()
    Portal.objects.filter(pk=portal.pk).update(name=EVIL, installed_by_email=EVIL, state_reason=EVIL, hublet=EVIL)
    Credential.objects.filter(portal=portal).update(latest_error=EVIL, scopes=["oauth", EVIL])
    Membership.objects.filter(portal=portal).update(email=EVIL)
    Record.objects.filter(portal=portal, record_id__in=[CONTACT_ID, COMPANY_ID]).update(
        title=EVIL, url=f"javascript:alert('{EVIL}')", properties=dict.fromkeys(["email", "domain", EVIL], EVIL)
    )
    Property.objects.filter(portal=portal).update(label=EVIL)
    Property.objects.filter(portal=portal, name="lifecyclestage").update(options=[[EVIL, EVIL]])
    Sync.objects.filter(portal=portal).exclude(object_type=CONTACT.id).update(state="unavailable", problem=EVIL)
    portal.associations.update(label=EVIL)
    add_change(portal, CONTACT, CONTACT_ID, 100, Change.Kind.UPDATED, "email", EVIL)
    add_event(portal, f"contact.{EVIL}", CONTACT_ID)
    add_event(portal, "contact.propertyChange", CONTACT_ID, propertyName=EVIL)
    audit.record(portal, EVIL, EVIL, EVIL)
    portal.refresh_from_db()
    return portal


def test_nothing_of_it_becomes_markup(portal: Portal) -> None:
    browser = browser_of(OWNER)
    for name, address in hostile_addresses(portal).items():
        assert_harmless(browser.get(address).content, name)
        assert_harmless(polled(browser, address).content, f"{name} as fragment")


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "a\0@b"},
        {"q": "\0"},
        {"after": f"2020-01-01T00:00:00+00:00_{'9' * 5000}"},
        {"after": "2020-01-01T00:00:00+23:59_5"},
        {"after": "0001-01-01T00:00:00+23:59_5"},
    ],
)
def test_what_nobody_would_ask_for_breaks_no_list(portal: Portal, asked: dict[str, str]) -> None:
    answer = browser_of(OWNER).get(f"/portals/{portal.hub_id}/records/contacts/", asked)
    assert answer.status_code == 200


def test_the_status_for_who_waits_is_harmless(portal: Portal) -> None:
    assert_harmless(browser_of(WAITING).get(f"/portals/{portal.hub_id}/").content, "waiting")


def test_the_start_page_is_harmless(portal: Portal) -> None:
    assert_harmless(browser_of(OWNER).get("/").content, "landing")


def test_messages_are_harmless(portal: Portal) -> None:
    browser = browser_of(OWNER)
    member = portal.memberships.get(user_id=WAITING)
    browser.post(f"/portals/{portal.hub_id}/members/{member.pk}/", {"role": "viewer"})
    content = browser.get(f"/portals/{portal.hub_id}/settings/").content
    assert b"is now viewer" in content
    assert_harmless(content, "message")


def test_the_disconnect_question_is_harmless(portal: Portal) -> None:
    assert_harmless(browser_of(OWNER).post(f"/portals/{portal.hub_id}/disconnect/").content, "disconnect")


def test_a_reason_to_reconnect_is_harmless(portal: Portal) -> None:
    portal.move_to(Portal.State.NEEDS_RECONNECT, EVIL)
    content = browser_of(OWNER).get(f"/portals/{portal.hub_id}/").content
    assert b"has to be reconnected" in content
    assert_harmless(content, "banner")


def test_a_property_is_shown_as_it_is(portal: Portal) -> None:
    page = opened(browser_of(OWNER), page_addresses(portal)["contact"])
    assert page.one("data-property", "email").text == " ".join(EVIL.split())
    assert page.one("data-property", EVIL).text == " ".join(EVIL.split())


def test_a_link_that_is_none_is_not_followed(portal: Portal) -> None:
    page = opened(browser_of(OWNER), page_addresses(portal)["company"])
    expected = f"https://app.hubspot.com/contacts/{portal.hub_id}/record/{COMPANY.id}/{COMPANY_ID}"
    assert page.one("data-in-hubspot").get("href") == expected


def hostile_addresses(portal: Portal) -> dict[str, str]:
    query = urlencode({"q": EVIL})
    searches = {one.name: f"/portals/{portal.hub_id}/records/{one.plural}/?{query}" for one in OBJECT_TYPES}
    return page_addresses(portal) | searches


def assert_harmless(content: bytes, where: str) -> None:
    outline = outline_of(content.decode())
    for element in outline.elements():
        assert_plain(element, where)
    for text in outline.texts():
        if TURNS.search(text.text):
            assert "bdi" in text.inside, f"{where}: {text.text!r} in {text.inside} may turn its neighbours around"


def assert_plain(element: Node, where: str) -> None:
    assert not [name for name in element.attributes if name.startswith("on")], f"{where}: {element}"
    assert element.tag not in {"img", "script"} or element.get("src").startswith("/static/"), f"{where}: {element}"
    for name in ("href", "src", "action", "hx-get"):
        target = element.get(name)
        assert not target or target.startswith(("/", "?", "#", "https://app.hubspot.com/")), f"{where}: {element}"
    for name in _SHOWN:
        assert not TURNS.search(element.get(name)), f"{where}: {name} of {element}"
