"""One delivery: what went out, what came back, and the other attempts at its events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import falcon

from emulator.errors import UnknownObjectType
from emulator.ledger import Delivery
from emulator.portals import Portal
from emulator.web.html import Child, Markup, el
from emulator.web.pages.deliveries import delivery_address, event_ids, events_in
from emulator.web.pages.exchanged import answered, sent
from emulator.web.pages.filters import app_names
from emulator.web.pages.forms import act, whole
from emulator.web.pages.layout import back_to, heading, notice, section, success, trail
from emulator.web.pages.page import NoSuchPage, Page, account_address, record_address, said
from emulator.web.pages.tables import Column, facts, moment, nothing, span, status_chip, table
from emulator.world import UnknownApp

# Other attempts are looked for among so many deliveries of the same app and account.
_LOOKED_AT = 2_000
_EVENTS = 100


class DeliveryPage(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response, seq: str) -> None:
        done = req.get_param("done") == "again"
        self._show(resp, self._row(seq), success("On its way: it appears among the attempts below.") if done else None)

    def on_post(self, _req: falcon.Request, resp: falcon.Response, seq: str) -> None:
        row = self._row(seq)
        try:
            self.emulator.send_again(row)
        except UnknownApp:
            problem = "The app is not installed in this account any more, or has no target address: nothing was sent."
            self._show(resp, row, notice(problem, bad=True), status=400)
        else:
            back_to(resp, said(delivery_address(row), "again"))

    def _row(self, seq: str) -> Delivery:
        row = self.emulator.deliveries.ledger.find(whole(seq) or 0)
        if row is None:
            raise NoSuchPage(f"There is no delivery {seq[:20]} any more: the ledger keeps the latest ones only.")
        return row

    def _show(self, resp: falcon.Response, row: Delivery, message: Child, status: int = 200) -> None:
        portal = self.emulator.portals.get(row.hub_id)
        events = events_in(row)
        attempts = self._attempts(row)
        again = act("Send again now", {}, kind="main") if events else None
        self.show(
            resp,
            f"Delivery {row.seq}",
            heading(
                f"Delivery {row.seq}",
                again,
                crumbs=trail(("Deliveries", "/_ui/deliveries")),
                below=facts(
                    [
                        ("Answer", status_chip(row.status, row.error)),
                        ("Sent", moment(row.sent_at_ms, day=True)),
                        ("Took", f"{row.duration_ms:,} ms"),
                        ("Attempt", _ordinal(row.attempt)),
                        ("Account", _account(portal, row)),
                        ("App", app_names(self.emulator).get(row.app_id, str(row.app_id))),
                    ]
                ),
            ),
            message,
            el(
                "div",
                el("div", sent(row, "POST", row.url)),
                el("div", answered(row), self._attempt_list(row, attempts)),
                class_="columns even",
            ),
            _events(events, portal, attempts),
            status=status,
            current="Deliveries",
        )

    def _attempts(self, row: Delivery) -> list[Delivery]:
        """All deliveries that had one of these events, newest first."""
        ids = event_ids(row)
        return [each for each in islice(self._neighbours(row), _LOOKED_AT) if ids & event_ids(each)] if ids else [row]

    def _neighbours(self, row: Delivery) -> Iterator[Delivery]:
        for each in self.emulator.deliveries.ledger.before():
            if each.hub_id == row.hub_id and each.app_id == row.app_id:
                yield each

    def _attempt_list(self, row: Delivery, attempts: list[Delivery]) -> Markup:
        due = self.emulator.deliveries.due(event_ids(row))
        rows: list[list[Child]] = [
            [
                el("a", moment(each.sent_at_ms, day=True), href=delivery_address(each))
                if each.seq != row.seq
                else [moment(each.sent_at_ms, day=True), " (this)"],
                _ordinal(each.attempt),
                status_chip(each.status, each.error),
            ]
            for each in attempts
        ]
        note = None
        if due:
            note = f"{len(due)} waiting: next attempt in {span(min(due.values()) - self.emulator.clock.now_ms())}."
        return section(
            "All attempts",
            el("div", table("All attempts", ("Sent", "Attempt", "Answer"), rows, ""), id="attempts", data_live=True),
            note=note,
        )


def _events(events: list[dict[str, Any]], portal: Portal | None, attempts: list[Delivery]) -> Markup:
    by_event: dict[int, list[Delivery]] = {}
    for each in attempts:
        for event_id in event_ids(each):
            by_event.setdefault(event_id, []).append(each)
    columns = (Column("Event id", "code"), Column("Type", "code"), "Record", "What", "Answers")
    return section(
        f"{len(events):,} event{'' if len(events) == 1 else 's'}",
        table(
            "Events",
            columns,
            [_event(each, portal, by_event) for each in events[:_EVENTS]],
            nothing("This was no list of events."),
        ),
    )


def _ordinal(attempt: int) -> str:
    return "first" if attempt == 0 else f"retry {attempt}"


def _account(portal: Portal | None, row: Delivery) -> Child:
    return el("a", portal.name, href=account_address(portal)) if portal else str(row.hub_id)


def _event(event: dict[str, Any], portal: Portal | None, by_event: dict[int, list[Delivery]]) -> list[Child]:
    event_id = event.get("eventId", 0)
    attempts = by_event.get(event_id, []) if isinstance(event_id, int) else []
    chips = [status_chip(each.status, each.error, delivery_address(each)) for each in reversed(attempts)]
    return [
        str(event_id),
        str(event.get("subscriptionType", "")),
        _record(event, portal),
        _what(event),
        el("span", chips, class_="several"),
    ]


def _record(event: dict[str, Any], portal: Portal | None) -> Child:
    record_id, type_id = event.get("objectId") or event.get("fromObjectId"), event.get("objectTypeId")
    if record_id is None:
        return el("span", "–", class_="quiet")
    named = str(type_id or event.get("fromObjectTypeId") or str(event.get("subscriptionType")).partition(".")[0])
    try:
        kind = portal.crm.object_type(named) if portal else None
    except UnknownObjectType:
        kind = None
    if portal is None or kind is None:
        return str(record_id)
    return el("a", f"{kind.title} {record_id}", href=record_address(portal, kind.type_id, record_id))


def _what(event: dict[str, Any]) -> Child:
    """The part of an event that differs from kind to kind."""
    if "propertyName" in event:
        return el("code", f"{event['propertyName']} = {json.dumps(event.get('propertyValue'), ensure_ascii=False)}")
    if "associationType" in event:
        verb = "removed" if event.get("associationRemoved") else "added"
        return f"{event['associationType']} {verb}: {event.get('fromObjectId')} → {event.get('toObjectId')}"
    if "newObjectId" in event:
        return f"merged into {event['newObjectId']}"
    return el("span", str(event.get("changeFlag", "")).lower().replace("_", " "), class_="quiet")
