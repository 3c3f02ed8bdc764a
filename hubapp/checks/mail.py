"""Whether people hear from us when their portal needs them."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ValidationError
from django.core.validators import validate_email


@register()
def check_mail(**_: Any) -> list[CheckMessage]:
    """Mail may be off, but not by oversight; and what we send needs a sender."""
    if settings.DEVELOPMENT:
        return []
    if not settings.MAIL_IS_ON:
        on_purpose = "To do without on purpose: SILENCED_SYSTEM_CHECKS in hubapp/settings.py."
        hint = f"Set EMAIL_URL, as smtps://user:password@host. {on_purpose}"
        return [
            Caution("Nobody is told by e-mail that a portal has to be connected again.", hint=hint, id="hubapp.W040")
        ]
    try:
        validate_email(parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
    except ValidationError:
        hint = "Give an address that your mail server sends for, as: Our app <app@example.com>"
        return [Error("DEFAULT_FROM_EMAIL is no e-mail address.", hint=hint, id="hubapp.E041")]
    return []
