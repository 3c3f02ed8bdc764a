"""Forms, marketing e-mails, subscriptions, campaigns, and the events about them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class FormField:
    """A property that a form asks for."""

    name: str
    label: str
    # As forms v3 and v2 call the kind of input.
    kind: str
    kind_v2: str
    required: bool = False


@dataclass(frozen=True)
class Form:
    id: str
    name: str
    # hubspot, captured, flow or blog_comment
    type: str
    fields: tuple[FormField, ...]
    created_at: int
    updated_at: int
    submit_text: str = "Submit"


@dataclass(frozen=True)
class Submission:
    id: str
    form_id: str
    at: int
    page_url: str
    values: dict[str, str]


@dataclass(frozen=True)
class MarketingEmail:
    id: int
    name: str
    subject: str
    created_at: int
    updated_at: int
    # None: a draft. What was published was sent under the e-mail campaign of this number.
    published_at: int | None
    email_campaign_id: int
    subscription_id: int
    author_id: int
    author: str
    author_email: str
    # The marketing campaign it belongs to.
    campaign_id: str | None = None


@dataclass(frozen=True)
class EmailEvent:
    """What happened to one e-mail on its way to one recipient."""

    id: str
    type: str
    at: int
    email_campaign_id: int
    recipient: str
    # The SENT event of the same e-mail: its id and time.
    sent_id: str
    sent_at: int
    details: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Subscription:
    """A kind of e-mail that one may want or not."""

    id: int
    name: str
    description: str
    internal: bool = False
    category: str = "Marketing"
    channel: str = "Email"


@dataclass(frozen=True)
class SubscriptionChange:
    id: str
    at: int
    recipient: str
    subscription_id: int
    change: str
    source: str


@dataclass(frozen=True)
class Campaign:
    """A marketing campaign, under which e-mails and forms are gathered."""

    id: str
    created_at: int
    updated_at: int
    properties: dict[str, str]


@dataclass(frozen=True)
class WebEvent:
    """Something that a contact did on the account's pages."""

    id: str
    type: str
    at: int
    contact_id: int
    properties: dict[str, str]
