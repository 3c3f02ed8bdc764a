"""Faults on demand: those in force, and a form for each kind that explains what it does."""

from __future__ import annotations

import json
from typing import Any

import falcon

from emulator.control.apps import read_fault
from emulator.control.fields import Rejected
from emulator.faults import ACTIONS, Fault
from emulator.faults import ANSWERS as ANSWER_ACTIONS
from emulator.web.html import Child, Markup, el
from emulator.web.pages.fault_words import Parameter, words_for
from emulator.web.pages.filters import account_filter
from emulator.web.pages.forms import Form, act, button, checkbox, digits, field, hidden, post, read_form, select, text
from emulator.web.pages.layout import back_to, heading, notice, section, success
from emulator.web.pages.page import Page, said
from emulator.web.pages.scenarios import fault_tabs
from emulator.web.pages.tables import Column, chip, nothing, span, table
from emulator.webhooks.subscriptions import EVENT_TYPES

_ADDRESS = "/_ui/faults"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_NUMBERS = {
    "count": "At most so many times",
    "seed": "Seed",
    "after_s": "Begins in s",
    "for_s": "Lasts so many s",
}
_COLUMNS = (
    Column("Id", "number"),
    "Fault",
    Column("Parameters", "code"),
    "Strikes",
    Column("Chance", "number"),
    Column("Struck", "number"),
    Column("Left", "number"),
    Column("", "acts"),
)


