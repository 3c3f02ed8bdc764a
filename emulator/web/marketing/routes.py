"""Where the marketing resources are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.web.gate import ApiResource
from emulator.web.marketing import campaigns, email_v1, emails, events, forms
from emulator.web.versions import DATED

if TYPE_CHECKING:
    from emulator.world import Emulator

_OLD: tuple[tuple[str, type[ApiResource]], ...] = (
    ("/forms/v2/forms", forms.FormsV2),
    ("/forms/v2/forms/{form_id}", forms.FormV2),
    ("/form-integrations/v1/submissions/forms/{form_id}", forms.Submissions),
    ("/email/public/v1/campaigns", email_v1.RecentCampaigns),
    ("/email/public/v1/campaigns/by-id", email_v1.CampaignsById),
    ("/email/public/v1/campaigns/{campaign_id}", email_v1.Campaign),
    ("/email/public/v1/events", email_v1.Events),
    ("/email/public/v1/subscriptions", email_v1.Subscriptions),
    ("/email/public/v1/subscriptions/timeline", email_v1.SubscriptionTimeline),
    ("/marketing-emails/v1/emails/with-statistics", email_v1.EmailsWithStatistics),
)


_DATES = tuple(version.name for version in DATED)

# Of each area: where it is in v3, where with a date and for which dates, and what is below.
_AREAS: tuple[tuple[str, str, tuple[str, ...], tuple[tuple[str, type[ApiResource]], ...]], ...] = (
    (
        "/marketing/v3/forms",
        "/marketing/forms",
        ("2026-09-beta",),
        (("", forms.FormsV3), ("/{form_id}", forms.FormV3)),
    ),
    (
        "/marketing/v3/emails",
        "/marketing/emails",
        _DATES,
        (
            ("", emails.Emails),
            ("/statistics/list", emails.StatisticsList),
            ("/statistics/histogram", emails.Histogram),
            ("/{email_id}", emails.Email),
            ("/{email_id}/statistics", emails.EmailStatistics),
        ),
    ),
    (
        "/marketing/v3/campaigns",
        "/marketing/campaigns",
        _DATES,
        (("", campaigns.Campaigns), ("/{campaign_id}", campaigns.CampaignItem)),
    ),
    (
        "/events/v3/events",
        "/events/event-occurrences",
        _DATES,
        (("", events.Events), ("/event-types", events.EventTypes)),
    ),
)


def routes(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    found = list(_OLD)
    for in_v3, dated, dates, below in _AREAS:
        for base in (in_v3, *(f"{dated}/{date}" for date in dates)):
            found += [(f"{base}{rest}", resource) for rest, resource in below]
    return [(path, resource(emulator)) for path, resource in found]
