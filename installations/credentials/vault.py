"""Tokens at rest: AES-256-GCM, a data key per portal, each wrapped by a key-encryption key.

A ciphertext is bound to its portal, column, row and data key, so that one moved elsewhere by a SQL write does not
open. Rotating the key-encryption key re-wraps the small data keys and touches no ciphertext.
"""

from __future__ import annotations

import base64
import binascii
import os
import uuid
from dataclasses import dataclass
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from hubspot_api.secret import Secret

from ..models import DataKey, Portal

_NONCE_BYTES = 12
_KEY_BYTES = 32


class VaultError(Exception):
    """Something sealed cannot be opened. The message names the portal, never the content."""


class DataKeyDestroyed(VaultError):
    """The portal's data key was destroyed on purpose: what it sealed is gone."""


class KeyUnknown(VaultError):
    """The key-encryption key that wrapped a data key is not among ENCRYPTION_KEYS."""


class SealBroken(VaultError):
    """A ciphertext was changed, moved from its place, or sealed with another key."""


@dataclass(frozen=True)
class KeyRing:
    """The key-encryption keys by id. The first wraps, all unwrap."""

    first: str
    keys: dict[str, bytes]

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self.keys)})"

    def wrap(self, key: bytes, bound_to: bytes) -> tuple[bytes, str]:
        return _encrypt(self.keys[self.first], key, bound_to), self.first

    def unwrap(self, wrapped: bytes, wrapped_by: str, bound_to: bytes) -> bytes:
        """Raises KeyUnknown, SealBroken."""
        if wrapped_by not in self.keys:
            raise KeyUnknown(f"Key {wrapped_by!r} is not in ENCRYPTION_KEYS; add it again, or reconnect the portal.")
        return _decrypt(self.keys[wrapped_by], wrapped, bound_to)


def parse_keys(text: str) -> KeyRing:
    """Read `id:base64,id:base64`; each key has 32 bytes. Raises ImproperlyConfigured, without showing a key."""
    keys: dict[str, bytes] = {}
    for item in text.split(","):
        key_id, separator, encoded = item.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not (key_id and separator) or len(key) != _KEY_BYTES or key_id in keys:
            raise ImproperlyConfigured(
                f"ENCRYPTION_KEYS: item {len(keys) + 1} is not a new id, a colon and 32 bytes in base64. "
                "Make one: python manage.py make_encryption_key"
            )
        keys[key_id] = key
    return KeyRing(next(iter(keys)), keys)


def make_key(key_id: str) -> str:
    """Return a new key-encryption key in the form that ENCRYPTION_KEYS takes."""
    return f"{key_id}:{base64.b64encode(os.urandom(_KEY_BYTES)).decode()}"


@cache
def _key_ring_of(text: str) -> KeyRing:
    return parse_keys(text)


def key_ring() -> KeyRing:
    """Return the configured keys. Raises ImproperlyConfigured."""
    return _key_ring_of(settings.ENCRYPTION_KEYS)


def make_data_key(portal: Portal) -> DataKey:
    """Give a new portal its data key. Raises KeysWrong rather than wrap it with a key that is another by mistake."""
    from .sentinels import prove  # it asks us what opens

    prove(key_ring())
    key_id = uuid.uuid4()
    wrapped, wrapped_by = key_ring().wrap(os.urandom(_KEY_BYTES), _wrapping(portal, key_id))
    return DataKey.objects.create(portal=portal, key_id=key_id, wrapped=wrapped, wrapped_by=wrapped_by)


def destroy_data_key(portal: Portal) -> None:
    """Make everything sealed for the portal unreadable, now and for good."""
    DataKey.objects.filter(portal=portal, destroyed_at=None).update(wrapped=None, destroyed_at=timezone.now())


def is_wrapped_well(data_key: DataKey, ring: KeyRing) -> bool:
    """Whether a data key that was not destroyed unwraps."""
    try:
        ring.unwrap(bytes(data_key.wrapped or b""), data_key.wrapped_by, _wrapping(data_key.portal, data_key.key_id))
    except VaultError:
        return False
    return True


def rewrap(data_key: DataKey) -> bool:
    """Wrap a data key anew with the first key-encryption key; False if it already is, or is destroyed."""
    ring = key_ring()
    if data_key.wrapped is None or data_key.wrapped_by == ring.first:
        return False
    bound_to = _wrapping(data_key.portal, data_key.key_id)
    key = ring.unwrap(bytes(data_key.wrapped), data_key.wrapped_by, bound_to)
    wrapped, wrapped_by = ring.wrap(key, bound_to)
    unchanged = DataKey.objects.filter(pk=data_key.pk, wrapped_by=data_key.wrapped_by, destroyed_at=None)
    return bool(unchanged.update(wrapped=wrapped, wrapped_by=wrapped_by))


class Vault:
    """Seals and opens one portal's secrets. Holds the unwrapped data key: keep it as short as a call."""

    def __init__(self, portal: Portal) -> None:
        """Raises DataKeyDestroyed, KeyUnknown, SealBroken."""
        data_key = DataKey.objects.get(portal=portal)
        if data_key.wrapped is None:
            raise DataKeyDestroyed(f"The data key of {portal} was destroyed on {data_key.destroyed_at:%Y-%m-%d}.")
        self._portal = portal
        self._key_id = data_key.key_id
        self._key = key_ring().unwrap(bytes(data_key.wrapped), data_key.wrapped_by, _wrapping(portal, data_key.key_id))

    def seal(self, column: str, secret: Secret) -> str:
        return _to_text(_encrypt(self._key, secret.reveal().encode(), self._place(column)))

    def open(self, column: str, sealed: str) -> Secret:
        """Raises SealBroken."""
        try:
            return Secret(_decrypt(self._key, _from_text(sealed), self._place(column)).decode())
        except SealBroken as error:
            raise SealBroken(f"{column} of {self._portal} does not open: it was changed or moved.") from error

    def _place(self, column: str) -> bytes:
        portal = self._portal
        return f"v1|credential|{column}|{portal.hub_id}|{portal.pk}|{self._key_id}".encode()


def seal_for_flow(row_id: uuid.UUID, secret: Secret) -> str:
    """Seal a short-lived secret that belongs to no portal yet, with a key-encryption key."""
    sealed, key_id = key_ring().wrap(secret.reveal().encode(), f"v1|flow|{row_id}".encode())
    return f"{key_id}.{_to_text(sealed)}"


def open_for_flow(row_id: uuid.UUID, sealed: str) -> Secret:
    """Raises KeyUnknown, SealBroken."""
    key_id, _, text = sealed.partition(".")
    return Secret(key_ring().unwrap(_from_text(text), key_id, f"v1|flow|{row_id}".encode()).decode())


def _wrapping(portal: Portal, key_id: uuid.UUID) -> bytes:
    return f"v1|data_key|{portal.hub_id}|{portal.pk}|{key_id}".encode()


def _encrypt(key: bytes, content: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, bound_to)


def _decrypt(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise SealBroken("A ciphertext does not open with its key in its place.") from error


def _to_text(sealed: bytes) -> str:
    return "v1." + base64.b64encode(sealed).decode()


def _from_text(text: str) -> bytes:
    version, _, encoded = text.partition(".")
    try:
        if version != "v1":
            raise SealBroken(f"Sealed in an unknown form {version[:8]!r}.")
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise SealBroken("A ciphertext is cut or garbled.") from error
