"""All of one portal's marketing."""

from __future__ import annotations

from collections import Counter

from emulator.marketing.things import (
    Campaign,
    EmailEvent,
    Form,
    MarketingEmail,
    Submission,
    Subscription,
    SubscriptionChange,
    WebEvent,
)
from emulator.marketing.timeline import Timeline


class Marketing:
    """Read and changed under the portal's lock only."""

    def __init__(self, hub_id: int) -> None:
        self.forms: dict[str, Form] = {}
        self.emails: dict[int, MarketingEmail] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.subscriptions = {each.id: each for each in _built_in(hub_id)}
        self.email_events: Timeline[EmailEvent] = Timeline()
        self.subscription_changes: Timeline[SubscriptionChange] = Timeline()
        self._submissions: dict[str, Timeline[Submission]] = {}
        self._by_sender: dict[str, list[Submission]] = {}
        # Per contact: nobody asks for the visits of all.
        self._visits: dict[int, Timeline[WebEvent]] = {}
        self._visit_log: Timeline[WebEvent] = Timeline()
        # How often what happened to an e-mail campaign's e-mails, and when last.
        self._counts: dict[int, Counter[str]] = {}
        self._latest: dict[int, int] = {}

    @property
    def size(self) -> int:
        """How much there is of everything together."""
        events = len(self.email_events) + len(self.subscription_changes) + len(self._visit_log)
        submissions = sum(len(timeline) for timeline in self._submissions.values())
        return len(self.forms) + len(self.emails) + len(self.campaigns) + events + submissions

    def submissions(self, form_id: str) -> Timeline[Submission]:
        return self._submissions.get(form_id) or Timeline()

    def all_submissions(self) -> list[Submission]:
        return [each for timeline in self._submissions.values() for each in timeline]

    def submit(self, submission: Submission) -> None:
        self._submissions.setdefault(submission.form_id, Timeline()).add(submission)
        self._by_sender.setdefault(submission.values.get("email", "").lower(), []).append(submission)

    def sent_by(self, address: str) -> list[Submission]:
        """The submissions with this e-mail address."""
        return self._by_sender.get(address.lower(), [])

    def visits(self, contact_id: int | None) -> Timeline[WebEvent]:
        """Of one contact, or of all."""
        return self._visit_log if contact_id is None else self._visits.get(contact_id) or Timeline()

    def visit(self, event: WebEvent) -> None:
        self._visits.setdefault(event.contact_id, Timeline()).add(event)
        self._visit_log.add(event)

    def happen(self, event: EmailEvent) -> None:
        """Something happened to an e-mail."""
        self.email_events.add(event)
        self._counts.setdefault(event.email_campaign_id, Counter())[event.type] += 1
        latest = self._latest.get(event.email_campaign_id, 0)
        self._latest[event.email_campaign_id] = max(latest, event.at)

    def counts(self, email_campaign_id: int) -> Counter[str]:
        return self._counts.get(email_campaign_id) or Counter()

    def latest_activity(self, email: MarketingEmail) -> int:
        return max(email.updated_at, self._latest.get(email.email_campaign_id, 0))

    def sent_emails(self) -> list[MarketingEmail]:
        """Those that have an e-mail campaign, by its number."""
        sent = [email for email in self.emails.values() if email.published_at is not None]
        return sorted(sent, key=lambda email: email.email_campaign_id)


def _built_in(hub_id: int) -> list[Subscription]:
    """What every account begins with."""
    first = hub_id % 1_000_000 * 10
    return [
        Subscription(first + 1, "Marketing Information", "Marketing offers and updates."),
        Subscription(
            first + 2, "Customer Service Communication", "Feedback requests and customer service information."
        ),
        Subscription(first + 3, "One to One", "One to One emails", internal=True, category="Sales"),
    ]
