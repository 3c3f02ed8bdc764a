"""The second factor that the console demands: proven in this session, not merely owned by the account."""

from __future__ import annotations

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import reverse

_SET_UP_HERE = "second_factor_set_up_by"  # the session's key for the user who set one up in it
_TYPES = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def is_proven(request: HttpRequest) -> bool:
    """Whether whoever is signed in has shown a second factor since, or none is demanded."""
    if not settings.STAFF_MFA_REQUIRED:
        return True
    records = get_authentication_records(request, request.user)
    is_shown = any(record["method"] == "mfa" for record in records)
    return is_shown or request.session.get(_SET_UP_HERE) == request.user.pk


def page_that_proves(request: HttpRequest) -> str:
    """Return where to show a second factor, or to set one up."""
    has_one = get_adapter().is_mfa_enabled(request.user, _TYPES)
    return reverse("mfa_reauthenticate" if has_one else "mfa_activate_totp", query={"next": request.get_full_path()})


@receiver(authenticator_added)
def remember_set_up(request: HttpRequest, user: Any, authenticator: Authenticator, **_: object) -> None:
    """Setting a second factor up takes showing it."""
    if authenticator.type in _TYPES:
        request.session[_SET_UP_HERE] = user.pk
