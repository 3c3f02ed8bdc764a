"""Addresses that carry their own permission, as those of Amazon's object storage do.

docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html; the names of the parameters are the same, what is
signed is simpler: the path and the other parameters, but no host, because the emulator answers under several.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from emulator.errors import HubSpotError
from emulator.instants import iso

LIFE_S = 900

_DATE = "%Y%m%dT%H%M%SZ"
_SIGNED = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders")
_SIGNATURE = "X-Amz-Signature"


class StorageRefused(HubSpotError):
    """In the words, and the XML, of object storage."""

    content_type = "application/xml"

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self._code = code

    def payload(self, correlation_id: str) -> bytes:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{self._code}</Code><Message>{self.message}</Message>"
            f"<RequestId>{correlation_id}</RequestId></Error>"
        ).encode()


def expires_at(now_ms: int) -> int:
    return now_ms // 1000 * 1000 + LIFE_S * 1000


def sign(secret: bytes, path: str, now_ms: int, life_s: int = LIFE_S) -> str:
    """The query that makes the path readable for a while."""
    moment = datetime.fromtimestamp(now_ms // 1000, UTC)
    parameters = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"ASIAEMULATED/{moment:%Y%m%d}/us-east-1/s3/aws4_request",
        "X-Amz-Date": moment.strftime(_DATE),
        "X-Amz-Expires": str(life_s),
        "X-Amz-SignedHeaders": "host",
    }
    return urlencode(parameters | {_SIGNATURE: _signature(secret, path, parameters)})


def check(secret: bytes, path: str, parameters: Mapping[str, str], now_ms: int) -> None:
    """Raises StorageRefused."""
    signed = {name: parameters[name] for name in _SIGNED if name in parameters}
    given = parameters.get(_SIGNATURE, "")
    if not given and not signed:
        raise StorageRefused(403, "AccessDenied", "Access Denied")
    if len(signed) < len(_SIGNED) or not given:
        raise StorageRefused(400, "AuthorizationQueryParametersError", "Query-string authentication is incomplete.")
    if not hmac.compare_digest(given.encode(), _signature(secret, path, signed).encode()):
        raise StorageRefused(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and"
            " signing method.",
        )
    life = timedelta(seconds=int(signed["X-Amz-Expires"]))
    until = datetime.strptime(signed["X-Amz-Date"], _DATE).replace(tzinfo=UTC) + life
    if now_ms >= until.timestamp() * 1000:
        raise StorageRefused(403, "AccessDenied", f"Request has expired: {iso(int(until.timestamp()) * 1000)}")


def _signature(secret: bytes, path: str, parameters: Mapping[str, str]) -> str:
    text = "\n".join(("GET", path, *(f"{name}={parameters[name]}" for name in sorted(parameters))))
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
