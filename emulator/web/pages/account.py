"""One account: what it holds, who works there, which apps are connected; and its end."""

from __future__ import annotations

import falcon

from emulator.crm.object_types import ObjectType
from emulator.instants import iso
from emulator.oauth.grants import Install
from emulator.portals import Portal
from emulator.web.html import Child, Markup, el
from emulator.web.pages.accounts import region_of
from emulator.web.pages.forms import checkbox, confirmed, read_form
from emulator.web.pages.kinds import plural, singular
from emulator.web.pages.layout import back_to, heading, section, success, trail
from emulator.web.pages.page import (
    NoSuchPage,
    Page,
    account_address,
    app_address,
    list_address,
    new_record_address,
    said,
)
from emulator.web.pages.tables import Column, facts, minute, nothing, table
from emulator.web.pages.users import users_section

_DONE = {
    "opened": "The account is open.",
    "uninstalled": "The app is uninstalled: its refresh tokens are dead.",
    "user": "Saved. The user's next consent follows these rights.",
    "user-added": "The user is added, and can own records.",
    "user-removed": "The user is gone; their owner is archived, and records keep it.",
}


class Account(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal = self.portal(hub_id)
        done = _DONE.get(req.get_param("done") or "")
        self.show(
            resp,
            portal.name,
            heading(portal.name, crumbs=trail(("Accounts", "/")), below=_facts(self, portal)),
            success(done) if done else None,
            _records(portal),
            section(
                "Connected apps",
                table(
                    "Connected apps", _COLUMNS, [self._install(portal, each) for each in self.installed(portal)], _NONE
                ),
                note="Uninstalling here is what a user does in HubSpot's settings: the app is not asked.",
            ),
            users_section(portal, f"{account_address(portal)}/users"),
            _end(portal),
            current="Accounts",
        )

    def _install(self, portal: Portal, install: Install) -> list[Child]:
        app = self.emulator.apps.get(install.client_id)
        name = app.name if app else install.client_id
        user = portal.user(install.user_id)
        scopes = [el("li", el("code", scope)) for scope in sorted(install.approved)]
        return [
            el("a", name, href=app_address(app)) if app else name,
            minute(install.installed_at),
            user.email if user else str(install.user_id),
            el("details", el("summary", f"{len(scopes)} scopes"), el("ul", scopes, class_="plain")),
            confirmed(
                "Uninstall",
                f"{name} loses its access to {portal.name}, and events that still wait are not sent to it.",
                checkbox("tokens", "until_expiry", "Let access tokens live to their expiry"),
                action=f"{account_address(portal)}/uninstall",
                fields={"client_id": install.client_id},
            ),
        ]


_COLUMNS = ("App", "Since", "By", "Scopes", Column("", "acts"))
_NONE = nothing(
    "No app is connected. Open an app's install link, or issue a token on ",
    el("a", "the app's page", href="/_ui/apps"),
    ".",
)


def _facts(page: Page, portal: Portal) -> Markup:
    return facts(
        [
            ("Account id", el("code", str(portal.hub_id))),
            ("Region", f"{region_of(portal)} ({portal.hublet})"),
            ("Tier", portal.tier.capitalize()),
            ("Kind", portal.account_type.replace("_", " ").capitalize()),
            ("Time zone", portal.time_zone),
            ("Currency", portal.currency),
            ("API", el("code", page.emulator.ui_origin(portal.hublet))),
            ("Created", iso(portal.created_at)[:10]),
        ]
    )


def _records(portal: Portal) -> Markup:
    with portal.crm.lock:
        counts = [(each.kind, len(each), len(each.archived)) for each in portal.crm.tables.values()]
    none = "No records yet. Create one of any type below."
    filled = [row for row in counts if row[1] or row[2]]
    empty = [kind for kind, live, archived in counts if not (live or archived)]
    return section(
        "Records",
        table("Records", _RECORDS, [_type(portal, *row) for row in filled], none),
        el(
            "p",
            "Empty: " if filled else "Types: ",
            [[el("a", plural(kind), href=list_address(portal, kind.type_id)), " "] for kind in empty],
            class_="quiet several",
        )
        if empty
        else None,
    )


_ACTS = Column("", "acts")
_RECORDS = ("Type", Column("Type id", "code"), Column("Records", "number"), Column("Archived", "number"), _ACTS)


def _type(portal: Portal, kind: ObjectType, live: int, archived: int) -> list[Child]:
    address = list_address(portal, kind.type_id)
    return [
        el("a", plural(kind), href=address),
        kind.type_id,
        f"{live:,}",
        el("a", f"{archived:,}", href=f"{address}?archived=1") if archived else "0",
        el(
            "a",
            f"New {singular(kind)}",
            href=new_record_address(portal, kind.type_id),
            class_="button quiet",
        )
        if kind.creatable
        else None,
    ]


def _end(portal: Portal) -> Markup:
    return section(
        "Close the account",
        confirmed(
            "Close this account",
            f"All records and users of {portal.name} go, its tokens stop working, and refreshing answers BAD_HUB. This"
            " cannot be undone; a snapshot saved before brings it back.",
            action=f"{account_address(portal)}/close",
        ),
        note="As when a customer leaves HubSpot.",
    )


class CloseAccount(Page):
    def on_post(self, _req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        self.emulator.remove_portal(self.portal(hub_id).hub_id)
        back_to(resp, said("/", "closed"))


class Uninstall(Page):
    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal, form = self.portal(hub_id), read_form(req)
        app = self.emulator.apps.get(form.text("client_id"))
        if app is None:
            raise NoSuchPage("There is no such app.")
        # Not ticked: as the app is configured.
        live_on = True if form.text("tokens") == "until_expiry" else None
        self.emulator.uninstall(app, portal.hub_id, tokens_live_on=live_on)
        back_to(resp, said(account_address(portal), "uninstalled"))
