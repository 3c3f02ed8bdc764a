from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from .staff import make_staff, sign_in


@pytest.fixture
def alice(db: None) -> User:
    return make_staff("alice")


@pytest.fixture
def console(alice: User) -> Client:
    """Alice's browser, signed in to the console."""
    client = Client()
    sign_in(client, alice)
    return client
