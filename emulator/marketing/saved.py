"""A portal's marketing in a snapshot."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from emulator.marketing.store import Marketing
from emulator.marketing.things import (
    Campaign,
    EmailEvent,
    Form,
    FormField,
    MarketingEmail,
    Submission,
    SubscriptionChange,
    WebEvent,
)

Json = dict[str, Any]


def save_marketing(marketing: Marketing) -> Json:
    """The kinds of subscriptions are every account's own."""
    return {
        "forms": [asdict(form) for form in marketing.forms.values()],
        "emails": [vars(email) for email in marketing.emails.values()],
        "campaigns": [vars(campaign) for campaign in marketing.campaigns.values()],
        "email_events": [vars(event) for event in marketing.email_events],
        "subscription_changes": [vars(change) for change in marketing.subscription_changes],
        "submissions": [vars(submission) for submission in marketing.all_submissions()],
        "visits": [vars(event) for event in marketing.visits(None)],
    }


def load_marketing(marketing: Marketing, saved: Json) -> None:
    """An empty one is what snapshots of earlier versions have."""
    for each in saved.get("forms", ()):
        form = Form(**{**each, "fields": tuple(FormField(**field) for field in each["fields"])})
        marketing.forms[form.id] = form
    for each in saved.get("emails", ()):
        marketing.emails[each["id"]] = MarketingEmail(**each)
    for each in saved.get("campaigns", ()):
        marketing.campaigns[each["id"]] = Campaign(**each)
    for each in saved.get("email_events", ()):
        marketing.happen(EmailEvent(**each))
    for each in saved.get("subscription_changes", ()):
        marketing.subscription_changes.add(SubscriptionChange(**each))
    for each in saved.get("submissions", ()):
        marketing.submit(Submission(**each))
    for each in saved.get("visits", ()):
        marketing.visit(WebEvent(**each))
