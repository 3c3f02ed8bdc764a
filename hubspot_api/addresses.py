"""Where things are at HubSpot: hosts, hublets, the API version, paths and queries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

API_URL = "https://api.hubapi.com"
APP_URL = "https://app.hubspot.com"
API_VERSION = "2026-03"  # of all date-based paths; each lives 18 months (HubSpot's page "Versioning")
# The data centres that HubSpot's page "Context" (UI extensions) names.
HUBLETS = ("na1", "na2", "na3", "eu1", "ap1")
SPOKEN_VERSIONS = frozenset({"2026-03", "2026-09"})  # those before have no token endpoint of their own

Scalar = str | int | bool
QueryValue = Scalar | Sequence[str] | None


def hublet_url(api_url: str, hublet: str) -> str | None:
    """Return the API's address for an account in `hublet` ("eu1"), or None when the pattern does not apply.

    HubSpot: `api-{hublet}.hubapi.com`, na1 without suffix. For another `api_url`, give the client a function of
    your own. What is no data centre's name has no address: tokens are sent there.
    """
    parts = urlsplit(api_url)
    if not re.fullmatch(r"api(-[a-z0-9]+)?\.hubapi\.com", parts.netloc) or not is_hublet(hublet):
        return None
    host = "api.hubapi.com" if hublet == "na1" else f"api-{hublet}.hubapi.com"
    return urlunsplit(parts._replace(netloc=host))


def is_hublet(name: str) -> bool:
    """Whether a name can be a data centre's, known or not: nothing else may become part of a host."""
    return re.fullmatch(r"[a-z]{2,4}[0-9]{1,2}", name) is not None


def ui_domain(hublet: str) -> str:
    """Return the host of HubSpot's own pages for an account in `hublet`, as account details would name it."""
    return "app.hubspot.com" if hublet == "na1" else f"app-{hublet}.hubspot.com"


def fill_path(template: str, values: Mapping[str, str | int]) -> str:
    """Fill `{names}` of a path, each value quoted as one segment.

    Raises ValueError for a value that would change the path: empty, "." or "..". KeyError for one that is missing.
    """
    return template.format_map({name: _segment(name, values[name]) for name in _names(template)})


def _names(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name is not None]


def _segment(name: str, value: str | int) -> str:
    text = str(value)
    if text in ("", ".", ".."):
        raise ValueError(f"{name} cannot be part of a path: {text!r}")
    return quote(text, safe="")


def query_string(params: Mapping[str, QueryValue] | None) -> str:
    """Encode a query: None is left out, lists are joined by commas, booleans as HubSpot spells them."""
    pairs = [(name, _query_value(value)) for name, value in (params or {}).items() if value is not None]
    return urlencode(pairs, quote_via=quote, safe=",")


def _query_value(value: Scalar | Sequence[str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if not isinstance(value, (str, int)) else str(value)
