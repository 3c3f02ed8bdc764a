"""Tell a portal's people that it has to be connected again: once per outage, and once more after a week."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.dispatch import receiver
from django.urls import reverse
from django.utils import timezone

from .. import outbox
from ..calls import switches
from ..errors import TryLater
from ..models import Mail, Membership, Portal
from ..outbox import Letter
from ..signals import portal_needs_reconnect

NEEDED, REMINDER = "reconnect_needed", "reconnect_reminder"
# Whoever took the app out of HubSpot on purpose should not be asked to put it back: by then we have heard of it.
FIRST_AFTER = timedelta(minutes=10)
REMIND_AFTER = timedelta(days=7)

_TEXT = """\
Hello,

HubSpot no longer accepts our access to {portal} (account {hub_id}). {reason}
Since {since:%d %B %Y, %H:%M} UTC nothing has been read from HubSpot.

{what_to_do}

What changed meanwhile is then caught up with.

If this was done on purpose, there is nothing to do: {erasure}
{last}
You get this message because you connected this HubSpot account to {host}, or look after it there.
"""
_INSTALL = """\
To connect it again, sign in to HubSpot as somebody who may install apps, and open

    {link}\
"""
_ROTATE = """\
It was connected by the token of a private app. Give its new token to the people who run {host}, who replace the
old one. Or install the app instead, which needs no token of yours:

    {link}\
"""


@receiver(portal_needs_reconnect)
def tell(portal: Portal, **_: object) -> None:
    """Post both messages inside the transaction that parks the portal."""
    people, outage = list(_people(portal)), portal.state_changed_at.isoformat()
    outbox.post(portal, NEEDED, people, outage, after=FIRST_AFTER)
    outbox.post(portal, REMINDER, people, outage, after=REMIND_AFTER)


def _people(portal: Portal) -> Iterator[str]:
    yield portal.installed_by_email
    who_may = portal.memberships.filter(role__in=[Membership.Role.OWNER, Membership.Role.ADMIN])
    yield from who_may.order_by("pk").values_list("email", flat=True)


def write(mail: Mail) -> Letter | None:
    """Return what to say; None when the portal was connected again or has left, or this is an earlier outage.

    Raises TryLater while nobody could connect it.
    """
    portal = mail.its_portal
    if switches.is_everything_stopped():
        raise TryLater("Calls to HubSpot are stopped: nobody can connect anything.", timezone.now() + FIRST_AFTER)
    is_out = portal.state == Portal.State.NEEDS_RECONNECT and portal.state_changed_at.isoformat() == mail.about
    return Letter(_subject(mail, portal), _text(mail, portal)) if is_out else None


def _subject(mail: Mail, portal: Portal) -> str:
    again = "Reminder: " if mail.kind == REMINDER else ""
    return f"{again}{portal} has to be connected to HubSpot again"


def _text(mail: Mail, portal: Portal) -> str:
    erased_on = f"everything we stored is erased on {portal.erase_at:%d %B %Y}." if portal.erase_at else "it stays off."
    link = f"{settings.PUBLIC_URL}{reverse('install')}?hub_id={portal.hub_id}"
    what_to_do = _ROTATE if portal.is_private_app else _INSTALL
    return _TEXT.format(
        portal=portal.name or "your HubSpot account",
        hub_id=portal.hub_id,
        reason=portal.state_reason,
        since=portal.state_changed_at,
        what_to_do=what_to_do.format(link=link, host=settings.PUBLIC_URL),
        erasure=erased_on,
        last="We will not write about this again.\n" if mail.kind == REMINDER else "",
        host=settings.PUBLIC_URL,
    )


outbox.register(NEEDED, write)
outbox.register(REMINDER, write)
