"""What all pages share: finding what they are about, and saying what is wrong in a way that helps."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import falcon

from emulator.instants import iso
from emulator.oauth.apps import App
from emulator.oauth.grants import Install
from emulator.portals import Portal
from emulator.web.html import Child, el
from emulator.web.pages import layout
from emulator.web.pages.forms import whole
from emulator.web.pages.layout import heading, notice, show
from emulator.web.pages.tables import span
from emulator.world import Emulator


class NoSuchPage(Exception):
    """What the address names is not there. Answered 404; the message says what is missing."""


class Page:
    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def portal(self, hub_id: str) -> Portal:
        """Raises NoSuchPage."""
        portal = self.emulator.portals.get(whole(hub_id) or 0)
        if portal is None:
            raise NoSuchPage(f"There is no account {hub_id[:30]}. It may have been closed, or the emulator reset.")
        return portal

    def app(self, app_id: str) -> App:
        """Raises NoSuchPage."""
        for app in list(self.emulator.apps.values()):
            if str(app.app_id) == app_id:
                return app
        raise NoSuchPage(f"There is no app {app_id[:30]}.")

    def installed(self, portal: Portal) -> list[Install]:
        with self.emulator.lock:
            return [each for each in self.emulator.grants.installs.values() if each.hub_id == portal.hub_id]

    def show(self, resp: falcon.Response, title: str, *content: Child, status: int = 200, current: str = "") -> None:
        show(resp, title, *content, status=status, current=current, beside=self._time())

    def _time(self) -> Child:
        """Shown where time was moved: it explains what else is odd."""
        ahead = self.emulator.clock.offset_ms
        if not ahead:
            return None
        return el(
            "a",
            el("span", "Clock "),
            f"+{span(ahead)}",
            href="/_ui/clock",
            class_="ahead",
            title=iso(self.emulator.clock.now_ms()),
        )


def list_address(portal: Portal, type_id: str) -> str:
    """Where HubSpot has the list of an account's records."""
    return f"/contacts/{portal.hub_id}/objects/{type_id}/views/all/list"


def record_address(portal: Portal, type_id: str, record_id: int | str) -> str:
    return f"/contacts/{portal.hub_id}/record/{type_id}/{record_id}"


def new_record_address(portal: Portal, type_id: str) -> str:
    return f"/contacts/{portal.hub_id}/objects/{type_id}/new"


def account_address(portal: Portal) -> str:
    return f"/_ui/accounts/{portal.hub_id}"


def app_address(app: App) -> str:
    return f"/_ui/apps/{app.app_id}"


def said(address: str, what: str, **more: str | int) -> str:
    """The address, with what was just done there."""
    return f"{address}?{urlencode({'done': what, **more})}"


def missing(_req: falcon.Request, resp: falcon.Response, error: Exception, _params: dict[str, Any]) -> None:
    back = el("p", el("a", "See which accounts there are", href="/", class_="button"), class_="actions")
    show(resp, "Not found", heading("Not found"), notice(str(error), bad=True), back, status=404)


def foreign(_req: falcon.Request, resp: falcon.Response, error: Exception, _params: dict[str, Any]) -> None:
    layout.show(resp, "Refused", heading("Refused"), notice(str(error), bad=True), status=403)
