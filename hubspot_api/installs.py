"""The app's presence in an account. Source: HubSpot's page "App uninstalls API"."""

from __future__ import annotations

from hubspot_api.client import Client


def uninstall(client: Client) -> None:
    """Remove the app from the account of the client's token. Its administrators get an e-mail.

    Not repeated when the answer is lost, for a second call would be refused: Unauthorized afterwards means done.
    """
    client.request("DELETE", "/appinstalls/{version}/external-install", idempotent=False)
