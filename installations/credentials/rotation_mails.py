"""Remind a portal's people that a private app's token has been the same for half a year: about once a month.

For as long as the outbox knows of a message, it takes no second one about the same token.
"""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from .. import outbox
from ..models import ROTATE_AFTER, Credential, Mail, Membership, Portal
from ..outbox import Letter

DUE = "rotation_due"

_TEXT = """\
Hello,

{portal} (account {hub_id}) is connected to {host} by the token of a private app, which has been the same since
{since:%d %B %Y}. A token that never changes is a token that somebody may have by now.

Please rotate it in HubSpot, on the page of the private app; the old one can be kept alive for a few days there. Then
give the new one to the people who run {host}. What is mirrored stays as it is.

    {link}

You are reminded once a month until it is done. You get this message because you look after this HubSpot account there.
"""


def remind() -> int:
    """Post a message to the owner and admins of every portal whose token is old; return how many portals that are."""
    old = Credential.objects.filter(expires_at=None, obtained_at__lte=timezone.now() - ROTATE_AFTER)
    due = list(old.filter(portal__state=Portal.State.ACTIVE).select_related("portal").defer("access_token"))
    for credential in due:
        outbox.post(credential.portal, DUE, _people(credential.portal), about=str(credential.token_number))
    return len(due)


def _people(portal: Portal) -> list[str]:
    who_may = portal.memberships.filter(role__in=[Membership.Role.OWNER, Membership.Role.ADMIN])
    return list(who_may.order_by("pk").values_list("email", flat=True))


def write(mail: Mail) -> Letter | None:
    """Return what to say; None when the portal has another token by now, or has left."""
    portal = mail.its_portal
    credential = Credential.objects.filter(portal=portal, expires_at=None).defer("access_token").first()
    if credential is None or str(credential.token_number) != mail.about or portal.state != Portal.State.ACTIVE:
        return None
    return Letter(f"Please rotate the private app's token of {portal}", _text(portal, credential))


def _text(portal: Portal, credential: Credential) -> str:
    return _TEXT.format(
        portal=portal.name or "Your HubSpot account",
        hub_id=portal.hub_id,
        host=settings.PUBLIC_URL,
        since=credential.obtained_at,
        link=f"{settings.PUBLIC_URL}{reverse('portal_settings', args=[portal.hub_id])}",
    )


outbox.register(DUE, write)
