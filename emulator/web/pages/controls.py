"""Time and faults, by hand."""

from __future__ import annotations

import falcon

from emulator.control.apps import read_fault
from emulator.control.fields import Rejected
from emulator.faults import ACTIONS, Fault
from emulator.instants import iso
from emulator.web.html import Child, Markup, el
from emulator.web.pages.accounts import Page
from emulator.web.pages.layout import back_to, button, field, notice, show, table

_STEPS = ((60, "1 minute"), (1_800, "30 minutes"), (3_600, "1 hour"), (86_400, "1 day"), (7_776_000, "90 days"))


class Controls(Page):
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        self._show(resp, None)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = self.form(req)
        try:
            self._handle(form)
        except Rejected as rejected:
            self._show(resp, notice(str(rejected), bad=True), status=400)
        else:
            back_to(resp, "/_ui/controls")

    def _handle(self, form: dict[str, str]) -> None:
        if form.get("advance_s", "").isdigit():
            self.emulator.advance(int(form["advance_s"]))
        elif form.get("remove", "").isdigit():
            self.emulator.faults.remove(int(form["remove"]))
        elif "action" in form:
            self.emulator.add_fault(
                read_fault(_fault(form), self.emulator.faults.next_id(), self.emulator.clock.now_ms())
            )

    def _show(self, resp: falcon.Response, message: Child, status: int = 200) -> None:
        steps = [button(f"+ {text}", name="advance_s", value=seconds) for seconds, text in _STEPS]
        show(
            resp,
            "Controls",
            el("h1", "Controls"),
            message,
            el("h2", "Virtual time"),
            el("p", el("code", iso(self.emulator.clock.now_ms()))),
            el("form", el("p", steps, class_="actions"), method="post"),
            el("p", "Tokens expire, retries come due and archived records vanish as time moves on.", class_="quiet"),
            el("h2", "Faults"),
            table(
                ["Fault", "Where", "Struck", "Left", ""],
                [_row(fault) for fault in self.emulator.faults.all()],
                "No faults: everything works as HubSpot does on a good day.",
                "Faults",
            ),
            _form(),
            status=status,
            current="Controls",
        )


def _fault(form: dict[str, str]) -> dict[str, object]:
    match: dict[str, object] = {}
    if path := form.get("path", "").strip():
        match["path"] = path
    if (hub_id := form.get("hub_id", "").strip()).isdigit():
        match["hub_id"] = int(hub_id)
    fault: dict[str, object] = {"action": form["action"], "match": match}
    if (count := form.get("count", "").strip()).isdigit():
        fault["count"] = int(count)
    if (percent := form.get("percent", "").strip()).isdigit():
        fault["probability"] = int(percent) / 100
    return fault


def _row(fault: Fault) -> list[Child]:
    where = " ".join(
        str(each) for each in (fault.method, fault.path, fault.hub_id, fault.event_type) if each is not None
    )
    remove = el(
        "form",
        el("input", type="hidden", name="remove", value=fault.id),
        button("Remove", aria_label=f"Remove fault {fault.id}"),
        method="post",
    )
    left = "∞" if fault.count is None else str(max(0, fault.count - fault.struck))
    return [f"{fault.action} {fault.probability:.0%}", where or "everywhere", str(fault.struck), left, remove]


def _form() -> Markup:
    actions = el("select", [el("option", action, value=action) for action in sorted(ACTIONS)], name="action")
    return el(
        "form",
        el(
            "div",
            field("Fault", actions),
            field("Path begins with", el("input", name="path", placeholder="/crm", autocomplete="off")),
            field("Account", el("input", name="hub_id", inputmode="numeric", autocomplete="off")),
            field("Per cent of calls", el("input", name="percent", value="100", inputmode="numeric")),
            field("How often", el("input", name="count", placeholder="for ever", inputmode="numeric")),
            button("Add fault"),
            class_="row",
        ),
        method="post",
    )
