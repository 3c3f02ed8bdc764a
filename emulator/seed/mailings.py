"""Seeded marketing e-mails, and what became of them on the way to each recipient."""

from __future__ import annotations

from emulator.instants import DAY_MS, date_of
from emulator.marketing.things import EmailEvent, MarketingEmail, SubscriptionChange
from emulator.seed.audience import Audience
from emulator.seed.marketing_words import BROWSERS, PAGES, SUBJECTS

_MINUTE_MS = 60_000
_FIRST_ID = 50_000_000_000


def add_emails(audience: Audience, count: int) -> None:
    marketing, dice = audience.portal.marketing, audience.dice
    number = 1 + max(marketing.emails, default=_FIRST_ID)
    campaigns = [*marketing.campaigns, None]
    subscriptions = [each.id for each in marketing.subscriptions.values() if not each.internal]
    for at in audience.times(count):
        # The first one is always sent, so that there can be events.
        sent = not marketing.emails or dice.random() < 0.85
        published = min(audience.now, at + dice.randrange(1, 60) * _MINUTE_MS) if sent else None
        subject, author = dice.choice(SUBJECTS), dice.choice(audience.portal.users)
        marketing.emails[number] = MarketingEmail(
            number,
            f"{subject} ({date_of(at)})",
            subject,
            at,
            published or at,
            published,
            number % 10**9,
            dice.choice(subscriptions),
            author.user_id,
            author.name,
            author.email,
            dice.choice(campaigns),
        )
        number += dice.randrange(1, 900)


def add_email_events(audience: Audience, count: int) -> None:
    """Without an e-mail that was sent, nothing can happen to one."""
    marketing = audience.portal.marketing
    sent = marketing.sent_emails()
    while count > 0 and sent:
        for event in _Fate(audience, audience.dice.choice(sent)).events()[:count]:
            marketing.happen(event)
            count -= 1


class _Fate:
    """All that happens to one e-mail to one recipient, in order."""

    def __init__(self, audience: Audience, email: MarketingEmail) -> None:
        self._audience = audience
        self._dice = audience.dice
        self._email = email
        self._recipient = audience.person()["email"]
        self._sent_id = audience.new_id()
        earliest = max(email.published_at or 0, audience.now - audience.past_ms)
        self._sent_at = self._at = min(audience.now, earliest + self._dice.randrange(10 * _MINUTE_MS))
        self._events: list[EmailEvent] = []

    def events(self) -> list[EmailEvent]:
        self._sent()
        if self._dice.random() < 0.03:
            self._add("BOUNCE", 20_000, category="UNKNOWN_USER", status="5.1.1", response="550 5.1.1 No such user")
        else:
            self._add("DELIVERED", 20_000, response="250 2.0.0 OK", attempt=1)
            if self._dice.random() < 0.45:
                self._read()
        return self._events

    def _sent(self) -> None:
        author = {"from": f"{self._email.author} <{self._email.author_email}>"}
        self._add("SENT", 0, subject=self._email.subject, replyTo=[self._email.author_email], **author)
        self._add("PROCESSED", 3_000)

    def _read(self) -> None:
        dice = self._dice
        self._add("OPEN", 3 * DAY_MS, **self._reader(), duration=dice.randrange(500, 40_000), filteredEvent=False)
        if dice.random() < 0.3:
            url = f"{self._audience.site}{dice.choice(PAGES)}"
            self._add("CLICK", DAY_MS, **self._reader(), url=url, linkId=0, filteredEvent=False)
        elif dice.random() < 0.05:
            self._add("STATUSCHANGE", DAY_MS, source="SOURCE_RECIPIENT", portalSubscriptionStatus="UNSUBSCRIBED")

    def _add(self, kind: str, within_ms: int, **details: object) -> None:
        """An event within some time after the one before, but not in the future."""
        self._at = min(self._audience.now, self._at + self._dice.randrange(within_ms + 1))
        event_id = self._sent_id if kind == "SENT" else self._audience.new_id()
        number = self._email.email_campaign_id
        self._events.append(
            EmailEvent(event_id, kind, self._at, number, self._recipient, self._sent_id, self._sent_at, details)
        )

    def _reader(self) -> dict[str, object]:
        city, state, country, _ = self._dice.choice(self._audience.places)
        return {
            "browser": self._dice.choice(BROWSERS),
            "deviceType": self._dice.choice(("COMPUTER", "MOBILE")),
            "location": {"city": city.lower(), "state": state.lower(), "country": country.upper()},
            "userAgent": "Mozilla/5.0",
        }


def add_subscription_changes(audience: Audience, count: int) -> None:
    marketing, dice = audience.portal.marketing, audience.dice
    for at in audience.times(count):
        change = dice.choice(("SUBSCRIBED", "SUBSCRIBED", "UNSUBSCRIBED"))
        subscription = dice.choice(list(marketing.subscriptions))
        marketing.subscription_changes.add(
            SubscriptionChange(
                audience.new_id(), at, audience.person()["email"], subscription, change, "SOURCE_RECIPIENT"
            )
        )
