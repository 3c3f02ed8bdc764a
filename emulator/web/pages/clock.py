"""Time, and the whole of the emulator: forward, back to the start, into a file and out of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import falcon
from falcon.media.multipart import MultipartForm

from emulator.control.fields import Rejected
from emulator.instants import iso
from emulator.web.exchange import dumps
from emulator.web.html import Child, Markup, el
from emulator.web.pages.forms import Form, button, confirmed, digits, field, post, read_form, select
from emulator.web.pages.layout import back_to, heading, notice, section, success
from emulator.web.pages.page import Page, said
from emulator.web.pages.tables import facts, span

_ADDRESS = "/_ui/clock"
_STEPS = (
    (60, "1 minute"),
    (1_800, "30 minutes"),
    (3_600, "1 hour"),
    (86_400, "1 day"),
    (604_800, "1 week"),
    (7_776_000, "90 days"),
)
_UNITS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
# A hundred years: a slip of the finger must not end the calendar.
_FARTHEST_S = 3_155_760_000

_DONE = {
    "advanced": "Time moved forward. What was due is on its way.",
    "reset": "Everything is as it was at the start.",
    "loaded": "The snapshot is loaded: everything is as it was when it was saved.",
}


class ClockPage(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        done = _DONE.get(req.get_param("done") or "")
        self._show(resp, success(done) if done else None)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        seconds = _seconds(read_form(req))
        if seconds is None or self._ahead_s() + seconds > _FARTHEST_S:
            problem = "Enter how far to go: a whole number, and no more than a hundred years in all."
            self._show(resp, notice(problem, bad=True), status=400)
            return
        self.emulator.advance(seconds)
        back_to(resp, said(_ADDRESS, "advanced"))

    def _ahead_s(self) -> float:
        return self.emulator.clock.offset_ms / 1000

    def _show(self, resp: falcon.Response, message: Child, status: int = 200) -> None:
        steps = [button(f"+ {label}", name="advance_s", value=seconds) for seconds, label in _STEPS]
        units = [("s", "seconds"), ("min", "minutes"), ("h", "hours"), ("d", "days")]
        self.show(
            resp,
            "Clock",
            heading("Clock"),
            message,
            section(
                "Virtual time",
                self._times(),
                post(el("p", steps, class_="actions"), action=_ADDRESS),
                post(
                    field("Or forward by", digits("amount", "", required=True)),
                    field("Unit", select("unit", units, "h")),
                    el("div", button("Advance"), class_="actions"),
                    action=_ADDRESS,
                    class_="filters",
                ),
                note="Tokens and codes expire, retries come due, archived records vanish, days begin. Time never goes"
                " back, except by a reset or a snapshot.",
            ),
            _snapshots(),
            section(
                "Reset",
                confirmed(
                    "Reset everything",
                    "Accounts, apps, records, tokens, faults and ledgers go, and what the emulator started with comes"
                    " back. This cannot be undone: save a snapshot first if you want to return.",
                    action="/_ui/reset",
                ),
                note="Back to the seed that the emulator was started with.",
            ),
            status=status,
            current="Clock",
        )

    def _times(self) -> Markup:
        now, due = self.emulator.clock.now_ms(), self.emulator.deliveries.next_due()
        ahead = self.emulator.clock.offset_ms
        return el(
            "div",
            el("p", el("time", iso(now)[:19].replace("T", " "), datetime=iso(now)), " UTC", class_="now"),
            facts(
                [
                    ("Ahead of real time", f"by {span(ahead)}" if ahead else "not at all"),
                    ("Next retry or delayed event", f"in {span(due - now)}" if due is not None else "none"),
                    ("Next access token expires", self._next_expiry(now)),
                ]
            ),
            id="live",
            data_live=True,
        )

    def _next_expiry(self, now: int) -> str:
        with self.emulator.lock:
            coming = [
                token.expires_at
                for token in self.emulator.grants.access_tokens.values()
                if token.expires_at is not None and token.expires_at > now
            ]
        return f"in {span(min(coming) - now)}" if coming else "none"


def _seconds(form: Form) -> int | None:
    step = form.number("advance_s")
    if step is not None:
        return step
    amount, unit = form.number("amount"), _UNITS.get(form.text("unit"))
    return amount * unit if amount is not None and unit is not None else None


def _snapshots() -> Markup:
    chooser = el("input", type="file", name="snapshot", accept="application/json,.json", required=True)
    return section(
        "Snapshots",
        el(
            "p",
            el("a", "Save a snapshot", href="/_ui/snapshot", class_="button", download=True),
            class_="actions",
        ),
        el(
            "form",
            field("Load one from a file; it replaces everything there is now", chooser),
            el("div", button("Load", kind="danger"), class_="actions"),
            method="post",
            action="/_ui/snapshot",
            enctype="multipart/form-data",
            class_="filters",
        ),
        note="Accounts, records, apps, tokens, time and events that wait: all but ledgers, rate windows and faults."
        " The file holds secrets.",
    )


class Reset(Page):
    def on_post(self, _req: falcon.Request, resp: falcon.Response) -> None:
        self.emulator.reset()
        back_to(resp, said(_ADDRESS, "reset"))


class Snapshot(ClockPage):
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        resp.data = dumps(self.emulator.snapshot())
        resp.content_type = "application/json"
        resp.set_header("Content-Disposition", f'attachment; filename="emulator-{stamp}.json"')
        resp.set_header("Cache-Control", "no-store")

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        try:
            self.emulator.load(_uploaded(req))
        except Rejected as rejected:
            problem = f"{rejected}. Nothing was changed. Choose a file that “Save a snapshot” made."
            self._show(resp, notice(problem[:1].upper() + problem[1:], bad=True), status=400)
        else:
            back_to(resp, said(_ADDRESS, "loaded"))


def _uploaded(req: falcon.Request) -> Any:
    """Raises Rejected."""
    try:
        sent = req.get_media()
        for part in sent if isinstance(sent, MultipartForm) else ():
            if part.name == "snapshot":
                return json.loads(part.stream.read())
    except (falcon.HTTPError, ValueError, RecursionError):
        raise Rejected("this is no JSON file") from None
    raise Rejected("no file was sent")
