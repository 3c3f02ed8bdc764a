"""Signatures of requests that HubSpot sends us: webhooks, workflow actions, cards.

    verify_v3([current, previous], signature=…, timestamp=…, method="POST", uri=public_url, body=raw, now=time.time())

Pure functions over the bytes as they came in. Source: HubSpot's page "Validating requests" (request-validation). The
secret is the app's client secret; `uri` is the full public address, query included, as HubSpot was given it.
Only v3 guards against replays. v1 covers neither address nor method.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence

from hubspot_api.errors import InvalidSignature, SignatureProblem
from hubspot_api.secret import Secret

OLDEST_MS = 5 * 60 * 1000  # HubSpot's rule
NEWEST_MS = 60 * 1000  # ours: HubSpot's own libraries accept any time in the future

# "Decode the following": these, and nothing else, are decoded in a v3 address before hashing.
V3_DECODED = {
    "%3A": ":",
    "%2F": "/",
    "%3F": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%3B": ";",
}
_V3_ESCAPE = re.compile("|".join(V3_DECODED), re.IGNORECASE)  # hex digits in either case mean the same


def sign_v1(secret: Secret, body: bytes) -> str:
    """Return the v1 signature: 64 hex digits."""
    return hashlib.sha256(secret.reveal().encode() + body).hexdigest()


def sign_v2(secret: Secret, method: str, uri: str, body: bytes) -> str:
    """Return the v2 signature: 64 hex digits."""
    return hashlib.sha256((secret.reveal() + method.upper() + uri).encode() + body).hexdigest()


def sign_v3(secret: Secret, method: str, uri: str, body: bytes, timestamp: str) -> str:
    """Return the v3 signature: 44 characters of base64. `timestamp` is the header's text, in milliseconds."""
    source = (method.upper() + decode_v3_uri(uri)).encode() + body + timestamp.encode()
    return base64.b64encode(hmac.digest(secret.reveal().encode(), source, "sha256")).decode()


def decode_v3_uri(uri: str) -> str:
    """Decode the twelve escapes that HubSpot decodes before it signs."""
    return _V3_ESCAPE.sub(lambda escape: V3_DECODED[escape[0].upper()], uri)


def verify_v1(secrets: Sequence[Secret], *, signature: str | None, body: bytes) -> int:
    """Check X-HubSpot-Signature with version v1. Returns and raises as `verify_v3`."""
    given = _hex_digest(signature)
    return _matching([sign_v1(secret, body) for secret in secrets], given)


def verify_v2(secrets: Sequence[Secret], *, signature: str | None, method: str, uri: str, body: bytes) -> int:
    """Check X-HubSpot-Signature with version v2. Returns and raises as `verify_v3`."""
    given = _hex_digest(signature)
    return _matching([sign_v2(secret, method, uri, body) for secret in secrets], given)


def verify_v3(
    secrets: Sequence[Secret],
    *,
    signature: str | None,
    timestamp: str | None,
    method: str,
    uri: str,
    body: bytes,
    now: float,
) -> int:
    """Check X-HubSpot-Signature-v3 and X-HubSpot-Request-Timestamp.

    Header values as received, None when absent; `now` in seconds since the epoch. While a secret is being rotated,
    pass the current and the previous one. Returns the position of the secret that matched. Raises InvalidSignature,
    whatever the headers hold.
    """
    given = _form(signature, r"[A-Za-z0-9+/]{43}=")
    time = _checked_timestamp(timestamp, now)
    return _matching([sign_v3(secret, method, uri, body, time) for secret in secrets], given)


def _hex_digest(signature: str | None) -> str:
    return _form(signature, r"[0-9a-f]{64}")


def _form(signature: str | None, pattern: str) -> str:
    if not signature:
        raise InvalidSignature(SignatureProblem.MISSING)
    if "," in signature:  # servers join repeated headers
        raise InvalidSignature(SignatureProblem.DOUBLED)
    if not re.fullmatch(pattern, signature):
        raise InvalidSignature(SignatureProblem.MALFORMED)
    return signature


def _checked_timestamp(timestamp: str | None, now: float) -> str:
    if not timestamp:
        raise InvalidSignature(SignatureProblem.TIMESTAMP_MISSING)
    if "," in timestamp:
        raise InvalidSignature(SignatureProblem.DOUBLED)
    if not re.fullmatch(r"[0-9]{1,16}", timestamp):
        raise InvalidSignature(SignatureProblem.TIMESTAMP_MALFORMED)
    age = int(now * 1000) - int(timestamp)
    if age > OLDEST_MS:
        raise InvalidSignature(SignatureProblem.STALE)
    if age < -NEWEST_MS:
        raise InvalidSignature(SignatureProblem.FUTURE)
    return timestamp


def _matching(expected: Sequence[str], given: str) -> int:
    """Compare with every secret's signature, in constant time each, and never stop early."""
    if not expected:
        raise ValueError("no client secret to verify with")
    matches = [hmac.compare_digest(one.encode(), given.encode()) for one in expected]
    if not any(matches):
        raise InvalidSignature(SignatureProblem.MISMATCH)
    return matches.index(True)
