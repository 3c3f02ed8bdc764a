"""Sessions of portal users: how long they last, and that they end at once when they should."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from installations.leaving import disconnecting
from installations.models import Membership, Portal, Visit
from installations.people import browsers, members, visitors
from tests.clock import Clock
from tests.portals import make_member, make_portal, sign_in_as

pytestmark = pytest.mark.django_db

OWNER, MEMBER = 1, 2
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def portal() -> Portal:
    found = make_portal()
    make_member(found, OWNER, Membership.Role.OWNER)
    make_member(found, MEMBER, Membership.Role.VIEWER)
    return found


def browser_of(user_id: int) -> Client:
    client = Client()
    sign_in_as(client, user_id, browser=FIREFOX)
    return client


def status(browser: Client, portal: Portal, *, poll: bool = False) -> int:
    headers = {"HX-Request": "true"} if poll else {}
    return browser.get(f"/portals/{portal.hub_id}/activity/", headers=headers).status_code


def test_a_session_ends_eight_hours_after_the_last_page(portal: Portal, clock: Clock) -> None:
    browser = browser_of(MEMBER)
    for _ in range(2):
        clock.advance(hours=7, minutes=58)
        Membership.objects.update(proven_at=clock.now())
        assert status(browser, portal) == 200
    clock.advance(hours=8, minutes=1)
    Membership.objects.update(proven_at=clock.now())
    assert status(browser, portal) == 404


def test_what_a_page_asks_by_itself_keeps_no_session_open(portal: Portal, clock: Clock) -> None:
    """A tab left open overnight polls all the time, and nobody is there."""
    browser = browser_of(MEMBER)
    for _ in range(8):
        assert status(browser, portal, poll=True) == 200
        clock.advance(hours=1, minutes=1)
    assert status(browser, portal, poll=True) == 404


def test_a_session_ends_after_a_day_however_busy(portal: Portal, clock: Clock) -> None:
    browser = browser_of(MEMBER)
    for _ in range(23):
        clock.advance(hours=1)
        Membership.objects.update(proven_at=clock.now())
        assert status(browser, portal) == 200
    clock.advance(hours=1)
    Membership.objects.update(proven_at=clock.now())
    assert status(browser, portal) == 404


def test_the_row_itself_ends_after_a_day(clock: Clock) -> None:
    """Not only Django's session, whose end anything that saves it could move."""
    browser_of(MEMBER)
    clock.advance(hours=24, seconds=1)
    Visit.objects.update(seen_at=clock.now())
    assert not Visit.objects.open().exists()


def test_signing_in_again_begins_anew_and_leaves_one_visit(portal: Portal, clock: Clock) -> None:
    browser = browser_of(MEMBER)
    clock.advance(hours=7)
    sign_in_as(browser, MEMBER)
    assert Visit.objects.count() == 1
    clock.advance(hours=7)
    Membership.objects.update(proven_at=clock.now())
    assert status(browser, portal) == 200


def sign_out_everywhere(_portal: Portal, browsers: list[Client]) -> None:
    browsers[0].post("/account/signout/")


def disconnect(portal: Portal, _browsers: list[Client]) -> None:
    disconnecting.begin(portal, "a test", destroy_now=True)


def uninstall_noticed(portal: Portal, _browsers: list[Client]) -> None:
    portal.move_to(Portal.State.DISCONNECTED)


def remove(portal: Portal, _browsers: list[Client]) -> None:
    owner = Membership.objects.get(portal=portal, user_id=OWNER)
    members.remove(owner, Membership.objects.get(portal=portal, user_id=MEMBER).pk)


def sessions_deleted(_portal: Portal, _browsers: list[Client]) -> None:
    Session.objects.all().delete()


def visits_deleted(_portal: Portal, _browsers: list[Client]) -> None:
    Visit.objects.all().delete()


