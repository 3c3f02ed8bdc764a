"""The users of an account and what they may do."""

from __future__ import annotations

import re

import falcon

from emulator.crm.owners import User
from emulator.errors import HubSpotError, InvalidInput
from emulator.portals import Portal
from emulator.settings.users import add_user, find_user, give_rights, next_user_id, remove_user
from emulator.web.html import Child, Markup, el
from emulator.web.pages.forms import Form, act, button, field, hidden, post, read_form, select, text
from emulator.web.pages.layout import back_to, heading, notice, section, trail
from emulator.web.pages.page import Page, account_address, said
from emulator.web.pages.tables import Column, table

_RIGHTS = (
    ("user", "User: may not connect new apps"),
    ("marketplace", "User with App Marketplace access"),
    ("admin", "Super admin"),
)
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")


def users_section(portal: Portal, action: str) -> Markup:
    rows = [_row(portal, user, action) for user in list(portal.users)]
    return section(
        "Users",
        table(
            "Users",
            ("User", Column("User id", "code"), Column("Owner id", "code"), "Rights", Column("", "acts")),
            rows,
            "",
        ),
        post(
            hidden({"op": "add"}),
            field("E-mail", text("email", "", type="email", required=True)),
            field("Rights", select("rights", _RIGHTS)),
            el("div", button("Add user"), class_="actions"),
            action=action,
            class_="filters",
        ),
        note="Only a super admin, or a user with App Marketplace access, may connect an app or grant it new scopes.",
    )


def _row(portal: Portal, user: User, action: str) -> list[Child]:
    owner = next((each for each in portal.crm.owners.values() if each.user.user_id == user.user_id), None)
    rights = post(
        hidden({"op": "rights", "user_id": user.user_id}),
        select("rights", _RIGHTS, _rights_of(user), aria_label=f"Rights of {user.email}"),
        button("Save", aria_label=f"Save the rights of {user.email}"),
        action=action,
        class_="inline",
    )
    remove = act("Remove", {"op": "remove", "user_id": user.user_id}, action, spoken=f"Remove {user.email}")
    return [
        user.email,
        str(user.user_id),
        str(owner.owner_id) if owner else "none",
        rights,
        remove if len(portal.users) > 1 else None,
    ]


def _rights_of(user: User) -> str:
    if user.super_admin:
        return "admin"
    return "marketplace" if user.marketplace_access else "user"


class Users(Page):
    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal, form = self.portal(hub_id), read_form(req)
        try:
            with portal.crm.lock:
                done = _change(portal, form)
        except HubSpotError as refused:
            back = trail(("Accounts", "/"), (portal.name, account_address(portal)))
            self.show(
                resp,
                "Users",
                heading("Users", crumbs=back),
                notice(str(refused), bad=True),
                status=400,
                current="Accounts",
            )
        else:
            back_to(resp, said(account_address(portal), done))


def _change(portal: Portal, form: Form) -> str:
    """What was done.

    Raises HubSpotError.
    """
    rights = form.text("rights")
    if form.text("op") == "add":
        email = form.text("email")
        if not _EMAIL.fullmatch(email):
            raise InvalidInput(f"{email[:60] or 'Nothing'} is no e-mail address. Go back and enter one.")
        add_user(portal, User(next_user_id(portal), email, rights == "admin", rights == "marketplace"))
        return "user-added"
    user = find_user(portal, form.text("user_id"), by_email=False)
    if user is None:
        raise InvalidInput("There is no such user any more.")
    if form.text("op") == "remove":
        remove_user(portal, user)
        return "user-removed"
    give_rights(portal, user, super_admin=rights == "admin", marketplace_access=rights == "marketplace")
    return "user"
