from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from .staff import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_stranger_is_led_to_the_form_and_through_it_to_the_console(client: Client, alice: User) -> None:
    asked = client.get("/admin/", follow=True)
    assert b'name="password"' in asked.content
    answer = client.post(asked.redirect_chain[-1][0], {"login": "alice", "password": PASSWORD}, follow=True)
    assert answer.redirect_chain == [("/admin/", 302)]
    assert answer.status_code == 200
