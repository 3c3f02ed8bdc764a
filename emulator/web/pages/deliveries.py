"""What was sent to apps, newest first: attempts at the same events stand together."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import falcon

from emulator.ledger import Delivery, Ledger
from emulator.web.html import Child, Markup, el
from emulator.web.pages.executions import delivery_tabs
from emulator.web.pages.filters import account_filter, app_filter, app_names, filter_of, matches_status, status_filter
from emulator.web.pages.forms import field, filters, select, whole
from emulator.web.pages.layout import heading
from emulator.web.pages.page import Page
from emulator.web.pages.tables import Column, moment, nothing, pager, span, status_chip, table
from emulator.webhooks.subscriptions import EVENT_TYPES

_ROWS = 50
# Other attempts are looked for among so many deliveries around those shown.
_AROUND = 3_000
_CHIPS = 6
_EVENT_ID = re.compile(rb'"eventId":(\d+)')
_TYPES_NAMED = 2
_FILTERS = ("hub_id", "app_id", "status", "type")


class Deliveries(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = filter_of(req, _FILTERS)
        before = whole(req.get_param("before"))
        ledger = self.emulator.deliveries.ledger
        found = list(islice(_leading(ledger.before(before), query), _ROWS + 1))
        rows = found[:_ROWS]
        chains = _attempts(rows, ledger)
        due = self.emulator.deliveries.due({first for row in rows if (first := first_event(row))})
        names = app_names(self.emulator)
        self.show(
            resp,
            "Deliveries",
            heading("Deliveries", below=self._waiting()),
            delivery_tabs("Webhooks"),
            self._filters(query),
            el(
                "div",
                table(
                    "Deliveries",
                    _COLUMNS,
                    [self._row(row, chains[row.seq], due, names) for row in rows],
                    _empty(active=any(query.values())),
                ),
                id="live",
                data_live=True,
            ),
            pager(
                "/_ui/deliveries",
                query,
                first=before is not None,
                following={"before": rows[-1].seq} if len(found) > _ROWS else None,
            ),
            current="Deliveries",
        )

    def _waiting(self) -> Markup:
        waiting = sum(self.emulator.deliveries.pending(hub_id) for hub_id in list(self.emulator.portals))
        next_ms = self.emulator.deliveries.next_due()
        text = f"{waiting:,} event{'' if waiting == 1 else 's'} waiting"
        if next_ms is not None:
            text += f", the next one comes in {span(next_ms - self.emulator.clock.now_ms())}"
        return el("p", text, ".", id="waiting", data_live=True, class_="quiet")

    def _filters(self, query: dict[str, str]) -> Markup:
        types = [("", "All types"), *((each, each) for each in sorted(EVENT_TYPES))]
        return filters(
            [
                account_filter(self.emulator, query["hub_id"]),
                app_filter(self.emulator, query["app_id"]),
                status_filter(query["status"]),
                field("Event type", select("type", types, query["type"])),
            ],
            active=any(query.values()),
            address="/_ui/deliveries",
        )

    def _row(self, row: Delivery, attempts: list[Delivery], due: dict[int, int], names: dict[int, str]) -> list[Child]:
        portal = self.emulator.portals.get(row.hub_id)
        chips = [status_chip(each.status, each.error, delivery_address(each)) for each in attempts[-_CHIPS:]]
        left_out = len(attempts) - len(chips)
        return [
            el("a", moment(row.sent_at_ms), href=delivery_address(row)),
            _summary(row),
            portal.name if portal else str(row.hub_id),
            names.get(row.app_id, str(row.app_id)),
            el("span", f"{left_out} more" if left_out else None, chips, class_="several"),
            f"{row.duration_ms:,} ms",
            self._retry(attempts[-1], due),
        ]

    def _retry(self, row: Delivery, due: dict[int, int]) -> Child:
        if row.accepted:
            return el("span", "accepted", class_="quiet")
        at = due.get(first_event(row) or 0)
        if at is None:
            return el("span", "none", class_="quiet")
        return f"in {span(at - self.emulator.clock.now_ms())}"


_COLUMNS = (
    Column("Sent", "code"),
    "Events",
    "Account",
    "App",
    Column("Answers", "chips"),
    Column("Took", "number"),
    "Next attempt",
)


def delivery_address(row: Delivery) -> str:
    return f"/_ui/deliveries/{row.seq}"


def first_event(row: Delivery) -> int | None:
    found = _EVENT_ID.search(row.body)
    return int(found.group(1)) if found else None


def event_ids(row: Delivery) -> set[int]:
    return {int(each) for each in _EVENT_ID.findall(row.body)}


def events_in(row: Delivery) -> list[dict[str, Any]]:
    """Push deliveries are lists of events; what else is sent has none."""
    try:
        events = json.loads(row.body)
    except ValueError:
        return []
    return [each for each in events if isinstance(each, dict)] if isinstance(events, list) else []


def _leading(rows: Iterator[Delivery], query: dict[str, str]) -> Iterator[Delivery]:
    """Of those that begin with the same event, which are attempts at the same batch, the newest."""
    seen: set[int] = set()
    for row in rows:
        first = first_event(row)
        if first not in seen and _wanted(row, query):
            yield row
        if first is not None:
            seen.add(first)


def _attempts(rows: list[Delivery], ledger: Ledger[Delivery]) -> dict[int, list[Delivery]]:
    """By delivery: all that had its first event, oldest first. Retries may be batched differently."""
    chains: dict[int, list[Delivery]] = {first: [] for row in rows if (first := first_event(row)) is not None}
    around = islice(ledger.before(rows[0].seq + _AROUND // 2), _AROUND) if rows else ()
    for row in around:
        again = row.attempt > 0 or not row.accepted
        for first in (event_ids(row) if again else {first_event(row) or 0}) & chains.keys():
            chains[first].insert(0, row)
    return {row.seq: chains.get(first_event(row) or 0) or [row] for row in rows}


def _wanted(row: Delivery, query: dict[str, str]) -> bool:
    if query["hub_id"] and str(row.hub_id) != query["hub_id"]:
        return False
    if query["app_id"] and str(row.app_id) != query["app_id"]:
        return False
    if query["type"] and f'"subscriptionType":"{query["type"]}"'.encode() not in row.body:
        return False
    return matches_status(row.status, query["status"])


def _summary(row: Delivery) -> Markup:
    events = events_in(row)
    kinds = Counter(str(each.get("subscriptionType", "event")) for each in events)
    names: list[Child] = [
        el("span", f"{count:,} × " if len(events) > 1 else None, el("code", kind))
        for kind, count in kinds.most_common(_TYPES_NAMED)
    ]
    if len(kinds) > _TYPES_NAMED:
        names.append(el("span", f"and {len(kinds) - _TYPES_NAMED} more types"))
    if len(events) == 1 and "objectId" in events[0]:
        names.append(el("span", str(events[0]["objectId"]), class_="quiet"))
    return el("span", names or el("code", row.url), class_="several")


def _empty(*, active: bool) -> Markup:
    if active:
        return nothing("No delivery matches. ", el("a", "Show all", href="/_ui/deliveries"))
    return nothing(
        "Nothing was sent yet. An app hears of a change if it is ",
        el("a", "subscribed", href="/_ui/apps"),
        " to it and installed in the account.",
    )
