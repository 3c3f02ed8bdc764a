from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from demo.redis import Redis
from installations.models import Portal

from .staff import PASSWORD, make_staff
from .world import filled_portal


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Settings) -> None:
    """Slow hashes protect passwords, not tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(db: None) -> User:
    return make_staff("alice")


@pytest.fixture
def console(alice: User, redis_server: Redis) -> Client:
    """Alice's browser, signed in to the console. The overview asks the rate limiter, so Redis comes along."""
    client = Client()
    client.post("/staff/login/", {"login": alice.get_username(), "password": PASSWORD})
    return client


@pytest.fixture
def portal(db: None) -> Portal:
    return filled_portal()
