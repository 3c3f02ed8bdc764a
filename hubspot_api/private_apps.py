"""Tokens of private apps. Source: HubSpot's page "Private apps"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hubspot_api.client import Client
from hubspot_api.secret import Secret

_FORM = re.compile(r"pat-[a-z]{2,4}\d{1,2}-[\w-]{8,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PrivateTokenInfo:
    """What a private app's token is good for. `user_id`: who made it; None where HubSpot does not say."""

    hub_id: int
    app_id: int | None
    user_id: int | None
    scopes: tuple[str, ...]


def looks_like_token(text: str) -> bool:
    """Whether a text has the form of such a token, `pat-na1-…`: HubSpot alone knows whether it is one."""
    return _FORM.fullmatch(text) is not None


def token_info(client: Client, token: Secret) -> PrivateTokenInfo:
    """Ask HubSpot about a token, which the client has to use as well: some regions find it only by that.

    Raises NotFound for what is no private app's token.
    """
    path = "/oauth/v2/private-apps/get/access-token-info"
    fields = client.request("POST", path, json={"tokenKey": token.reveal()}, idempotent=True).fields
    return PrivateTokenInfo(
        hub_id=fields.integer("hubId"),
        app_id=fields.optional_integer("appId"),
        user_id=fields.optional_integer("userId"),
        scopes=fields.texts("scopes"),
    )
