"""Tell a portal's people that it is disconnected: once, whether by an uninstall in HubSpot or by somebody here.

Of a disconnect on our pages too, though whoever did it knows: the owner and the other admins were not there, and one
that nobody of them wanted should not stay unnoticed. Then it is short, and says who it was.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from .. import outbox
from ..errors import TryLater
from ..models import AuditEntry, Mail, Membership, Portal
from ..outbox import Letter

UNINSTALLED, DISCONNECTED = "uninstalled", "disconnected"
DISCONNECTED_BY = "disconnected"  # the audit entry's verb
# Whoever takes the app out and puts it back need not hear of either.
AFTER = timedelta(minutes=5)
_LOOK_AGAIN = timedelta(minutes=1)

_UNINSTALLED = """\
Hello,

our app was uninstalled from {portal} (account {hub_id}) in HubSpot; we noticed it on {since:%d %B %Y, %H:%M} UTC. Our
access to the account is destroyed, and nobody can open it at {host} any more.

{erasure}

If this was a mistake, install the app again as somebody who may install apps in HubSpot. It then starts from
nothing and reads everything anew; you need not wait for the erasure:

    {link}

Nothing in HubSpot was changed or deleted by us. You get this message, the only one about it, because you connected
this HubSpot account to {host}, or looked after it there.
"""
_DISCONNECTED = """\
Hello,

{actor} disconnected {portal} (account {hub_id}) from {host} on {since:%d %B %Y, %H:%M} UTC.
{reason}

{erasure}

If you did not want this, connect it again; it then starts from nothing:

    {link}

You get this message, the only one about it, because you looked after this HubSpot account there.
"""
_ERASURE = """\
What we stored about it is erased on {erase_at:%d %B %Y}. A signed certificate, which names no person, proves that
from then on: ask the people who run {host} for the certificate of account {hub_id}."""


def tell_of_uninstall(portal: Portal) -> None:
    """Post the message, in the transaction that ends the portal and before its people are gone from it."""
    outbox.post(portal, UNINSTALLED, _people(portal), after=AFTER)


def tell_of_disconnect(portal: Portal) -> None:
    """The same of a disconnect that somebody asked for here, written down as `DISCONNECTED_BY` before."""
    outbox.post(portal, DISCONNECTED, _people(portal))


def _people(portal: Portal) -> list[str]:
    who_may = portal.memberships.filter(role__in=[Membership.Role.OWNER, Membership.Role.ADMIN])
    return [portal.installed_by_email, *who_may.order_by("pk").values_list("email", flat=True)]


def write(mail: Mail) -> Letter | None:
    """Return what to say; None when the account is connected again, so that there is nothing to be done.

    Raises TryLater while HubSpot is being told, for an hour at most: what came of it belongs into the message.
    """
    portal = mail.its_portal
    if portal.state == Portal.State.DISCONNECTING:
        raise TryLater("HubSpot is being told of the disconnect.", timezone.now() + _LOOK_AGAIN)
    is_back = Portal.objects.live().filter(hub_id=portal.hub_id).exists()
    if is_back or portal.state != Portal.State.DISCONNECTED:
        return None
    if mail.kind == UNINSTALLED:
        return Letter(f"{portal} was disconnected: our app was uninstalled", _text(_UNINSTALLED, portal))
    return Letter(f"{portal} was disconnected", _text(_DISCONNECTED, portal))


def _text(text: str, portal: Portal) -> str:
    facts = {
        "portal": portal.name or "your HubSpot account",
        "hub_id": portal.hub_id,
        "host": settings.PUBLIC_URL,
        "since": portal.state_changed_at,
        "reason": portal.state_reason,
        "erase_at": portal.erase_at,
        "link": f"{settings.PUBLIC_URL}{reverse('install')}?hub_id={portal.hub_id}",
        "actor": _actor(portal),
    }
    return text.format(erasure=_ERASURE.format(**facts), **facts)


def _actor(portal: Portal) -> str:
    entry = AuditEntry.objects.filter(portal=portal, action=DISCONNECTED_BY).order_by("-pk").first()
    return entry.actor if entry else "Somebody"


outbox.register(UNINSTALLED, write)
outbox.register(DISCONNECTED, write)
