"""Whether tokens can be sealed, and whether everything that is sealed can be opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError

from installations.credentials.vault import KeyRing, key_ring
from installations.models import DataKey


@register()
def check_encryption_keys(**_: Any) -> list[CheckMessage]:
    """Whether tokens can be sealed at all."""
    if settings.DEVELOPMENT and not settings.ENCRYPTION_KEYS:
        hint = "Make one: python manage.py make_encryption_key"
        return [Caution("ENCRYPTION_KEYS is empty: no portal can be connected.", hint=hint, id="hubapp.W007")]
    try:
        key_ring()
    except ImproperlyConfigured as error:
        hint = "Give id:base64, several with commas between them, the one to use first in front."
        return [Error(str(error), hint=hint, id="hubapp.E007")]
    return []


@register(Tags.security)
def check_key_file(**_: Any) -> list[CheckMessage]:
    """Whether only we can replace the file with the keys; settings refuse one that others may read."""
    path = os.environ.get("ENCRYPTION_KEYS_FILE", "").strip()
    if not path:
        return []
    if os.environ.get("ENCRYPTION_KEYS", "").strip():
        hint = "Remove one of the two: a key that is only in the file is not used."
        return [Caution("ENCRYPTION_KEYS hides ENCRYPTION_KEYS_FILE.", hint=hint, id="hubapp.W022")]
    folder = Path(path).absolute().parent
    mode = folder.stat().st_mode
    if mode & 0o022 and not mode & stat.S_ISVTX:
        hint = f"Run: chmod go-w {folder}"
        return [Error(f"Others may replace files in {folder}, so also the keys.", hint=hint, id="hubapp.E023")]
    return []


@register(Tags.database)
def check_stored_keys(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Whether everything that is sealed can be opened. Asks the database, so only with `check --database default`."""
    if not databases:
        return []
    try:
        ring = key_ring()
        return [*_lost_portals(ring), *_lost_second_factors(ring)]
    except ImproperlyConfigured:
        return []  # the check above says so
    except DatabaseError:
        return []  # before the first migration there is nothing sealed


def _lost_portals(ring: KeyRing) -> Iterator[CheckMessage]:
    sealed = DataKey.objects.filter(destroyed_at=None).exclude(wrapped_by__in=ring.keys)
    for key_id in sealed.order_by("wrapped_by").values_list("wrapped_by", flat=True).distinct():
        count = sealed.filter(wrapped_by=key_id).count()
        yield Error(
            f"The tokens of {count} portals are sealed with key {key_id!r}, which is not in ENCRYPTION_KEYS.",
            hint="Add the key again, behind the first. Without it these portals have to be connected anew.",
            id="hubapp.E008",
        )


def _lost_second_factors(ring: KeyRing) -> Iterator[CheckMessage]:
    for data in Authenticator.objects.order_by("pk").values_list("data", flat=True):
        sealed = str(data.get("secret") or data.get("seed") or "")
        if "." in sealed and sealed.partition(".")[0] not in ring.keys:
            yield Error(
                "A second factor of staff is sealed with a key that is not in ENCRYPTION_KEYS.",
                hint="Add the key again, behind the first, or run: python manage.py reset_second_factor <username>",
                id="hubapp.E009",
            )
