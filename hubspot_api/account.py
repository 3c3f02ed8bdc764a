"""The account's own details. Source: HubSpot's page "Account information"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hubspot_api.client import Client
from hubspot_api.fields import Fields


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """What an account says of itself.

    `hub_id`: the number that webhooks call portalId. `account_type`: STANDARD, DEVELOPER_TEST, SANDBOX or
    APP_DEVELOPER. `time_zone` such as "US/Eastern"; `ui_domain`: host for links into HubSpot ("app-eu1.hubspot.com");
    `hublet`: the data centre ("eu1"). `name` is None where HubSpot does not send it.
    """

    hub_id: int
    account_type: str
    time_zone: str
    currency: str
    ui_domain: str
    hublet: str
    name: str | None


@dataclass(frozen=True, slots=True)
class DailyUsage:
    """What the account's private apps used of the allowance they share for a day, as of `collected_at`."""

    name: str
    used: int
    limit: int
    collected_at: datetime
    resets_at: datetime | None


def account_details(client: Client) -> AccountDetails:
    """Return the details of the account whose token the client uses. Any valid token will do."""
    fields = client.request("GET", "/account-info/{version}/details").fields
    return AccountDetails(
        hub_id=fields.integer("portalId"),
        account_type=fields.text("accountType"),
        time_zone=fields.text("timeZone"),
        currency=fields.text("companyCurrency"),
        ui_domain=fields.text("uiDomain"),
        hublet=fields.text("dataHostingLocation"),
        name=fields.optional_text("portalName"),
    )


def private_app_usage(client: Client) -> tuple[DailyUsage, ...]:
    """Return what the account's private apps used of today's calls. Any valid token will do."""
    answer = client.request("GET", "/account-info/{version}/api-usage/daily/private-apps")
    return answer.fields.each("results", _daily_usage)


def _daily_usage(fields: Fields) -> DailyUsage:
    return DailyUsage(
        name=fields.text("name"),
        used=fields.integer("currentUsage"),
        limit=fields.integer("usageLimit"),
        collected_at=fields.moment("collectedAt"),
        resets_at=fields.optional_moment("resetsAt"),
    )
