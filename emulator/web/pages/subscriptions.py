"""What an app is subscribed to: added, paused, taken away."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import falcon

from emulator.control.webhooks import tested_account
from emulator.errors import UnknownObjectType
from emulator.oauth.apps import App
from emulator.web.html import Child, Markup, el
from emulator.web.pages.deliveries import delivery_address
from emulator.web.pages.forms import Form, act, button, field, hidden, post, read_form, select, text
from emulator.web.pages.layout import back_to, heading, notice, section, success, trail
from emulator.web.pages.page import Page, app_address, said
from emulator.web.pages.tables import Column, chip, nothing, table
from emulator.webhooks.management import switched, type_id_of, with_subscription, without_subscription
from emulator.webhooks.subscriptions import EVENT_TYPES, InvalidSubscription, Subscription, subscription

_FIELDS = ("event_type", "property", "object_type", "event_type_name")
_NONE = nothing("Not subscribed to anything: the app hears of nothing that happens.")


def subscriptions_section(app: App, action: str) -> Markup:
    rows = [_row(each, action) for each in app.subscriptions]
    columns = (Column("Id", "code"), Column("Event type", "code"), "About", "State", Column("", "acts"))
    types = [(each, each) for each in sorted(EVENT_TYPES)]
    return section(
        "Subscriptions",
        table("Subscriptions", columns, rows, _NONE),
        post(
            hidden({"op": "add"}),
            field("Event type", select("event_type", types, "contact.creation")),
            field("Property", text("property", placeholder="for …propertyChange")),
            field("Type of record", text("object_type", placeholder="for object.…")),
            field("Name of the event", text("event_type_name", placeholder="for event.completed")),
            el("div", button("Subscribe"), class_="actions"),
            action=action,
            class_="filters",
        ),
        note="A change reaches the app if a subscription is active, a target address is set, and the app is installed.",
    )


def _row(each: Subscription, action: str) -> list[Child]:
    name = each.words
    switch = "pause" if each.active else "activate"
    return [
        str(each.id),
        each.event_type,
        " ".join(filter(None, each.key[1:])) or el("span", "all", class_="quiet"),
        chip("active", "good") if each.active else chip("paused", "warn"),
        el(
            "div",
            act("Test", {"op": "test", "id": each.id}, action, spoken=f"Test {name}"),
            act(switch.capitalize(), {"op": switch, "id": each.id}, action, spoken=f"{switch.capitalize()} {name}"),
            act("Delete", {"op": "delete", "id": each.id}, action, spoken=f"Delete {name}"),
            class_="actions",
        ),
    ]


def done_with(req: falcon.Request, app: App) -> Child:
    """What was just done to a subscription."""
    match req.get_param("done"):
        case "add":
            return success("Subscribed. It holds for changes from now on.")
        case "pause":
            return success("Paused: nothing is sent for it, and nothing is kept for later.")
        case "activate":
            return success("Active again.")
        case "delete":
            again = {name: value for name in (*_FIELDS, "active") if (value := req.get_param(name))}
            return success("Deleted. ", act("Undo", {"op": "add", **again}, f"{app_address(app)}/subscriptions"))
    return None


class AppSubscriptions(Page):
    def on_post(self, req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        form = read_form(req)
        app = self.app(app_id)
        before = app.subscriptions.get(form.number("id") or 0)
        if form.text("op") == "test" and before is not None:
            self._test(resp, app, before)
            return
        try:
            self.emulator.reconfigure(app.client_id, _change(before, form, self.emulator.clock.now_ms()))
        except (InvalidSubscription, UnknownObjectType) as refused:
            self._refuse(resp, app, str(refused))
        else:
            again = _as_fields(before) if form.text("op") == "delete" and before else {}
            back_to(resp, said(app_address(app), form.text("op"), **again))

    def _test(self, resp: falcon.Response, app: App, tested: Subscription) -> None:
        """One made-up event, sent at once and once only."""
        if app.webhook is None:
            self._refuse(resp, app, "The app has no target address to send to. Edit the app to set one.")
            return
        row = self.emulator.test_subscription(app, tested, tested_account(self.emulator, app))
        back_to(resp, delivery_address(row))

    def _refuse(self, resp: falcon.Response, app: App, problem: str) -> None:
        crumbs = trail(("Apps", "/_ui/apps"), (app.name, app_address(app)))
        section_ = subscriptions_section(app, f"{app_address(app)}/subscriptions")
        top = heading("Subscriptions", crumbs=crumbs)
        self.show(resp, "Subscriptions", top, notice(problem, bad=True), section_, status=400, current="Apps")


def _change(before: Subscription | None, form: Form, now: int) -> Callable[[App], App]:
    """What the form does to an app.

    Raises InvalidSubscription and UnknownObjectType.
    """
    if form.text("op") == "add":
        return partial(_with, _described(form, now))
    if before is None:
        raise InvalidSubscription("There is no such subscription any more.")
    if form.text("op") == "delete":
        return lambda app: without_subscription(app, before.id)
    return lambda app: switched(app, {before.id: form.text("op") == "activate"}, now)


def _described(form: Form, now: int) -> Subscription:
    kind = form.text("object_type")
    return subscription(
        form.text("event_type"),
        form.text("property") or None,
        type_id_of(kind) if kind else None,
        event_type_name=form.text("event_type_name") or None,
        active=form.text("active") != "no",
        at=now,
    )


def _with(new: Subscription, app: App) -> App:
    if app.subscriptions.like(new) is not None:
        raise InvalidSubscription(f"{new.words} is there already. Activate it instead.")
    return with_subscription(app, new)


def _as_fields(each: Subscription) -> dict[str, str]:
    """What the form would say to add it again."""
    names = dict(
        zip(_FIELDS, (each.event_type, each.property_name, each.object_type_id, each.event_type_name), strict=True)
    )
    return {name: value for name, value in names.items() if value} | ({} if each.active else {"active": "no"})
