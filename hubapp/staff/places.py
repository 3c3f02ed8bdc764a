"""Staff who sign in from a network or browser that is new to them hear of it by e-mail, and so does the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import reverse

from installations import outbox
from installations.audit import record
from installations.outbox import Letter
from installations.people import places

if TYPE_CHECKING:
    from installations.models import Mail

NEW_PLACE = "staff_new_place"

_TEXT = """\
Hello {name},

somebody signed in to the console of {host} as you, from a place that you have not used for months, if ever:

    {browser}, from the network {network}
    {at:%d %B %Y, %H:%M} UTC

If that was you, there is nothing to do. If not: somebody knows your password and has your second factor. Sign out
everywhere, which every page of the console offers, change your password, remove second factors that are not yours,
and tell your colleagues. They can see this under Places:

    {link}
"""


@receiver(user_logged_in)
@transaction.atomic
def note(request: HttpRequest, user: Any, **_: object) -> None:
    name = user.get_username()
    place, is_news = places.note(request, places.Who.STAFF, user.pk, name, known_since=user.date_joined)
    if is_news:
        record(None, f"staff {name}", "signed in from a new place", str(place))
        outbox.post(None, NEW_PLACE, [user.email], str(place.pk))


def write(mail: Mail) -> Letter | None:
    """Return what to say, even if somebody has said that it is all right: maybe the thief. None: it is forgotten."""
    from installations.models import Place  # this module is loaded before there are models

    place = Place.objects.filter(pk=mail.about).first()
    if place is None:
        return None
    text = _TEXT.format(
        name=place.name,
        host=settings.PUBLIC_URL,
        browser=place.browser or "a browser that says nothing of itself",
        network=place.network or "that is unknown",
        at=place.first_at,
        link=f"{settings.PUBLIC_URL}{reverse('admin:installations_place_changelist')}",
    )
    return Letter("A sign-in from a new place", text)


outbox.register(NEW_PLACE, write)
