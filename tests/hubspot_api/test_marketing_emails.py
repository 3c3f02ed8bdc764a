"""Marketing e-mails and what an account says of itself, at the emulator."""

from __future__ import annotations

from datetime import datetime

import pytest

from hubspot_api import account, errors, marketing_emails
from hubspot_api.client import Client
from tests.hubspot_api.emulated import HUB, SCOPES, Place

PORTAL = 303


@pytest.fixture
def client(place: Place) -> Client:
    place.app(conditional_scopes=[*SCOPES, "content"])
    users = [{"user_id": 7, "email": "ada@example.com", "super_admin": True}]
    place.control("portals", hub_id=PORTAL, users=users, seed={"contacts": 20, "marketing_emails": 12})
    return place.client(place.tokens(PORTAL, scopes=["content"])["access_token"])


def test_emails_are_listed(client: Client) -> None:
    everything = list(marketing_emails.list_all(client))
    assert len(everything) == 12
    first = marketing_emails.list_page(client, limit=5)
    second = marketing_emails.list_page(client, limit=100, after=first.after)
    assert first.results + second.results == tuple(everything)
    assert second.after is None
    one = everything[0]
    assert marketing_emails.get(client, one.id) == one
    assert one.name
    assert one.subject
    assert one.counts == {}


def test_emails_by_state_and_time(client: Client) -> None:
    everything = list(marketing_emails.list_all(client))
    sent = list(marketing_emails.list_all(client, published=True))
    drafts = list(marketing_emails.list_all(client, published=False))
    assert {one.id for one in [*sent, *drafts]} == {one.id for one in everything}
    assert {one.state for one in sent} == {"PUBLISHED"}
    assert all(one.published_at for one in sent)
    changes = sorted(one.updated_at for one in everything if one.updated_at)
    later = list(marketing_emails.list_all(client, updated_after=changes[5]))
    assert sorted(one.updated_at for one in later if one.updated_at) == changes[6:]
    assert list(marketing_emails.list_all(client, archived=True)) == []


def test_what_became_of_them(client: Client) -> None:
    sent = next(marketing_emails.list_all(client, published=True, counts=True))
    assert sent.counts["sent"] >= sent.counts["delivered"] >= 0
    assert marketing_emails.get(client, sent.id, counts=True).counts == sent.counts


def test_emails_that_are_refused(place: Place, client: Client) -> None:
    with pytest.raises(errors.NotFound):
        marketing_emails.get(client, 1)
    with pytest.raises(ValueError, match="zone"):
        marketing_emails.list_page(client, updated_after=datetime(2026, 1, 1))  # noqa: DTZ001 - the point
    with pytest.raises(errors.MissingScopes):
        marketing_emails.list_page(place.client(place.tokens(HUB)["access_token"]))


def test_what_private_apps_used_today(place: Place) -> None:
    answer = place.control(f"portals/{HUB}/tokens", private_app=True, scopes=["oauth"])
    client = place.client(answer["access_token"])
    account.account_details(client)
    (usage,) = account.private_app_usage(client)
    assert usage.name == "private-apps-api-calls-daily"
    assert 1 <= usage.used <= 2
    assert usage.limit >= 250_000
    assert usage.resets_at is not None
    assert usage.resets_at > usage.collected_at
