"""What a person does on HubSpot's consent page, for Django's test client as the browser."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx2
from django.test import Client

from tests.hubspot import Account


def decide(authorize_url: str, account: Account, *, user_id: int | None = None, decision: str = "grant") -> str:
    """Grant or cancel at HubSpot; return the address it sends the browser back to."""
    form = {"hub_id": str(account.hub_id), "user_id": str(user_id or account.admin_id), "decision": decision}
    answer = httpx2.post(authorize_url, data=form, timeout=30)
    assert answer.status_code == 302, answer.text[:500]
    return str(answer.headers["location"])


def way_back(client: Client, start: str, account: Account, **how: str | int | None) -> str:
    """Start at a page of ours, decide at HubSpot, and return the path of the callback without opening it."""
    answer = client.get(start)
    assert answer.status_code == 302
    parts = urlsplit(decide(answer["Location"], account, **how))  # type: ignore[arg-type]
    return f"{parts.path}?{parts.query}"
