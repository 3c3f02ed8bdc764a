"""How pages say moments, regions, roles, and text that somebody else wrote."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from installations.models import Membership

register = template.Library()

_REGIONS = {"na": "North America", "eu": "European Union", "ap": "Asia-Pacific"}
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ROLES = {
    Membership.Role.OWNER: "sees everything, decides who has access, may disconnect",
    Membership.Role.ADMIN: "as the owner, but cannot change the owner's access",
    Membership.Role.VIEWER: "sees everything, changes nothing",
    Membership.Role.WAITING: "sees the connection's status only",
}


@register.filter
def moment(at: datetime | None) -> SafeString:
    """Say a moment to the second, in UTC; nothing for None, so that `default` may say what that means."""
    return _time(at, "{date}, {time} UTC")


@register.filter
def stamp(at: datetime | None) -> SafeString:
    """As `moment`, for a column whose heading says that it is UTC."""
    return _time(at, "{date}, {time}")


@register.filter
def ago(at: datetime | None) -> SafeString:
    """As `moment`; a script makes it "3 minutes ago" and keeps that true."""
    return _time(at, "{date}, {time} UTC", "data-ago")


@register.filter
def day(at: datetime | None) -> SafeString:
    """Say the date alone."""
    return format_html('<time datetime="{}">{}</time>', f"{_utc(at):%Y-%m-%d}", _date(at)) if at else SafeString()


@register.filter
def in_hours(duration: timedelta) -> str:
    return f"{duration // timedelta(hours=1)} hours"


@register.filter
def in_days(duration: timedelta) -> str:
    return "a day" if duration == timedelta(days=1) else f"{duration.days} days"


@register.filter
def region(hublet: str) -> str:
    """Say where HubSpot keeps an account, from the data centre's short name."""
    words = _REGIONS.get(hublet.rstrip("0123456789"))
    return f"{words} ({hublet})" if words else hublet


@register.filter
def undirected(text: str) -> str:
    """Drop characters that turn the direction of text around, for places without markup that contains them."""
    return _DIRECTIONS.sub("", text)


@register.filter
def role_means(role: str) -> str:
    return _ROLES[Membership.Role(role)]


def _time(at: datetime | None, words: str, attribute: str = "") -> SafeString:
    if at is None:
        return SafeString()
    utc = _utc(at)
    said = words.format(date=_date(at), time=f"{utc:%H:%M:%S}")
    return format_html('<time datetime="{}" {}>{}</time>', f"{utc:%Y-%m-%dT%H:%M:%SZ}", attribute, said)


def _date(at: datetime) -> str:
    utc = _utc(at)
    return f"{utc.day} {utc:%b %Y}"


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
