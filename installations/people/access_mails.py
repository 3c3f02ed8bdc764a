"""Tell people by e-mail who asks for access, that they were let in, and what becomes of the ownership."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from .. import outbox
from ..models import Mail, Membership, OwnershipClaim, Portal
from ..outbox import Letter

ASKED, LET_IN, CLAIMED, HANDED_OVER = "access_asked", "access_given", "ownership_claimed", "ownership_handed_over"

_Role = Membership.Role

_ASKED = """\
Hello,

{who} (HubSpot user {user_id}) asks for access to what hubapp mirrors of {portal} (account {hub_id}).
HubSpot confirms that they belong to the account. To let them in or to decline, open

    {link}

You get this message because you decide at {host} who sees this account.
"""
_LET_IN = """\
Hello,

you have been let into {portal} (account {hub_id}) as {role}:

    {link}

You get this message because you asked for access at {host}.
"""
_CLAIMED = """\
Hello,

{who} wants to take over the ownership of the connection of {portal} (account {hub_id}), because HubSpot has not
confirmed its owner for a month. This can be done from {ripe_at:%d %B %Y, %H:%M} UTC on.

If you are the owner and want to stay it, sign in before; nothing else is needed:

    {link}

You get this message because you own this connection at {host}, or look after it there.
"""
_HANDED_OVER = """\
Hello,

{who} now owns the connection of {portal} (account {hub_id}), and decides there together with its admins who sees it.

    {link}

If that is not right, please speak to them, or to the people who run {host}.
"""


def asked(member: Membership) -> None:
    """Post to who decides: at most one message a day about the same person."""
    outbox.post(member.portal, ASKED, _deciders(member.portal), f"{member.user_id} {timezone.now():%Y-%m-%d}")


def let_in(member: Membership) -> None:
    outbox.post(member.portal, LET_IN, [member.email], f"{member.user_id} {timezone.now().isoformat()}")


def claimed(claim: OwnershipClaim, ripe_at: datetime) -> None:
    """Post to the owner and the admins. `ripe_at`: until when the owner can object."""
    outbox.post(claim.portal, CLAIMED, _deciders(claim.portal), ripe_at.isoformat())


def handed_over(portal: Portal, before: Membership | None, heir: Membership) -> None:
    """Post to the owner and to who was it until now."""
    people = [heir.email, before.email] if before else [heir.email]
    outbox.post(portal, HANDED_OVER, people, f"{heir.user_id} {timezone.now().isoformat()}")


def _deciders(portal: Portal) -> Iterator[str]:
    yield from portal.memberships.filter(role__in=[_Role.OWNER, _Role.ADMIN]).values_list("email", flat=True)


def _write_asked(mail: Mail) -> Letter | None:
    member = _whom(mail)
    if member is None or not member.is_asking:
        return None
    link = f"{_address(mail, 'portal_settings')}#people"
    return Letter(f"{member.name} asks for access to {mail.its_portal}", _text(_ASKED, mail, member, link=link))


def _write_let_in(mail: Mail) -> Letter | None:
    member = _whom(mail)
    if member is None or member.role == _Role.WAITING:
        return None
    text = _text(_LET_IN, mail, member, link=_address(mail, "portal"), role=member.get_role_display().lower())
    return Letter(f"You have been let into {mail.its_portal}", text)


def _write_claimed(mail: Mail) -> Letter | None:
    claim, ripe_at = OwnershipClaim.objects.filter(portal=mail.portal).first(), parse_datetime(mail.about)
    if claim is None:
        return None
    link = f"{settings.PUBLIC_URL}{reverse('sign_in')}?hub_id={mail.its_portal.hub_id}"
    text = _text(_CLAIMED, mail, claim.claimant, link=link, ripe_at=ripe_at)
    return Letter(f"The ownership of {mail.its_portal} was claimed", text)


def _write_handed_over(mail: Mail) -> Letter | None:
    heir = _whom(mail)
    if heir is None or heir.role != _Role.OWNER:
        return None
    text = _text(_HANDED_OVER, mail, heir, link=_address(mail, "portal_settings"))
    return Letter(f"{mail.its_portal} has a new owner at hubapp", text)


def _whom(mail: Mail) -> Membership | None:
    """Return whom a message is about, if the portal still knows them."""
    return mail.its_portal.memberships.filter(user_id=mail.about.split()[0]).first()


def _address(mail: Mail, name: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, kwargs={'hub_id': mail.its_portal.hub_id})}"


def _text(words: str, mail: Mail, member: Membership, **more: object) -> str:
    return words.format(
        who=member.name,
        user_id=member.user_id,
        portal=mail.its_portal.name or "your HubSpot account",
        hub_id=mail.its_portal.hub_id,
        host=settings.PUBLIC_URL,
        **more,
    )


outbox.register(ASKED, _write_asked)
outbox.register(LET_IN, _write_let_in)
outbox.register(CLAIMED, _write_claimed)
outbox.register(HANDED_OVER, _write_handed_over)
