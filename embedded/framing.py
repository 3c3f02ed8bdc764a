"""Who may show our pages inside theirs: nobody, and the embedded view alone HubSpot's own application."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from hubspot_api.addresses import HUBLETS, ui_domain

View = Callable[[HttpRequest], HttpResponse]


def ancestors() -> list[str]:
    """Return the origins of HubSpot's application, one a data centre; and where our consent page is, as in a demo."""
    consent = urlsplit(settings.HUBSPOT_AUTHORIZE_URL)
    found = [f"https://{ui_domain(hublet)}" for hublet in HUBLETS]
    return list(dict.fromkeys([*found, f"{consent.scheme}://{consent.netloc}"]))


def framed_by_hubspot(view: View) -> View:
    """Let HubSpot's pages show what a view answers. What fails before or after it stays closed to all."""

    @wraps(view)
    def framed(request: HttpRequest) -> HttpResponse:
        response = view(request)
        response._csp_replace = {"frame-ancestors": ancestors()}  # type: ignore[attr-defined]
        response.xframe_options_exempt = True  # it knows one origin at most
        return response

    return framed
