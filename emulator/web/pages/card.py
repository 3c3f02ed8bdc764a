"""An app's card on a record: what it asks of the app and what it gets; and the app's page that it opens in a modal.

The card's own React code does not run here. What it would fetch is fetched, as HubSpot's proxy does it.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import falcon

from emulator.cards.fetching import USUAL_TIMEOUT_MS, Fetched, NotPermitted, permits
from emulator.crm.object_types import ObjectType
from emulator.crm.owners import User
from emulator.oauth.apps import App, Card
from emulator.portals import Portal
from emulator.web.html import Child, Markup, el
from emulator.web.pages import layout
from emulator.web.pages.forms import button, post, read_form, select, whole
from emulator.web.pages.kinds import kind_of, plural, singular
from emulator.web.pages.layout import heading, notice, section, trail
from emulator.web.pages.page import NoSuchPage, Page, account_address, app_address, list_address, record_address
from emulator.web.pages.payload import highlighted
from emulator.web.pages.tables import facts


def card_address(portal: Portal, type_id: str, record_id: int | str, app: App) -> str:
    return f"{record_address(portal, type_id, record_id)}/cards/{app.app_id}"


def cards_section(apps: list[App], portal: Portal, kind: ObjectType, record_id: int) -> Child:
    """On a record's page; nothing where no installed app has a card."""
    links = [
        el("li", el("a", app.card.name, href=card_address(portal, kind.type_id, record_id, app)), f" of {app.name}")
        for app in apps
        if app.card is not None
    ]
    return section("App cards", el("ul", links)) if links else None


class CardPage(Page):
    """GET only shows it: what a card asks is asked when somebody presses a button."""

    def on_get(
        self, _req: falcon.Request, resp: falcon.Response, hub_id: str, type_id: str, record_id: str, app_id: str
    ) -> None:
        portal, kind, number, app, card = self._found(hub_id, type_id, record_id, app_id)
        self._show(resp, portal, kind, number, app, card, None)

    def on_post(
        self, req: falcon.Request, resp: falcon.Response, hub_id: str, type_id: str, record_id: str, app_id: str
    ) -> None:
        portal, kind, number, app, card = self._found(hub_id, type_id, record_id, app_id)
        form = read_form(req)
        user = portal.user(form.number(":user") or 0) or portal.users[0]
        url = card.view_url if form.text(":op") == "open" else None
        body = {"objectTypeId": kind.type_id, "objectId": number}
        try:
            fetched = self.emulator.cards.send(
                app, portal.hub_id, user, url or card.url, method="POST", body=body, timeout_ms=USUAL_TIMEOUT_MS
            )
            frame = _frame(fetched, card) if url else ""
            shown = _modal(frame, card) if frame else _answer(fetched)
        except NotPermitted as refused:
            shown, frame = notice(f"HubSpot refuses: {refused}.", bad=True), ""
        self._show(resp, portal, kind, number, app, card, user, shown, frame)

    def _found(
        self, hub_id: str, type_id: str, record_id: str, app_id: str
    ) -> tuple[Portal, ObjectType, int, App, Card]:
        """Raises NoSuchPage."""
        portal, app = self.portal(hub_id), self.app(app_id)
        if app.card is None or app not in self.emulator.apps_with_card(portal.hub_id):
            raise NoSuchPage(f"{app.name} has no card in {portal.name}.")
        kind, number = kind_of(portal.crm, type_id), whole(record_id)
        with portal.crm.lock:
            is_there = number in portal.crm.table(kind).records
        if number is None or not is_there:
            raise NoSuchPage(f"There is no {singular(kind)} {record_id[:30]} in {portal.name}.")
        return portal, kind, number, app, app.card

    def _show(
        self,
        resp: falcon.Response,
        portal: Portal,
        kind: ObjectType,
        record_id: int,
        app: App,
        card: Card,
        user: User | None,
        shown: Child = None,
        frame: str = "",
    ) -> None:
        record = record_address(portal, kind.type_id, record_id)
        crumbs = trail(
            ("Accounts", "/"),
            (portal.name, account_address(portal)),
            (plural(kind), list_address(portal, kind.type_id)),
            (f"{singular(kind).capitalize()} {record_id}", record),
        )
        below = facts([("App", el("a", app.name, href=app_address(app))), ("Asks", el("code", card.url))])
        top = heading(card.name, crumbs=crumbs, below=below)
        layout.show(
            resp, card.name, top, _form(portal, card, user), shown, current="Accounts", frame_source=_origin(frame)
        )


def _form(portal: Portal, card: Card, user: User | None) -> Markup:
    users = [(str(each.user_id), f"as {each.email}") for each in portal.users]
    chosen = str(user.user_id) if user else ""
    return post(
        el(
            "p",
            select(":user", users, chosen, aria_label="Who looks at the card"),
            button("Load the card", kind="main", name=":op", value="load"),
            button("Open its view", name=":op", value="open") if card.view_url else None,
            class_="actions",
        ),
    )


def _answer(fetched: Fetched) -> Markup:
    said = notice(fetched.error, bad=True) if fetched.error else None
    status = "no answer" if fetched.status is None else str(fetched.status)
    rows: list[tuple[str, Child]] = [("Answer", status), ("Attempts", str(fetched.attempts))]
    return section("What the card gets", said, facts(rows), highlighted(fetched.body) if fetched.body else None)


def _modal(uri: str, card: Card) -> Markup:
    # The address opens once: it is in this page and nowhere else.
    return section("In HubSpot's modal", el("iframe", src=uri, title=card.name, class_="modal"))


def _frame(fetched: Fetched, card: Card) -> str:
    """The address that the card would open; empty if the answer has none. Raises NotPermitted."""
    uri = _uri(fetched)
    if uri and not permits(card.permitted_iframe, uri):
        raise NotPermitted(f"{uri.partition('?')[0]} is not among the app's permittedUrls.iframe")
    return uri


def _uri(fetched: Fetched) -> str:
    """What the card hands to openIframeModal; empty if the answer has none."""
    said = _json(fetched.body) if fetched.status == 200 else None
    uri = said.get("uri") if isinstance(said, dict) else None
    return uri if isinstance(uri, str) else ""


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
