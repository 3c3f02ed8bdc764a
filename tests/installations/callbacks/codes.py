"""Codes that HubSpot gives out, what it was asked, and who is signed in."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from django.test import Client

from installations.clients import oauth
from installations.connecting import install
from installations.people import visitors
from tests.consent import decide
from tests.hubspot import Account, HubSpot


def visitor_of(client: Client) -> int | None:
    visitor = visitors.read(client.session)
    return None if visitor is None else visitor.user_id


def a_code(account: Account, *, scopes: list[str] | None = None, user_id: int | None = None) -> str:
    """Return a code as a flow that we did not start would bring it."""
    url = oauth().authorize_url(redirect_uri=install.redirect_uri(), scopes=scopes or ["oauth"], state="")
    (code,) = parse_qs(urlsplit(decide(url, account, user_id=user_id)).query)["code"]
    return code


def installs_of(account: Account, hubspot: HubSpot) -> list[object]:
    portals = hubspot.call("GET", "/_emulator/state")["portals"]
    (found,) = [portal["installs"] for portal in portals if portal["hub_id"] == account.hub_id]
    return list(found)


def token_calls(hubspot: HubSpot) -> int:
    calls = hubspot.call("GET", "/_emulator/requests")["items"]
    return sum(call["path"].endswith("/token") for call in calls)


def introspections(hubspot: HubSpot) -> int:
    return sum(call["path"].endswith("/introspect") for call in hubspot.requests())
