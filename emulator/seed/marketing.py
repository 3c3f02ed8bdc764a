"""Filling a portal with marketing: forms and who sent them, e-mails and what became of them, campaigns, visits."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from emulator.instants import DAY_MS, date_of
from emulator.marketing.things import Campaign, Form, Submission, WebEvent
from emulator.portals import Portal
from emulator.seed.audience import Audience
from emulator.seed.mailings import add_email_events, add_emails, add_subscription_changes
from emulator.seed.marketing_words import CAMPAIGNS, FORM_FIELDS, FORMS, MESSAGES, PAGES

PAST_MS = 730 * DAY_MS


def fill_marketing(portal: Portal, counts: Mapping[str, int], random_seed: int, past_ms: int = PAST_MS) -> None:
    """Add so many of each, spread over the time before now."""
    with portal.crm.lock:
        # What is there already makes other dice: a second filling is no repetition of the first.
        audience = Audience(portal, random.Random(f"{random_seed}/{portal.marketing.size}"), past_ms)
        for name, add in _STEPS.items():
            add(audience, counts.get(name, 0))


def _add_campaigns(audience: Audience, count: int) -> None:
    campaigns, dice = audience.portal.marketing.campaigns, audience.dice
    for at in audience.times(count):
        name = f"{CAMPAIGNS[len(campaigns) % len(CAMPAIGNS)]} {date_of(at)[:7]}"
        properties = {
            "hs_name": name,
            "hs_start_date": date_of(at),
            "hs_end_date": date_of(at + 30 * DAY_MS),
            "hs_campaign_status": dice.choice(("planned", "in_progress", "active", "paused", "completed")),
            "hs_utm": name.lower().replace(" ", "-"),
            "hs_currency_code": audience.portal.currency,
        }
        campaign = Campaign(audience.new_id(), at, audience.since(at), properties)
        campaigns[campaign.id] = campaign


def _add_forms(audience: Audience, count: int) -> None:
    forms, dice = audience.portal.marketing.forms, audience.dice
    for at in audience.times(count):
        again, which = divmod(len(forms), len(FORMS))
        form = Form(
            audience.new_id(),
            f"{FORMS[which]} {again + 1}" if again else FORMS[which],
            dice.choice(("hubspot", "hubspot", "hubspot", "captured", "flow")),
            (*FORM_FIELDS[:3], *dice.sample(FORM_FIELDS[3:], dice.randrange(3))),
            at,
            audience.since(at),
        )
        forms[form.id] = form


def _add_submissions(audience: Audience, count: int) -> None:
    """Without forms, nothing can be sent."""
    marketing, dice = audience.portal.marketing, audience.dice
    forms = list(marketing.forms.values())
    for at in audience.times(count if forms else 0):
        form, person = dice.choice(forms), audience.person()
        values = {each.name: person[each.name] for each in form.fields if person.get(each.name)}
        if any(each.name == "message" for each in form.fields):
            values["message"] = dice.choice(MESSAGES)
        page = f"{audience.site}{dice.choice(PAGES)}"
        marketing.submit(Submission(audience.new_id(), form.id, max(at, form.created_at), page, values))


def _add_visits(audience: Audience, count: int) -> None:
    """Of contacts only: without one there is nobody to tell of."""
    dice, site = audience.dice, audience.site
    for at in audience.times(count):
        contact, page = audience.contact(), dice.choice(PAGES)
        if contact is None:
            return
        properties = {
            "hs_url": f"{site}{page}",
            "hs_path": page,
            "hs_url_domain": site.removeprefix("https://"),
            "hs_title": page.strip("/").replace("-", " ").title() or "Home",
            "hs_device_type": dice.choice(("DESKTOP", "MOBILE")),
            "hs_country": dice.choice(audience.places)[2],
        }
        event = WebEvent(audience.new_id(), "e_visited_page", at, contact.id, properties)
        audience.portal.marketing.visit(event)


# Campaigns before e-mails and forms before submissions: the later ones are about the earlier ones.
_STEPS: dict[str, Callable[[Audience, int], None]] = {
    "marketing_campaigns": _add_campaigns,
    "forms": _add_forms,
    "form_submissions": _add_submissions,
    "marketing_emails": add_emails,
    "email_events": add_email_events,
    "subscription_changes": add_subscription_changes,
    "web_events": _add_visits,
}
KINDS = tuple(_STEPS)