class Faults(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        action = req.get_param("add") or "status"
        self._show(resp, Form([("action", action if action in ACTIONS else "status")]), _done(req))

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = read_form(req)
        number = form.number("remove")
        if "clear" in form:
            self.emulator.faults.clear()
            back_to(resp, said(_ADDRESS, "cleared"))
        elif number is not None:
            now = self.emulator.clock.now_ms()
            removed = next((fault for fault in self.emulator.faults.all() if fault.id == number), None)
            self.emulator.faults.remove(number)
            back_to(resp, said(_ADDRESS, "removed", again=_as_order(removed, now)) if removed else _ADDRESS)
        else:
            self._add(resp, form)

    def _add(self, resp: falcon.Response, form: Form) -> None:
        try:
            order = _read_order(form.text("again")) if "again" in form else _order(form)
            fault = read_fault(order, self.emulator.faults.next_id(), self.emulator.clock.now_ms())
        except Rejected as rejected:
            self._show(resp, form, notice(str(rejected), bad=True), status=400)
        else:
            self.emulator.add_fault(fault)
            back_to(resp, said(_ADDRESS, "added"))

    def _show(self, resp: falcon.Response, form: Form, message: Child, status: int = 200) -> None:
        faults = self.emulator.faults.all()
        now = self.emulator.clock.now_ms()
        rows = [_row(fault, now) for fault in faults]
        calm = nothing("No faults: everything works as HubSpot does on a good day.")
        self.show(
            resp,
            "Faults",
            heading("Faults", act("Remove all", {"clear": "yes"}) if len(faults) > 1 else None),
            fault_tabs("Faults"),
            message,
            el("div", table("Faults", _COLUMNS, rows, calm), id="live", data_live=True),
            section("Add a fault", self._choice(form), self._form(form), name="add"),
            status=status,
            current="Faults",
        )

    def _choice(self, form: Form) -> Markup:
        groups = (("API calls", ANSWER_ACTIONS), ("Webhooks", ACTIONS - ANSWER_ACTIONS))
        lists = [
            el(
                "div",
                el("h3", title),
                el("div", [_action_link(action, form.text("action")) for action in sorted(actions)], class_="tabs"),
            )
            for title, actions in groups
        ]
        return el("nav", lists, aria_label="Kinds of faults", class_="kinds")

    def _form(self, form: Form) -> Markup:
        action = form.text("action")
        words = words_for(action)
        return post(
            hidden({"action": action}),
            el("h3", words.title),
            el("p", words.explanation, class_="quiet"),
            el("div", [_parameter(each, form) for each in words.parameters], class_="grid")
            if words.parameters
            else None,
            el("h3", "When it strikes"),
            el(
                "div",
                account_filter(self.emulator, form.text("hub_id")),
                _where(action, form),
                _how_often(form),
                class_="grid",
            ),
            el("p", button(f"Add: {words.title.lower()}", kind="main"), class_="actions"),
            action=_ADDRESS,
            class_="panel",
        )


def _action_link(action: str, chosen: str) -> Markup:
    current = "true" if action == chosen else None
    return el("a", words_for(action).title, href=f"{_ADDRESS}?add={action}#add", aria_current=current, title=action)


def _parameter(parameter: Parameter, form: Form) -> Markup:
    name, entered = f"p.{parameter.name}", form.text(f"p.{parameter.name}")
    if isinstance(parameter.kind, tuple):
        return field(parameter.label, select(name, [("", "–"), *((each, each) for each in parameter.kind)], entered))
    if parameter.kind == "yes":
        return checkbox(name, "yes", parameter.label, checked=entered == "yes")
    if parameter.kind == "lines":
        return field(parameter.label, el("textarea", f"\n{entered}", name=name, rows=2, placeholder=parameter.default))
    if parameter.kind == "text":
        return field(parameter.label, text(name, entered, placeholder=parameter.default))
    return field(parameter.label, digits(name, entered, placeholder=parameter.default))


def _where(action: str, form: Form) -> Child:
    if action not in ANSWER_ACTIONS:
        types = [("", "All types"), *((each, each) for each in sorted(EVENT_TYPES))]
        return field("Event type", select("event_type", types, form.text("event_type")))
    methods = [("", "All methods"), *((each, each) for each in _METHODS)]
    return [
        field("Method", select("method", methods, form.text("method"))),
        field("Path", text("path", form.text("path"), placeholder="/crm"), "Its beginning, or a pattern with *"),
    ]


def _how_often(form: Form) -> Child:
    return [
        field("Chance in per cent", text("percent", form.text("percent", "100"), inputmode="decimal")),
        field("At most so many times", digits("count", form.text("count"), placeholder="no limit")),
        field("Begins in s", digits("after_s", form.text("after_s"), placeholder="now"), "Of virtual time"),
        field("Lasts so many s", digits("for_s", form.text("for_s"), placeholder="for ever")),
        field("Seed", digits("seed", form.text("seed"), placeholder="0"), "The same seed strikes the same calls"),
    ]


def _order(form: Form) -> dict[str, Any]:
    """What the form says, as the control API takes it.

    Raises Rejected.
    """
    match: dict[str, Any] = {name: value for name in ("method", "path", "event_type") if (value := form.text(name))}
    if form.text("hub_id"):
        match["hub_id"] = _whole(form, "hub_id", "Account")
    order: dict[str, Any] = {"action": form.text("action"), "match": match}
    for name, label in _NUMBERS.items():
        if form.text(name):
            order[name] = _whole(form, name, label)
    order["probability"] = _share(form.text("percent", "100"))
    parameters = (_entered(each, form) for each in words_for(form.text("action")).parameters)
    return order | {"params": dict(pair for pair in parameters if pair is not None)}


def _whole(form: Form, name: str, label: str) -> int:
    number = form.number(name)
    if number is None:
        raise Rejected(f"{label} must be a whole number, not {form.text(name)[:40]!r}.")
    return number


def _share(percent: str) -> float:
    try:
        return float(percent or 100) / 100
    except ValueError:
        raise Rejected(f"Chance in per cent must be a number, not {percent[:40]!r}.") from None


def _entered(parameter: Parameter, form: Form) -> tuple[str, Any] | None:
    name = f"p.{parameter.name}"
    entered = form.text(name)
    if not entered:
        return None
    if parameter.kind == "yes":
        return parameter.name, entered == "yes"
    if parameter.kind == "number":
        return parameter.name, _whole(form, name, parameter.label)
    if parameter.kind == "lines":
        return parameter.name, _headers(entered)
    return parameter.name, _body(entered) if parameter.name == "body" else entered


def _headers(entered: str) -> dict[str, str]:
    pairs = [line.partition(":") for line in entered.splitlines() if line.strip()]
    for name, colon, _ in pairs:
        if not colon or not name.strip():
            raise Rejected(f"Headers: each line is “Name: value”, which {name[:40]!r} is not.")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _body(entered: str) -> Any:
    """JSON is sent as such, anything else as text."""
    try:
        return json.loads(entered)
    except ValueError:
        return entered


def _as_order(fault: Fault, now: int) -> str:
    """What would add it again, for the time that it had left."""
    told = fault.as_json()
    order = {name: told[name] for name in ("action", "match", "params", "probability", "count", "seed")}
    if fault.starts_at is not None:
        order["after_s"] = max(0, fault.starts_at - now) / 1000
    if fault.ends_at is not None:
        order["for_s"] = max(0, fault.ends_at - max(now, fault.starts_at or 0)) / 1000
    return json.dumps(order)


def _read_order(given: str) -> Any:
    try:
        return json.loads(given)
    except ValueError:
        raise Rejected("This fault cannot be put back. Add it again below.") from None


def _row(fault: Fault, now: int) -> list[Child]:
    where = [fault.method, fault.path, fault.event_type, f"account {fault.hub_id}" if fault.hub_id else None]
    return [
        str(fault.id),
        el("span", words_for(fault.action).title, " ", chip(fault.action)),
        ", ".join(f"{name}={json.dumps(value)}" for name, value in fault.params.items())
        or el("span", "–", class_="quiet"),
        el("span", " ".join(filter(None, where)) or "everywhere", _when(fault, now), class_="several"),
        f"{fault.probability * 100:g} %",
        f"{fault.struck:,}",
        "no limit" if fault.count is None else f"{max(0, fault.count - fault.struck):,}",
        act("Remove", {"remove": fault.id}, _ADDRESS, spoken=f"Remove fault {fault.id}"),
    ]


def _when(fault: Fault, now: int) -> Child:
    if fault.starts_at is not None and now < fault.starts_at:
        return el("span", f"begins in {span(fault.starts_at - now)}", class_="quiet")
    if fault.ends_at is None:
        return None
    return el("span", "over" if now >= fault.ends_at else f"for {span(fault.ends_at - now)} more", class_="quiet")


def _done(req: falcon.Request) -> Child:
    match req.get_param("done"):
        case "added":
            return success("The fault is in force.")
        case "removed":
            again = {"again": req.get_param("again") or ""}
            return success("The fault is removed. ", act("Undo", again, _ADDRESS))
        case "cleared":
            return success("All faults are removed.")
    return None
