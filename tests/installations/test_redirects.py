"""Nobody is led away from us but to HubSpot: addresses that look like HubSpot's, read as browsers read them."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from urllib.parse import quote, unquote, urlsplit

import pytest
from django.conf import settings
from django.http import HttpResponseBase
from django.test import Client

from installations.models import Exchange, OAuthFlow, Portal
from tests.console.staff import make_staff, sign_in
from tests.pages.furniture import OWNER, browser_of, furnished

pytestmark = pytest.mark.django_db

EVIL = "evil.example"
HOSTS = [
    EVIL,
    f"app.hubspot.com.{EVIL}",
    f"app.hubspot.com@{EVIL}",
    f"app.hubspot.com%40{EVIL}",
    f"app.hubspot.com:443@{EVIL}",
    f"app.hubspot.com:pass@{EVIL}",
    f"{EVIL}#app.hubspot.com",
    f"{EVIL}?app.hubspot.com",
    f"{EVIL}/app.hubspot.com",
    f"{EVIL}\\app.hubspot.com",
    f"{EVIL}\\@app.hubspot.com",
    f"app.hubspot.com\\.{EVIL}",
    f"app.hubspot.com\\@{EVIL}",
    f"app.hubspot.com%2e{EVIL}",
    f"app.hubspot.com%00.{EVIL}",
    f"app.hubspot.com\0.{EVIL}",
    f"app.hubspot.com\t.{EVIL}",
    f"app.hubspot.com\n.{EVIL}",
    f"app.hubspot.com\r\nLocation: https://{EVIL}/",
    f"app.hubspot.com .{EVIL}",
    f"app.hubspot.com\u3002{EVIL}",  # an ideographic full stop, which browsers take for a dot
    f"app.hubspot.com\uff0e{EVIL}",
    f"app.hubspot.com\uff61{EVIL}",
    f"app.hubspot.com\u2024{EVIL}",
    f"app.hubspot.com\uff0f@{EVIL}",
    f"app.hubspot.com\u2044{EVIL}",
    "app\u3002hubspot\u3002com",
    "\u0430pp.hubspot.com",  # a Cyrillic a
    "app.hubsp\u00f6t.com",
    "app.hubspot.co\u217f",
    "\u24d0pp.hubspot.com",
    "xn--pp-7kc.hubspot.com.evil.example",
    "evilapp.hubspot.com.evil.example",
    "app-.evil.hubspot.com.evil.example",
    "hubspot.com.evil",
    "app.hubspot.com.evil",
    "hubspot.com",
    "evil.hubspot.com",
    "app.evil.hubspot.com",
    "app-eu1.hubspot.com.",
    "app.hubspot.com.",
    "app.hubspot.com:80",
    "app.hubspot.com:0443",
    "app.hubspot.com:",
    "app-EU1.hubspot.com@evil.example",
    "[::1]",
    "[::ffff:7f00:1]",
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "localhost.evil.example",
    "",
]
PREFIXES = ["https://", "http://", "//", "\\\\", "/\\", "https:", "https:/", "https:\\\\", "///", " https://"]
WHOLE = [
    "",
    "/",
    ".",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//https://app.hubspot.com/",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "ftp://app.hubspot.com/",
    "file:///etc/passwd",
    "blob:https://app.hubspot.com/x",
    "mailto:x@app.hubspot.com",
    "view-source:https://app.hubspot.com/",
    "/portals/1/",
    "?next=https://evil.example",
    "#https://evil.example",
    "https://app.hubspot.com/oauth/authorize?client_id=another",
    "https://app.hubspot.com/%6Fauth/authorize?redirect_uri=https://evil.example/",
]
CORPUS = list(dict.fromkeys([prefix + host + "/x" for prefix, host in product(PREFIXES, HOSTS)] + WHOLE))
OURS = {"localhost:8000", "testserver", *settings.ALLOWED_HOSTS}
CONSENT = urlsplit(settings.HUBSPOT_AUTHORIZE_URL).netloc


def where_a_browser_goes(location: str, base: str = "http://testserver/oauth/callback") -> str:
    """Return the host that a browser asks next, by the rules of the URL standard that differ from Python's.

    Leading and trailing blanks and controls go, tabs and newlines anywhere; in http addresses a backslash is a slash,
    any number of slashes may follow the scheme, and full stops of other scripts are dots.
    """
    text = re.sub(r"[\t\n\r]", "", location.strip("".join(map(chr, range(33))))).replace("\\", "/")
    scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*):", text)
    if scheme and scheme[1].lower() not in {"http", "https"}:
        return f"{scheme[1].lower()}:"
    rest = text[scheme.end() :] if scheme else text
    if not scheme and not rest.startswith("//"):
        return urlsplit(base).netloc
    authority = re.split(r"[/?#]", rest.lstrip("/"), maxsplit=1)[0]
    return unquote(authority.rpartition("@")[2]).translate(str.maketrans("\u3002\uff0e\uff61", "...")).lower()


def is_at_home(host: str) -> bool:
    return host in OURS or host == CONSENT or bool(re.fullmatch(r"app(-[a-z0-9]+)?\.hubspot\.com", host, re.ASCII))


def callback(address: str) -> HttpResponseBase:
    return Client().get("/oauth/callback", {"code": "na1-code", "returnUrl": address})


def first_leg(address: str) -> HttpResponseBase:
    return Client().get("/oauth/callback", {"step": "authorize", "returnUrl": address})


def confirmed(address: str) -> HttpResponseBase:
    return Client().post("/oauth/marketplace", {"return_url": address})


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 200


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("/x", "testserver"),
        ("//evil.example/x", "evil.example"),
        ("\\\\evil.example", "evil.example"),
        ("https:evil.example", "evil.example"),
        ("https://a@evil.example/", "evil.example"),
        ("https://app.hubspot.com\\@evil.example/", "app.hubspot.com"),
        ("\x01https://evil.example", "evil.example"),
        ("java\nscript:alert(1)", "javascript:"),
        ("https://app.hubspot.com\u3002evil.example/", "app.hubspot.com.evil.example"),
    ],
)
def test_addresses_are_read_as_browsers_read_them(location: str, host: str) -> None:
    assert where_a_browser_goes(location) == host


@pytest.mark.parametrize("leg", [callback, first_leg, confirmed])
def test_no_return_url_leads_anywhere_but_to_hubspot(leg: Callable[[str], HttpResponseBase]) -> None:
    escapes = []
    for address in CORPUS:
        answer = leg(address)
        if answer.status_code == 400:
            assert "Location" not in answer.headers
        elif not is_at_home(where_a_browser_goes(answer.headers.get("Location", "/"))):
            escapes.append(address)
    assert escapes == []
    assert not OAuthFlow.objects.exists(), "no state was taken there"
    assert not Portal.objects.exists()


def test_the_code_is_not_spent_for_it() -> None:
    """So that whoever was sent there can still be connected."""
    for address in CORPUS[:50]:
        callback(address)
    assert not Exchange.objects.exists()


@pytest.mark.parametrize("parameter", ["next", "returnUrl", "return_url", "redirect", "redirect_to", "url", "continue"])
def test_no_page_of_ours_follows_a_parameter(parameter: str) -> None:
    portal = furnished()
    pages = ["/", "/install", "/signin", "/oauth/callback", "/oauth/unclaimed", f"/portals/{portal.hub_id}/activity/"]
    for browser, address in product((Client(), browser_of(OWNER)), (f"https://{EVIL}/", f"//{EVIL}", f"/\\{EVIL}")):
        for page in pages:
            answer = browser.get(page, {parameter: address})
            assert is_at_home(where_a_browser_goes(answer.headers.get("Location", "/")))
            assert EVIL not in unquote(answer.headers.get("Location", "")), "nor is it carried along"


def test_staff_are_led_nowhere_else(client: Client) -> None:
    """A member of staff who is signed in is sent on at once."""
    sign_in(client, make_staff())
    assert client.get("/staff/login/?next=/admin/lanes/")["Location"] == "/admin/lanes/", "it is followed at all"
    for address in CORPUS:
        answer = client.get(f"/staff/login/?next={quote(address.encode('utf-8', 'replace'))}")
        assert answer.status_code == 302, address
        assert is_at_home(where_a_browser_goes(answer["Location"])), address
