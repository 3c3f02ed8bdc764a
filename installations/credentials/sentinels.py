"""Whether these are the encryption keys that the database was sealed with: asked before anything is sealed with them.

Each key-encryption key that was ever used has sealed a known word. A key of the same id that does not open it is
another key, by mistake; used all the same, it would seal what nobody can open next to what it cannot open itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError

from ..models import DataKey, KeySentinel
from .vault import KeyRing, SealBroken, is_wrapped_well, key_ring

logger = logging.getLogger(__name__)

_SOME = 10
_WORD = b"the word that every key has sealed"
_proven: set[frozenset[tuple[str, bytes]]] = set()  # what this process has compared


class KeysWrong(ImproperlyConfigured):
    """ENCRYPTION_KEYS are not those that the database was sealed with. Nothing was changed."""


def prove_at_start() -> None:
    """Refuse to start with keys that are wrong or missing. Raises KeysWrong, ImproperlyConfigured.

    Without a database, or before its first migration, nothing can be known: then it is asked before the first sealing.
    """
    if settings.DEVELOPMENT and not settings.ENCRYPTION_KEYS:
        return  # a check says so; nothing can be sealed
    ring = key_ring()
    try:
        _require_all(ring)
        prove(ring)
    except DatabaseError as error:
        logger.warning("The encryption keys could not be compared with the database yet: %s", error)


def prove(ring: KeyRing) -> None:
    """Refuse to seal with a key that is not the one of its id. Asks the database once per process. Raises KeysWrong."""
    fingerprint = frozenset(ring.keys.items())
    if fingerprint in _proven:
        return
    known = dict(KeySentinel.objects.filter(key_id__in=ring.keys).values_list("key_id", "sealed"))
    for key_id in ring.keys:
        _require_same(ring, key_id, known.get(key_id))
    if ring.first not in known:  # the others seal nothing any more: they are only there to open
        sealed, key_id = ring.wrap(_WORD, _place(ring.first))
        KeySentinel.objects.bulk_create([KeySentinel(key_id=key_id, sealed=sealed)], ignore_conflicts=True)
    _proven.add(fingerprint)


def let_go(key_ids: Iterable[str]) -> None:
    """Forget keys that seal nothing any more, so that the app starts without them."""
    KeySentinel.objects.filter(key_id__in=list(key_ids)).delete()


def _place(key_id: str) -> bytes:
    return f"v1|sentinel|{key_id}".encode()


def _require_all(ring: KeyRing) -> None:
    missing = KeySentinel.objects.exclude(key_id__in=ring.keys).order_by("key_id").values_list("key_id", flat=True)
    if missing:
        raise KeysWrong(
            f"ENCRYPTION_KEYS lacks {', '.join(missing)}, with which things in the database are sealed. Add it again, "
            "behind the first. If it seals nothing any more: manage.py rewrap_keys. If it is lost for good, and "
            "its portals shall be connected anew: manage.py rewrap_keys --forget ID."
        )


def _require_same(ring: KeyRing, key_id: str, sealed: bytes | memoryview | None) -> None:
    """Compare with the sentinel, or where there is none yet with some data keys: one of them may be damaged."""
    if sealed is not None:
        is_same = _opens(ring, key_id, bytes(sealed))
    else:
        wrapped = DataKey.objects.filter(wrapped_by=key_id, destroyed_at=None).select_related("portal")[:_SOME]
        is_same = not wrapped or any(is_wrapped_well(data_key, ring) for data_key in wrapped)
    if not is_same:
        raise KeysWrong(
            f"Key {key_id!r} of ENCRYPTION_KEYS is not the one with which this database was sealed. Put the right one "
            "back. A new key needs a new id."
        )


def _opens(ring: KeyRing, key_id: str, sealed: bytes) -> bool:
    try:
        return ring.unwrap(sealed, key_id, _place(key_id)) == _WORD
    except SealBroken:
        return False
