"""Log lines about staff signing in, so that an attack leaves traces.

A name that was only tried is not among them: people type their password there.
"""

from __future__ import annotations

import logging
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.dispatch import receiver

logger = logging.getLogger(__name__)


@receiver(user_logged_in)
def note_sign_in(user: Any, **_: object) -> None:
    logger.info("Staff %s signed in.", user.get_username())


@receiver(user_login_failed)
def note_failure(**_: object) -> None:
    logger.warning("Somebody failed to sign in as staff.")


@receiver([authenticator_added, authenticator_removed])
def note_second_factor(signal: Any, user: Any, authenticator: Authenticator, **_: object) -> None:
    what = "set up" if signal is authenticator_added else "removed"
    logger.warning("Staff %s %s a second factor (%s).", user.get_username(), what, authenticator.type)
