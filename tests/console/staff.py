"""Members of staff and their browsers, for tests."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

PASSWORD = "correct horse battery staple"


def make_staff(username: str = "alice") -> User:
    return User.objects.create_user(username, password=PASSWORD, is_staff=True, is_superuser=True)


def sign_in(client: Client, user: User) -> None:
    """Sign in without the form: the session lands in the cookie that staff pages read."""
    client.force_login(user)
    client.cookies[settings.STAFF_SESSION_COOKIE_NAME] = client.cookies.pop(settings.SESSION_COOKIE_NAME).value
