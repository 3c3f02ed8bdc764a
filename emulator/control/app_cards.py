"""An app's card as its developers configure it."""

from __future__ import annotations

from emulator.control.fields import Fields, Rejected
from emulator.oauth.apps import Card
from emulator.workflows.wire import is_allowed_url


def read_card(fields: Fields) -> Card | None:
    """Raises Rejected."""
    if "card" not in fields:
        return None
    known = ("name", "url", "view_url", "permitted_urls")
    card = Fields(fields.mapping("card"), known, "card")
    urls = Fields(card.mapping("permitted_urls", {}), ("fetch", "iframe", "img"), "card.permitted_urls")
    return Card(
        name=card.text("name", "App card"),
        url=_url(card.text("url")),
        view_url=_url(card.text("view_url")) if "view_url" in card else None,
        permitted_fetch=tuple(_url(each) for each in urls.texts("fetch", [])),
        permitted_iframe=tuple(_url(each) for each in urls.texts("iframe", [])),
    )


def _url(given: str) -> str:
    """HubSpot takes https, and no localhost; here also http near by, where apps are developed."""
    if not is_allowed_url(given):
        raise Rejected(f"card: {given} must begin with https://")
    return given
