"""Errors that repeat the request they refuse, secrets and all, as badly written servers do. To find who keeps them."""

from __future__ import annotations

from itertools import cycle
from urllib.parse import parse_qsl

import falcon

from emulator.web.exchange import dumps, raw_body

_SECRETS = {"code", "code_verifier", "refresh_token", "token", "client_secret", "hapikey"}
# Where HubSpot's errors have names rather than texts.
_NAMES = ("category", "subCategory", "policyName", "error", "errorType")


def echo(req: falcon.Request) -> bytes:
    """Return an error body whose texts have the whole request, and whose names have its secrets in turn."""
    sent = raw_body(req).decode("utf-8", "replace")
    headers = "".join(f"{name}: {value}\n" for name, value in req.headers.items())
    whole = f"{req.method} {req.relative_uri}\n{headers}\n{sent}"
    secrets = _secrets(req, sent)
    names = dict(zip(_NAMES, cycle(secrets or ["NONE"]), strict=False))
    details = [{"code": each, "category": each, "message": whole, "context": {"value": [each]}} for each in secrets]
    texts = {"message": whole, "error_description": whole, "context": {"request": [whole]}}
    return dumps({"status": "error", **names, **texts, "errors": details})


def _secrets(req: falcon.Request, sent: str) -> list[str]:
    token = (req.get_header("Authorization") or "").removeprefix("Bearer ")
    given = parse_qsl(req.query_string) + parse_qsl(sent)
    return [*([token] if token else []), *(value for name, value in given if name in _SECRETS)]
