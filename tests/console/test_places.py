"""Staff who sign in from a place that is new to them: who hears of it, and what can be said to it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone

from installations import outbox
from installations.models import AuditEntry, Mail, Place
from installations.people import places

from .staff import PASSWORD, make_staff
from .test_anomalies import act, text

pytestmark = pytest.mark.django_db
PLACES = "/admin/installations/place/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"


def sign_in(browser: str, address: str) -> Client:
    client = Client(REMOTE_ADDR=address, HTTP_USER_AGENT=browser)
    client.post("/staff/login/", {"login": "alice", "password": PASSWORD})
    assert client.get("/admin/").status_code == 200
    return client


@pytest.mark.usefixtures("alice", "redis_server")
class TestPlacesOfStaff:
    @pytest.fixture
    def alice(self, alice: User) -> User:
        alice.email = "alice@example.com"
        alice.save(update_fields=["email"])
        return alice

    def test_the_first_place_and_the_same_again_are_no_news(self, alice: User) -> None:
        for address in ("203.0.113.7", "203.0.113.200"):
            sign_in(FIREFOX, address)
        place = Place.objects.get()
        assert (place.who, place.person_id, place.network) == ("staff", alice.pk, "203.0.113.0/24")
        assert not place.is_news
        assert not Mail.objects.exists()

    @pytest.mark.parametrize(("browser", "address"), [(SAFARI, "203.0.113.7"), (FIREFOX, "198.51.100.1")])
    def test_another_browser_or_network_is_news(self, browser: str, address: str) -> None:
        sign_in(FIREFOX, "203.0.113.7")
        console = sign_in(browser, address)
        sign_in(browser, address)
        place = Place.objects.get(is_news=True)
        entry = AuditEntry.objects.get(action="signed in from a new place")
        assert (entry.portal, entry.actor, entry.detail) == (None, "staff alice", str(place))
        assert "alice signed in to the console from a new place" in text(console, "/admin/")
        assert outbox.send_due(for_s=60) == 1
        (message,) = mail.outbox
        assert message.to == ["alice@example.com"]
        assert place.network in message.body
        assert place.browser in message.body
        assert address not in message.body

    def test_known_parts_put_together_anew_are_no_news(self) -> None:
        for browser, address in ((FIREFOX, "203.0.113.7"), (SAFARI, "198.51.100.1"), (SAFARI, "203.0.113.7")):
            sign_in(browser, address)
        assert Place.objects.filter(is_news=True).count() == 1

    def test_the_message_leaves_though_the_thief_says_that_it_is_all_right(self) -> None:
        sign_in(FIREFOX, "203.0.113.7")
        console = sign_in(SAFARI, "198.51.100.1")
        place = Place.objects.get(is_news=True)
        assert "1 places are known now." in act(console, PLACES, "seen", place.pk)
        assert not places.unseen_of_staff().exists()
        assert AuditEntry.objects.filter(action="found a new place to be all right", actor="staff alice").count() == 1
        assert outbox.send_due(for_s=60) == 1

    def test_who_has_no_places_left_after_years_is_at_a_new_one(self) -> None:
        User.objects.update(date_joined=timezone.now() - places.KEPT * 2)
        sign_in(FIREFOX, "203.0.113.7")
        assert Place.objects.get().is_news

    def test_somebody_elses_place_is_no_place_of_theirs(self, alice: User) -> None:
        bob = make_staff("bob")
        Place.objects.create(
            who="user", person_id=alice.pk, network="203.0.113.0/24", browser="Firefox on Linux", is_news=False
        )
        places_of_bob = places.of(Place.Who.STAFF, bob.pk)
        sign_in(FIREFOX, "203.0.113.7")
        assert not places_of_bob.exists()
        assert not Place.objects.get(who="staff").is_news

    def test_without_an_address_to_write_to_the_console_tells(self) -> None:
        User.objects.update(email="")
        sign_in(FIREFOX, "203.0.113.7")
        console = sign_in(SAFARI, "198.51.100.1")
        assert not Mail.objects.exists()
        assert "from a new place" in text(console, "/admin/")


def test_the_metrics_count_what_nobody_has_looked_at(console: Client) -> None:
    Place.objects.create(who="staff", person_id=1, network="203.0.113.0/24", browser="", is_news=True)
    assert "hubapp_staff_new_places 1.0" in text(console, "/metrics")
