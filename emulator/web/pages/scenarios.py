"""Bad days at HubSpot by name: those being played, and a form for each that says what happens."""

from __future__ import annotations

from typing import Any

import falcon

from emulator.control.fields import Fields, Rejected
from emulator.control.scenarios import CHOICES, read_parameters
from emulator.instants import iso
from emulator.scenarios.library import LIBRARY
from emulator.scenarios.running import Running
from emulator.scenarios.stage import ScenarioRefused, Value
from emulator.web.html import Child, Markup, el
from emulator.web.pages.forms import Form, act, button, digits, field, hidden, post, read_form, select, text
from emulator.web.pages.layout import back_to, heading, notice, section, success
from emulator.web.pages.page import Page, said
from emulator.web.pages.tables import Column, chip, nothing, span, table

ADDRESS = "/_ui/scenarios"
_COLUMNS = (
    Column("Id", "number"),
    Column("Scenario", "name"),
    Column("Parameters", "code"),
    Column("What it did", "code"),
    Column("Ends", "name"),
    Column("", "acts"),
)
_DONE = {"begun": "The scenario is under way.", "ended": "The scenario is over, and what it put up is taken down."}


def fault_tabs(current: str) -> Markup:
    """The two ways to have a bad day."""
    links = (("Faults", "/_ui/faults"), ("Scenarios", ADDRESS))
    return el(
        "nav",
        [el("a", name, href=to, aria_current="page" if name == current else None) for name, to in links],
        class_="tabs",
        aria_label="Faults and scenarios",
    )


class Scenarios(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        name = req.get_param("play") or ""
        done = _DONE.get(req.get_param("done") or "")
        chosen = name if name in LIBRARY else next(iter(LIBRARY))
        self._show(resp, Form([("name", chosen)]), success(done) if done else None)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = read_form(req)
        ended = form.number("end")
        if ended is not None:
            self.emulator.scenarios.end(ended)
            back_to(resp, said(ADDRESS, "ended"))
            return
        try:
            self._begin(form)
        except (Rejected, ScenarioRefused) as refused:
            self._show(resp, form, notice(str(refused), bad=True), status=400)
        else:
            back_to(resp, said(ADDRESS, "begun"))

    def _begin(self, form: Form) -> None:
        """Raises Rejected and ScenarioRefused."""
        scenario = LIBRARY.get(form.text("name"))
        if scenario is None:
            raise Rejected("There is no such scenario. Choose one below.")
        given = {name: _entered(form, name, default) for name, default in scenario.parameters.items()}
        body = Fields({"params": {name: value for name, value in given.items() if value is not None}}, ("params",))
        seed = form.number("seed") if form.text("seed") else 0
        if seed is None:
            raise Rejected("Seed must be a whole number.")
        self.emulator.scenarios.begin(scenario.name, read_parameters(scenario, body), seed)

    def _show(self, resp: falcon.Response, form: Form, message: Child, status: int = 200) -> None:
        rows = [self._row(each) for each in self.emulator.scenarios.running()]
        calm = nothing("No scenario is being played.")
        self.show(
            resp,
            "Scenarios",
            heading("Faults"),
            fault_tabs("Scenarios"),
            message,
            el("div", table("Scenarios", _COLUMNS, rows, calm), id="live", data_live=True),
            section("Play a scenario", _choice(form), self._form(form), name="play"),
            status=status,
            current="Faults",
        )

    def _row(self, running: Running) -> list[Child]:
        stage = running.stage
        left = stage.ends_at - self.emulator.clock.now_ms()
        return [
            str(running.id),
            el("span", running.scenario.name.replace("_", " "), title=running.scenario.description),
            _pairs(stage.parameters),
            _pairs(stage.outcome),
            el("span", f"in {span(left)}", title=iso(stage.ends_at)),
            act("End now", {"end": running.id}, ADDRESS, spoken=f"End scenario {running.id}"),
        ]

    def _form(self, form: Form) -> Markup:
        scenario = LIBRARY.get(form.text("name")) or next(iter(LIBRARY.values()))
        parameters = [self._parameter(form, name, default) for name, default in scenario.parameters.items()]
        return post(
            hidden({"name": scenario.name}),
            el("h3", scenario.name.replace("_", " ").capitalize(), " ", chip(scenario.name)),
            el("p", scenario.description, class_="quiet"),
            el("div", parameters, field("Seed", digits("seed", form.text("seed"), placeholder="0")), class_="grid"),
            el("p", button("Play it", kind="main"), class_="actions"),
            action=ADDRESS,
            class_="panel",
        )

    def _parameter(self, form: Form, name: str, default: Value) -> Markup:
        entered = form.text(f"p.{name}")
        label = name.replace("_", " ").capitalize()
        if name == "hub_id":
            accounts = [(str(each.hub_id), f"{each.name} ({each.hub_id})") for each in self.emulator.portals.values()]
            return field("Account", select(f"p.{name}", [("", "–"), *accounts], entered))
        if name == "client_id":
            apps = [(each.client_id, each.name) for each in self.emulator.apps.values()]
            return field("App", select(f"p.{name}", [("", "–"), *apps], entered))
        if name in CHOICES:
            return field(label, select(f"p.{name}", [(each, each) for each in CHOICES[name]], entered or str(default)))
        return field(label, text(f"p.{name}", entered, placeholder="none" if default is None else str(default)))


def _choice(form: Form) -> Markup:
    links = [
        el(
            "a",
            name.replace("_", " ").capitalize(),
            href=f"{ADDRESS}?play={name}#play",
            aria_current="true" if name == form.text("name") else None,
            title=scenario.description,
        )
        for name, scenario in LIBRARY.items()
    ]
    return el("nav", links, class_="tabs", aria_label="Scenarios")


def _entered(form: Form, name: str, default: Value) -> Any:
    """A number where the default is one; what was left empty is left out."""
    given = form.text(f"p.{name}")
    if not given:
        return None
    if isinstance(default, str) or (default is None and name != "hub_id"):
        return given
    try:
        return float(given) if isinstance(default, float) else int(given)
    except ValueError:
        raise Rejected(f"{name.replace('_', ' ').capitalize()} must be a number, not {given[:40]!r}.") from None


def _pairs(values: Any) -> Child:
    shown = ", ".join(f"{name}={value}" for name, value in values.items() if value is not None)
    return shown or el("span", "–", class_="quiet")