@pytest.mark.parametrize("poll", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize(
    "end", [sign_out_everywhere, disconnect, uninstall_noticed, remove, sessions_deleted, visits_deleted]
)
def test_the_next_request_is_refused(portal: Portal, end: Callable[[Portal, list[Client]], None], poll: bool) -> None:
    """Whatever ends somebody's access ends it for all their browsers: none of ten gets one page more."""
    found = [browser_of(MEMBER) for _ in range(10)]
    assert [status(browser, portal, poll=poll) for browser in found] == [200] * 10
    end(portal, found)
    assert [status(browser, portal, poll=poll) for browser in found] == [404] * 10


def test_who_loses_a_role_cannot_use_it_with_the_next_request(portal: Portal) -> None:
    admin = make_member(portal, 3, Membership.Role.ADMIN)
    browser = browser_of(3)
    owner = Membership.objects.get(portal=portal, user_id=OWNER)
    members.change_role(owner, admin.pk, Membership.Role.VIEWER)
    assert browser.post(f"/portals/{portal.hub_id}/disconnect/", {"confirm": portal.hub_id}).status_code == 404
    assert status(browser, portal) == 200
    portal.refresh_from_db()
    assert portal.is_live


def test_a_request_under_way_does_not_bring_back_a_session(portal: Portal) -> None:
    """It had read the session before it was ended elsewhere, and saves it afterwards."""
    here, elsewhere = browser_of(MEMBER), browser_of(MEMBER)
    under_way = elsewhere.session
    assert visitors.read(under_way) is not None
    here.post("/account/signout/")
    under_way["something"] = "else"
    under_way.save()
    elsewhere.cookies[settings.SESSION_COOKIE_NAME] = str(under_way.session_key)
    assert status(elsewhere, portal) == 404


def test_signing_out_everywhere_touches_nobody_else(portal: Portal) -> None:
    owner, member = browser_of(OWNER), browser_of(MEMBER)
    answer = member.post("/account/signout/", follow=True)
    assert "signed out everywhere" in answer.content.decode()
    assert status(member, portal) == 404
    assert status(owner, portal) == 200


def test_one_browser_is_signed_out_from_another(portal: Portal) -> None:
    here, elsewhere = browser_of(MEMBER), browser_of(MEMBER)
    visit = visitors.read(elsewhere.session)
    assert visit is not None
    assert str(visit.visit_id) in here.get("/account/").content.decode()
    answer = here.post("/account/signout/", {"visit": visit.visit_id}, follow=True)
    assert "That browser is signed out." in answer.content.decode()
    assert (status(here, portal), status(elsewhere, portal)) == (200, 404)
    again = here.post("/account/signout/", {"visit": visit.visit_id}, follow=True)
    assert "was signed out before" in again.content.decode()


@pytest.mark.parametrize("visit", ["", "garbled", str(uuid.UUID(int=7))])
def test_a_visit_that_is_not_there_ends_nothing(portal: Portal, visit: str) -> None:
    here = browser_of(MEMBER)
    assert here.post("/account/signout/", {"visit": visit}).status_code == 302
    assert status(here, portal) == 200


def test_nobody_signs_out_somebody_else(portal: Portal) -> None:
    owner, member = browser_of(OWNER), browser_of(MEMBER)
    visit = visitors.read(owner.session)
    assert visit is not None
    assert (
        "was signed out before"
        in member.post("/account/signout/", {"visit": visit.visit_id}, follow=True).content.decode()
    )
    assert status(owner, portal) == 200


def test_the_account_page_is_for_who_is_signed_in() -> None:
    assert Client().get("/account/")["Location"] == "/signin"
    assert Client().post("/account/signout/")["Location"] == "/"


def test_the_account_page_names_browsers_and_marks_this_one(portal: Portal) -> None:
    browser_of(OWNER)
    here, _ = browser_of(MEMBER), browser_of(MEMBER)
    page = here.get("/account/").content.decode()
    assert page.count("data-visit") == 2
    assert page.count("Firefox on Linux</strong>") == 2 + page.count("data-place") == 3
    assert page.count("This browser") == 1


def test_a_session_of_an_earlier_version_is_nobodys(portal: Portal) -> None:
    browser = Client()
    session = browser.session
    session["visitor"] = {"user_id": MEMBER, "email": "", "since": "2126-11-21T12:00:00+00:00"}
    session.save()
    browser.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
    assert status(browser, portal) == 404


def test_only_what_is_over_is_purged(clock: Clock) -> None:
    over = browser_of(1)
    clock.advance(hours=8, minutes=2)
    under_way = browser_of(2)
    assert visitors.purge() == 1
    assert visitors.read(over.session) is None
    assert visitors.read(under_way.session) is not None


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36 Edg/142.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8.5.0", ""),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)
def test_browsers_are_named_as_people_name_them(user_agent: str, name: str) -> None:
    assert browsers.describe(user_agent) == name
