"""What went over the wire: webhook deliveries with their events and answers, and calls of the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import falcon

from emulator.ledger import Delivery, Request
from emulator.web.html import Child, el
from emulator.web.pages.accounts import Page
from emulator.web.pages.layout import show, table

_SHOWN = 100


class Deliveries(Page):
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        rows = self.emulator.deliveries.ledger.latest(_SHOWN)
        waiting = sum(self.emulator.deliveries.pending(hub_id) for hub_id in list(self.emulator.portals))
        show(
            resp,
            "Deliveries",
            el("h1", "Webhook deliveries"),
            el("p", f"The latest {_SHOWN}, newest first. Events waiting: {waiting:,}.", class_="quiet"),
            table(
                ["Sent", "Account", "Answer", "Attempt", "Took", "Events"],
                [_delivery(row) for row in rows],
                "Nothing was delivered yet. An app hears of changes in accounts that it is installed in.",
                "Deliveries",
            ),
            current="Deliveries",
        )


def _delivery(row: Delivery) -> list[Child]:
    events = json.loads(row.body)
    good = row.status is not None and 200 <= row.status < 300
    kinds = sorted({event["subscriptionType"] for event in events})
    summary = f"{len(events)}: {', '.join(kinds)}"
    payload = json.dumps(events, indent=1, ensure_ascii=False)
    return [
        _time(row.sent_at_ms),
        str(row.hub_id),
        el("span", str(row.status or row.error), class_="good" if good else "ill"),
        str(row.attempt),
        f"{row.duration_ms} ms",
        el("details", el("summary", summary), el("pre", el("code", payload))),
    ]


class Requests(Page):
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        show(
            resp,
            "Requests",
            el("h1", "API calls"),
            el("p", f"The latest {_SHOWN}, newest first.", class_="quiet"),
            table(
                ["Arrived", "Account", "App", "Call", "Answer", "In 10 s", "Searches in 1 s"],
                [_request(row) for row in self.emulator.requests.latest(_SHOWN)],
                "Nobody has called yet.",
                "API calls",
            ),
            current="Requests",
        )


def _request(row: Request) -> list[Child]:
    return [
        _time(row.arrived_at_ms),
        str(row.hub_id or "–"),
        str(row.app_id or "–"),
        el("code", f"{row.method} {row.path}"),
        el("span", str(row.status or "dropped"), class_="good" if 200 <= row.status < 400 else "ill"),
        "exempt" if row.exempt else str(row.burst_in_window),
        str(row.search_in_window),
    ]


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
