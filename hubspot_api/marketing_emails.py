"""Marketing e-mails and what became of them. Source: HubSpot's page "Marketing emails"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hubspot_api import paging
from hubspot_api.addresses import QueryValue
from hubspot_api.client import Client
from hubspot_api.fields import Fields

PAGE_SIZE = 100

_EMAILS = "/marketing/emails/{version}"


@dataclass(frozen=True, slots=True)
class MarketingEmail:
    """A marketing e-mail. `state`: DRAFT, PUBLISHED, SCHEDULED and so on. `campaign_id` of a marketing campaign.

    `counts`: how many were sent, delivered, open, click, bounce, unsubscribed and so on; empty unless asked for.
    """

    id: int
    name: str | None
    subject: str | None
    state: str | None
    kind: str | None
    published: bool
    archived: bool
    campaign_id: str | None
    created_at: datetime | None
    updated_at: datetime | None
    published_at: datetime | None
    counts: Mapping[str, int] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class EmailPage:
    """Some e-mails, and where to go on; `after` is opaque, None on the last page."""

    results: tuple[MarketingEmail, ...]
    after: str | None


def list_page(
    client: Client,
    *,
    published: bool | None = None,
    updated_after: datetime | None = None,
    archived: bool = False,
    counts: bool = False,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> EmailPage:
    """Return one page of e-mails: all, or those that are published or not, that changed after a time (aware).

    `counts` asks for what became of them, too.
    """
    params: dict[str, QueryValue] = {"limit": limit, "after": after, "archived": archived, "isPublished": published}
    params |= {"updatedAfter": _wire(updated_after), "includeStats": counts or None}
    fields = client.request("GET", _EMAILS, params=params).fields
    return EmailPage(fields.each("results", _email), fields.after())


def list_all(
    client: Client,
    *,
    published: bool | None = None,
    updated_after: datetime | None = None,
    archived: bool = False,
    counts: bool = False,
) -> Iterator[MarketingEmail]:
    """Yield every such e-mail, page by page."""
    yield from paging.each(
        lambda after: list_page(
            client,
            published=published,
            updated_after=updated_after,
            archived=archived,
            counts=counts,
            after=after,
        )
    )


def get(client: Client, email_id: int, *, counts: bool = False) -> MarketingEmail:
    """Return one e-mail. Raises NotFound."""
    params = {"includeStats": counts or None}
    return _email(client.request("GET", _EMAILS + "/{id}", path_params={"id": email_id}, params=params).fields)


def _wire(at: datetime | None) -> str | None:
    """Raises ValueError for a time without its zone, which HubSpot would take for UTC."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _email(fields: Fields) -> MarketingEmail:
    stats = fields.optional_child("stats")
    counters = stats.optional_child("counters") if stats else None
    return MarketingEmail(
        id=fields.id(),
        name=fields.optional_text("name"),
        subject=fields.optional_text("subject"),
        state=fields.optional_text("state"),
        kind=fields.optional_text("type"),
        published=fields.flag("isPublished", default=False),
        archived=fields.flag("archived", default=False),
        campaign_id=fields.optional_text("campaign"),
        created_at=fields.optional_moment("createdAt"),
        updated_at=fields.optional_moment("updatedAt"),
        published_at=fields.optional_moment("publishedAt"),
        counts={name: counters.integer(name) for name in counters.values} if counters else {},
    )
