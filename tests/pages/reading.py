"""Read answers the way the demo's walk reads pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.test import Client

from demo.page import Page

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

    Answer = _MonkeyPatchedWSGIResponse


def page_of(response: Answer, address: str = "http://localhost:8000/") -> Page:
    return Page(address, response.status_code, response.content.decode())


def opened(client: Client, address: str) -> Page:
    """Open a page that must be there."""
    response = client.get(address)
    assert response.status_code == 200, f"{address}: {response.status_code}"
    return page_of(response, f"http://localhost:8000{address}")


def polled(client: Client, address: str, etag: str = "") -> Answer:
    """Ask as htmx does."""
    headers = {"HX-Request": "true"} | ({"If-None-Match": etag} if etag else {})
    response: Answer = client.get(address, headers=headers)
    return response
