"""The first page: which accounts there are, what they hold, which apps are connected."""

from __future__ import annotations

from urllib.parse import parse_qsl

import falcon

from emulator.errors import ResourceNotFound
from emulator.instants import iso
from emulator.portals import Portal
from emulator.web.exchange import raw_body
from emulator.web.html import Child, Markup, el
from emulator.web.pages.layout import back_to, button, show
from emulator.world import Emulator


class Page:
    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def portal(self, hub_id: str) -> Portal:
        portal = self.emulator.portals.get(int(hub_id)) if hub_id.isdigit() else None
        if portal is None:
            raise ResourceNotFound
        return portal

    def form(self, req: falcon.Request) -> dict[str, str]:
        return dict(parse_qsl(raw_body(req).decode("utf-8", "replace"), keep_blank_values=True))


class Accounts(Page):
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        portals = list(self.emulator.portals.values())
        empty = el("p", "No accounts yet. Start with --seed demo, or POST /_emulator/portals.", class_="empty")
        show(
            resp,
            "Accounts",
            el("h1", "Accounts"),
            el("p", "Virtual time: ", el("code", iso(self.emulator.clock.now_ms())), class_="quiet"),
            el("div", [self._card(portal) for portal in portals], class_="cards") if portals else empty,
            current="Accounts",
        )

    def _card(self, portal: Portal) -> Markup:
        with portal.crm.lock:
            counts = [(table.kind, len(table)) for table in portal.crm.tables.values()]
        rows = [
            el(
                "li",
                el("a", kind.plural.capitalize(), href=list_address(portal, kind.type_id)),
                el("span", f"{count:,}"),
            )
            for kind, count in counts
        ]
        return el(
            "section",
            el("h2", portal.name),
            el("span", f"{portal.hub_id} · {portal.hublet} · {portal.tier}"),
            el("ul", rows),
            el("h2", "Connected apps"),
            self._apps(portal),
            class_="card",
        )

    def _apps(self, portal: Portal) -> Child:
        installed = [i.client_id for i in list(self.emulator.grants.installs.values()) if i.hub_id == portal.hub_id]
        if not installed:
            return el("p", "None", class_="quiet")
        return [self._app(portal, client_id) for client_id in installed]

    def _app(self, portal: Portal, client_id: str) -> Markup:
        app = self.emulator.apps.get(client_id)
        name = app.name if app else client_id
        return el(
            "form",
            el("p", name),
            el("input", type="hidden", name="client_id", value=client_id),
            button("Uninstall", kind="danger", aria_label=f"Uninstall {name} from {portal.name}"),
            method="post",
            action=f"/_ui/accounts/{portal.hub_id}/uninstall",
        )


class Uninstall(Page):
    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal = self.portal(hub_id)
        app = self.emulator.apps.get(self.form(req).get("client_id", ""))
        if app is None:
            raise ResourceNotFound
        self.emulator.uninstall(app, portal.hub_id)
        back_to(resp, "/")


def list_address(portal: Portal, type_id: str) -> str:
    """Where HubSpot has the list of an account's records."""
    return f"/contacts/{portal.hub_id}/objects/{type_id}/views/all/list"


def record_address(portal: Portal, type_id: str, record_id: int | str) -> str:
    return f"/contacts/{portal.hub_id}/record/{type_id}/{record_id}"
