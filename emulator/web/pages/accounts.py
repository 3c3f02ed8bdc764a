"""The first page: which accounts there are, what they hold, which apps are connected. And a form for a new one."""

from __future__ import annotations

import random

import falcon

from emulator.control.fields import Rejected
from emulator.control.portals import read_portal
from emulator.crm.catalog import STANDARD
from emulator.crm.object_types import CORE
from emulator.oauth.scopes import TIERS
from emulator.portals import ACCOUNT_TYPES, Portal
from emulator.seed.marketing import KINDS as MARKETING_KINDS
from emulator.seed.others import seedable
from emulator.web.html import Child, Markup, el
from emulator.web.pages.forms import Form, button, digits, field, post, read_form, select, text
from emulator.web.pages.kinds import plural
from emulator.web.pages.layout import back_to, heading, notice, section, success, trail
from emulator.web.pages.page import Page, account_address, app_address, list_address, said
from emulator.web.pages.tables import Column, chip, nothing, table

REGIONS = {"na1": "North America", "eu1": "Europe"}
# So many types of records are named in the list of accounts; the account's own page has all.
_TYPES = 5
_LARGEST_ID = 2_000_000_000


def region_of(portal: Portal) -> str:
    return REGIONS.get(portal.hublet, portal.hublet)


class Accounts(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portals = list(self.emulator.portals.values())
        new = el("a", "New account", href="/_ui/accounts/new", class_="button main")
        closed = req.get_param("done") == "closed"
        columns: list[Column | str] = [
            "Account",
            Column("Id", "number"),
            "Region",
            "Tier",
            "Records",
            "Apps",
            Column("Waiting events", "number"),
        ]
        self.show(
            resp,
            "Accounts",
            heading("Accounts", new if portals else None),
            success("The account is closed: its records are gone and its tokens are dead.") if closed else None,
            table("Accounts", columns, [self._row(portal) for portal in portals], _welcome()),
            current="Accounts",
        )

    def _row(self, portal: Portal) -> list[Child]:
        with portal.crm.lock:
            counts = [(each.kind, len(each)) for each in portal.crm.tables.values() if len(each)]
        shown = [
            el("a", f"{count:,} {plural(kind).lower()}", href=list_address(portal, kind.type_id))
            for kind, count in counts[:_TYPES]
        ]
        more = el("a", f"{len(counts) - _TYPES} more types", href=account_address(portal)) if counts[_TYPES:] else None
        return [
            el("a", el("strong", portal.name), href=account_address(portal)),
            str(portal.hub_id),
            el("span", portal.hublet, title=region_of(portal)),
            chip(portal.tier),
            el("span", shown, more, class_="several") if shown else el("span", "none", class_="quiet"),
            self._apps(portal),
            f"{self.emulator.deliveries.pending(portal.hub_id):,}",
        ]

    def _apps(self, portal: Portal) -> Child:
        found = [self.emulator.apps.get(install.client_id) for install in self.installed(portal)]
        links = [el("a", app.name, href=app_address(app)) for app in found if app is not None]
        return el("span", links, class_="several") if links else el("span", "none", class_="quiet")


def _welcome() -> Markup:
    return nothing(
        el("strong", "No accounts yet."),
        el("br"),
        "An account holds records and users; apps are connected to it.",
        el("br"),
        el("a", "New account", href="/_ui/accounts/new", class_="button main"),
    )


class NewAccount(Page):
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        self._show(resp, Form([("hub_id", str(self._free_id()))]), None)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = read_form(req)
        try:
            portal = read_portal(self.emulator, _described(form))
        except Rejected as rejected:
            self._show(resp, form, str(rejected))
        else:
            self.emulator.add_portal(portal)
            back_to(resp, said(account_address(portal), "opened"))

    def _free_id(self) -> int:
        dice = random.Random()
        while (hub_id := dice.randrange(20_000_000, 200_000_000)) in self.emulator.portals:
            continue
        return hub_id

    def _show(self, resp: falcon.Response, form: Form, error: str | None) -> None:
        regions = [(hublet, f"{REGIONS.get(hublet, hublet)} ({hublet})") for hublet in self.emulator.options.origins]
        self.show(
            resp,
            "New account",
            heading("New account", crumbs=trail(("Accounts", "/"))),
            notice(error, bad=True) if error else None,
            post(
                _described_by(form, regions, self.emulator.global_hublet),
                _filled_with(form),
                el(
                    "p",
                    button("Create account", kind="main"),
                    el("a", "Cancel", href="/", class_="button quiet"),
                    class_="actions",
                ),
            ),
            status=400 if error else 200,
            current="Accounts",
        )


def _described_by(form: Form, regions: list[tuple[str, str]], usual_region: str) -> Markup:
    """The part of the form that says what the account is."""
    kinds = [(kind, kind.replace("_", " ").capitalize()) for kind in ACCOUNT_TYPES]
    tiers = [(tier, tier.capitalize()) for tier in TIERS]
    tier = select("tier", tiers, form.text("tier", "professional"))
    time_zone = text("time_zone", form.text("time_zone", "US/Eastern"))
    email = text("email", form.text("email"), placeholder="admin@example.com")
    fields = [
        field("Name", text("name", form.text("name"), required=True, autofocus=True)),
        field("Account id", digits("hub_id", form.text("hub_id"), required=True), "HubSpot's hub id"),
        field("Region", select("hublet", regions, form.text("hublet", usual_region))),
        field("Tier", tier, "Decides which scopes and limits it has"),
        field("Kind", select("account_type", kinds, form.text("account_type", "STANDARD"))),
        field("Time zone", time_zone, "Daily allowances start anew at its midnight"),
        field("E-mail of its super admin", email),
    ]
    return section("The account", el("div", fields, class_="grid"))


def _filled_with(form: Form) -> Markup:
    """The part that says how many records are made up."""
    return section(
        "Made-up records",
        el("div", [_count(kind.plural, plural(kind), form) for kind in CORE], class_="grid"),
        _more_counts(form),
        note="So many of each. They are associated with each other as in a real account.",
    )


def _count(name: str, label: str, form: Form) -> Markup:
    return field(label, digits(f"seed.{name}", form.text(f"seed.{name}"), placeholder="0"))


def _more_counts(form: Form) -> Markup:
    """What fewer people want stays folded until one of it was asked for."""
    kinds = [(kind.plural, plural(kind)) for kind in STANDARD if seedable(kind) and kind not in CORE]
    others = [(name, name.replace("_", " ").capitalize()) for name in (*MARKETING_KINDS, "workflows")]
    counts = [_count(name, label, form) for name, label in (*kinds, *others)]
    asked = any(form.text(f"seed.{name}") for name, _ in (*kinds, *others))
    return el("details", el("summary", "More kinds"), el("div", counts, class_="grid"), open=asked, class_="more")


def _described(form: Form) -> dict[str, object]:
    """What the form says, as the control API takes it.

    Raises Rejected.
    """
    body: dict[str, object] = {name: value for name in _TEXTS if (value := form.text(name))}
    body["hub_id"] = _whole(form, "hub_id", "Account id")
    body["seed"] = {
        name.removeprefix("seed."): _whole(form, name, name.removeprefix("seed.").capitalize())
        for name in form.names()
        if name.startswith("seed.") and form.text(name)
    }
    if email := form.text("email"):
        body["users"] = [{"user_id": body["hub_id"], "email": email, "super_admin": True}]
    return body


_TEXTS = ("name", "hublet", "tier", "time_zone", "account_type")


def _whole(form: Form, name: str, label: str) -> int:
    number = form.number(name)
    if number is None or number > _LARGEST_ID:
        raise Rejected(f"{label} must be a whole number, not {form.text(name)[:40]!r}.")
    return number
