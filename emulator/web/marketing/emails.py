"""/marketing/v3/emails and /marketing/emails/{date}"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import Any

import falcon

from emulator.errors import InvalidInput, ResourceNotFound
from emulator.instants import DAY_MS, iso
from emulator.marketing.email_shapes import email_v3, statistics
from emulator.marketing.store import Marketing
from emulator.marketing.things import MarketingEmail
from emulator.marketing.timeline import Place
from emulator.portals import Portal
from emulator.web.exchange import flag, names, number, reply
from emulator.web.gate import ApiResource
from emulator.web.marketing.cursors import moment, paged, read_place

SCOPES = ("marketing.email.read", "marketing.email.write", "content")
_INTERVALS = {"SECOND": 1_000, "MINUTE": 60_000, "QUARTER_HOUR": 900_000, "HOUR": 3_600_000}
_INTERVALS |= {"DAY": DAY_MS, "WEEK": 7 * DAY_MS, "MONTH": 30 * DAY_MS, "QUARTER": 91 * DAY_MS, "YEAR": 365 * DAY_MS}
_MOST_INTERVALS = 10_000


class _EmailResource(ApiResource):
    def portal(self, req: falcon.Request) -> Portal:
        caller = self.caller(req)
        caller.require(SCOPES)
        return caller.portal


def _place(email: MarketingEmail) -> Place:
    return email.created_at, str(email.id)


class Emails(_EmailResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.portal(req)
        after, most = read_place(req, "after"), number(req, "limit", 10, 1, 100)
        ranges = [_Range(req, name) for name in ("created", "updated", "published")]
        published = req.get_param("isPublished")
        stats = flag(req, "includeStats")
        with portal.crm.lock:
            wanted = [
                email
                for email in sorted(portal.marketing.emails.values(), key=_place)
                if all(each.has(email) for each in ranges)
                and (published is None or flag(req, "isPublished") == (email.published_at is not None))
                and not flag(req, "archived")
            ]
            start = bisect_right(wanted, after, key=_place) if after is not None else 0
            page, more = wanted[start : start + most], len(wanted) > start + most
            rows = [email_v3(email, portal.marketing, stats=stats) for email in page]
        reply(resp, paged(req, rows, _place(page[-1]) if more else None, total=len(wanted)))


class _Range:
    """For example createdAfter, createdBefore and createdAt."""

    def __init__(self, req: falcon.Request, name: str) -> None:
        self._name = name
        self._exactly = moment(req, f"{name}At")
        self._after = moment(req, f"{name}After")
        self._before = moment(req, f"{name}Before")

    def has(self, email: MarketingEmail) -> bool:
        at: int | None = getattr(email, f"{self._name}_at")
        if at is None:
            return self._exactly is None and self._after is None and self._before is None
        return (
            (self._exactly is None or at == self._exactly)
            and (self._after is None or at > self._after)
            and (self._before is None or at < self._before)
        )


class Email(_EmailResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, email_id: str) -> None:
        portal = self.portal(req)
        with portal.crm.lock:
            email = _email(portal.marketing, email_id)
            reply(resp, email_v3(email, portal.marketing, stats=flag(req, "includeStats")))


class EmailStatistics(_EmailResource):
    """Of one e-mail, as long as there have been events."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, email_id: str) -> None:
        portal = self.portal(req)
        with portal.crm.lock:
            email = _email(portal.marketing, email_id)
            reply(resp, statistics(portal.marketing.counts(email.email_campaign_id)))


def _email(marketing: Marketing, text: str) -> MarketingEmail:
    email = marketing.emails.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 18 else None
    if email is None:
        raise ResourceNotFound(f"No email found with ID {text[:20]}")
    return email


class _Span:
    """The e-mails and the time that statistics are asked for."""

    def __init__(self, req: falcon.Request, marketing: Marketing, now: int) -> None:
        self.start = moment(req, "startTimestamp", now - 30 * DAY_MS) or 0
        self.end = moment(req, "endTimestamp", now) or now
        if self.end < self.start:
            raise InvalidInput("startTimestamp must be before endTimestamp")
        asked = names(req, "emailIds")
        self._marketing = marketing
        self._emails = {
            email.email_campaign_id: email for email in marketing.sent_emails() if not asked or str(email.id) in asked
        }

    def counted(self, start: int, end: int) -> tuple[Counter[str], set[int]]:
        """Events in [start, end), and the e-mails they are about."""
        events, _ = self._marketing.email_events.earliest(
            low=start, high=end - 1, wanted=lambda event: event.email_campaign_id in self._emails, most=10**9
        )
        ids = {self._emails[event.email_campaign_id].id for event in events if event.type == "SENT"}
        return Counter(event.type for event in events), ids


class StatisticsList(_EmailResource):
    """Of all e-mails that were sent in a span of time."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.portal(req)
        with portal.crm.lock:
            span = _Span(req, portal.marketing, self.now())
            counted, ids = span.counted(span.start, span.end + 1)
        answer: dict[str, Any] = {"aggregate": statistics(counted), "campaignAggregations": {}, "emails": sorted(ids)}
        reply(resp, answer)


class Histogram(_EmailResource):
    """The same, interval by interval."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.portal(req)
        step = _INTERVALS.get(req.get_param("interval") or "DAY")
        if step is None:
            raise InvalidInput(f"interval must be one of {', '.join(_INTERVALS)}")
        with portal.crm.lock:
            span = _Span(req, portal.marketing, self.now())
            if (span.end - span.start) // step > _MOST_INTERVALS:
                raise InvalidInput(f"That are more than {_MOST_INTERVALS} intervals")
            rows = [
                {
                    "interval": {"start": iso(start), "end": iso(min(start + step, span.end))},
                    "aggregations": statistics(span.counted(start, min(start + step, span.end + 1))[0]),
                }
                for start in range(span.start, span.end + 1, step)
            ]
        reply(resp, {"total": len(rows), "results": rows})
