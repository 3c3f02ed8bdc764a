"""Sessions: what the database holds of one opens nothing."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from hubapp.sessions import SessionStore
from tests.console.staff import make_staff

pytestmark = pytest.mark.django_db


def made() -> SessionStore:
    store = SessionStore()
    store["who"] = "alice"
    store.create()
    return store


@pytest.fixture
def alice() -> User:
    return make_staff()


def signed_in(user: User) -> str:
    """Sign in through the form and return the cookie."""
    client = Client()
    client.force_login(user)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def console(cookie: str) -> int:
    client = Client()
    client.cookies[settings.STAFF_SESSION_COOKIE_NAME] = cookie
    return client.get("/admin/").status_code


def test_what_is_stored_comes_back_by_its_key() -> None:
    assert SessionStore(made().session_key)["who"] == "alice"


def test_the_database_does_not_hold_the_key() -> None:
    key = made().session_key
    assert key is not None
    assert key not in Session.objects.get().session_key


def test_what_the_database_holds_opens_nothing(alice: User) -> None:
    cookie = signed_in(alice)
    assert console(cookie) == 200
    stolen = Session.objects.get().session_key
    assert console(stolen) == 302
    assert SessionStore(stolen).get("who") is None
    assert console(cookie) == 200


def test_an_unknown_key_is_not_kept() -> None:
    """Else whoever plants a cookie knows the session that its browser gets."""
    store = SessionStore("planted-by-somebody-else-0123456")
    store["who"] = "alice"
    store.save()
    assert store.session_key != "planted-by-somebody-else-0123456"


def test_a_new_key_takes_the_content_along_and_ends_the_old_one() -> None:
    store = made()
    old = store.session_key
    assert old is not None
    store.cycle_key()
    assert SessionStore(store.session_key)["who"] == "alice"
    assert SessionStore(old).get("who") is None
    assert Session.objects.count() == 1


def test_an_expired_one_is_not_read() -> None:
    store = made()
    Session.objects.update(expire_date=timezone.now())
    assert SessionStore(store.session_key).get("who") is None


def test_a_deleted_session_is_gone() -> None:
    store = made()
    key = store.session_key
    assert store.exists(str(key))
    store.delete(key)
    assert not store.exists(str(key))
    assert not Session.objects.exists()


def test_flushing_leaves_no_row() -> None:
    store = made()
    store.flush()
    assert not Session.objects.exists()
