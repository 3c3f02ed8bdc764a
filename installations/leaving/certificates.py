"""Certificates of erasure: what stays of an installation, signed, for whoever has to show that the rest is gone.

Signed with Ed25519, by keys derived from the key-encryption keys: nothing more has to be kept safe, and whoever has the
public key can check a certificate without us. It names its account by HubSpot's id and nobody by name.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from ..credentials import vault
from ..models import DataKey, Portal

FORMAT = "hubapp erasure 1"
_PURPOSE = b"hubapp erasure certificates, Ed25519"

Certificate = dict[str, Any]  # JSON


class Verdict(StrEnum):
    """What a signature is worth."""

    OURS = "signed by us"
    FOREIGN = "signed by a key that is not ours"  # or no longer
    BROKEN = "changed, or not signed"


class CertificateInvalid(Exception):
    """A text is no certificate of erasure. The message says which part is wrong."""


@dataclass(frozen=True)
class Subject:
    """Which installation a certificate is about, and when its erasure was complete."""

    hub_id: int
    installation: int
    connected_at: datetime
    erased_at: datetime


def certify(portal: Portal, erased_at: datetime) -> Certificate:
    """Return the signed certificate of an installation whose rows are gone, all but its own and its data key's."""
    data_key = DataKey.objects.filter(portal=portal).first()
    destroyed_at = data_key.destroyed_at if data_key else None
    return _signed(
        {
            "format": FORMAT,
            "issuer": settings.PUBLIC_URL,
            "hub_id": portal.hub_id,
            "installation": portal.pk,
            "connected_at": portal.connected_at.isoformat(),
            "ended_at": portal.state_changed_at.isoformat(),
            "ended_because": portal.state_reason,
            "keys_destroyed_at": destroyed_at.isoformat() if destroyed_at else None,
            "erased_at": erased_at.isoformat(),
            "rows": portal.rows_to_erase or {},
        }
    )


def verdict(certificate: Certificate) -> Verdict:
    """Check a certificate's signature, and whether it is of a key derived from ENCRYPTION_KEYS."""
    statement = {name: value for name, value in certificate.items() if name != "signature"}
    try:
        key = base64.b64decode(certificate["signature"]["public_key"], validate=True)
        signature = base64.b64decode(certificate["signature"]["value"], validate=True)
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _canonical(statement))
    except (KeyError, TypeError, ValueError, binascii.Error, InvalidSignature):
        return Verdict.BROKEN
    return Verdict.OURS if base64.b64encode(key).decode() in public_keys().values() else Verdict.FOREIGN


def public_keys() -> dict[str, str]:
    """Return the public keys of our signatures in base64, by the id of the key-encryption key they come from."""
    return {key_id: _public(_signing_key(key)) for key_id, key in vault.key_ring().keys.items()}


def parse(text: str) -> Certificate:
    """Read a certificate from JSON. Raises CertificateInvalid."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CertificateInvalid(f"It is not JSON: {error}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise CertificateInvalid(f"It is not of the format {FORMAT!r}.")
    return found


def subject(certificate: Certificate) -> Subject:
    """Return what a certificate is about. Raises CertificateInvalid."""
    try:
        hub_id, installation = certificate["hub_id"], certificate["installation"]
        times = [datetime.fromisoformat(certificate[name]) for name in ("connected_at", "erased_at")]
    except (KeyError, TypeError, ValueError) as error:
        raise CertificateInvalid(f"It lacks something: {error}") from error
    if type(hub_id) is not int or type(installation) is not int or any(time.tzinfo is None for time in times):
        raise CertificateInvalid("It does not say which installation was erased, or when.")
    return Subject(hub_id, installation, *times)


def _signed(statement: Mapping[str, Any]) -> Certificate:
    ring = vault.key_ring()
    key = _signing_key(ring.keys[ring.first])
    value = base64.b64encode(key.sign(_canonical(statement))).decode()
    return {**statement, "signature": {"key": ring.first, "public_key": _public(key), "value": value}}


def _canonical(statement: Mapping[str, Any]) -> bytes:
    """The same bytes for the same statement, whoever stored it meanwhile."""
    return json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()


def _signing_key(key: bytes) -> Ed25519PrivateKey:
    derived = HKDF(SHA256(), length=32, salt=None, info=_PURPOSE).derive(key)
    return Ed25519PrivateKey.from_private_bytes(derived)


def _public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()
