"""The account itself: its details, and removing the app from it.

Source: HubSpot's pages "Account information" and "App uninstalls API".
"""

from __future__ import annotations

from dataclasses import dataclass

from hubspot_api.client import Client


@dataclass(frozen=True, slots=True)
class Account:
    """An account's details.

    `hub_id`: the number that webhooks call portalId. `kind`: STANDARD, DEVELOPER_TEST, SANDBOX or APP_DEVELOPER.
    `time_zone` such as "US/Eastern"; `ui_domain`: host for links into HubSpot ("app-eu1.hubspot.com"); `hublet`: the
    data centre ("eu1"). `name` is None where HubSpot does not send it.
    """

    hub_id: int
    kind: str
    time_zone: str
    currency: str
    ui_domain: str
    hublet: str
    name: str | None


def details(client: Client) -> Account:
    """Return the details of the account whose token the client uses. Any valid token will do."""
    fields = client.request("GET", "/account-info/{version}/details").fields
    return Account(
        hub_id=fields.integer("portalId"),
        kind=fields.text("accountType"),
        time_zone=fields.text("timeZone"),
        currency=fields.text("companyCurrency"),
        ui_domain=fields.text("uiDomain"),
        hublet=fields.text("dataHostingLocation"),
        name=fields.optional_text("portalName"),
    )


def uninstall(client: Client) -> None:
    """Remove the app from the account. Its administrators get an e-mail.

    Not repeated when the answer is lost, for a second call would be refused: Unauthorized afterwards means done.
    """
    client.request("DELETE", "/appinstalls/{version}/external-install", idempotent=False)
