"""Where django-allauth asks us: who may sign in, how secrets of second factors are kept."""

from __future__ import annotations

import base64
import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest

from installations.credentials import vault

_BOUND_TO = b"v1|staff|second factor"


class StaffBackend(ModelBackend):
    """Passwords of staff. Nobody else has one, and if somebody had, it would not open anything."""

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(super().user_can_authenticate(user) and user.is_staff)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library is untyped
    """No sign-up. Staff are made with `manage.py createsuperuser`."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the library's name
        return False

    def is_safe_url(self, url: str) -> bool:
        """Whether to go there after a sign-in. What no address parser takes is not safe, and no reason to fail."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Who typed the password a moment ago, to sign in, need not type it again to set a second factor up."""
        return not _has_just_signed_in(context.request) and super().is_reauthentication_required(app=app, **kwargs)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # the library is untyped
    """Secrets of second factors are sealed like tokens."""

    def encrypt(self, text: str) -> str:
        sealed, key_id = vault.key_ring().wrap(text.encode(), _BOUND_TO)
        return f"{key_id}.{base64.b64encode(sealed).decode()}"

    def decrypt(self, encrypted_text: str) -> str:
        key_id, _, sealed = encrypted_text.partition(".")
        return vault.key_ring().unwrap(base64.b64decode(sealed), key_id, _BOUND_TO).decode()


def _has_just_signed_in(request: HttpRequest) -> bool:
    user: AbstractBaseUser = request.user  # type: ignore[assignment]
    records = get_authentication_records(request, user)
    return any(time.time() - record["at"] < app_settings.REAUTHENTICATION_TIMEOUT for record in records)
