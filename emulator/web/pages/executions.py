"""What workflows sent, and what was answered: webhooks, custom actions, and the steps between them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import falcon

from emulator.errors import UnknownObjectType
from emulator.web.html import Child, Markup, el
from emulator.web.pages.exchanged import answered, sent
from emulator.web.pages.filters import account_filter, filter_of
from emulator.web.pages.forms import field, filters, select, whole
from emulator.web.pages.layout import heading, section, trail
from emulator.web.pages.page import NoSuchPage, Page, account_address, record_address
from emulator.web.pages.tables import Column, chip, facts, moment, nothing, pager, status_chip, table
from emulator.workflows.executions import Execution

ADDRESS = "/_ui/executions"
_ROWS = 100
_KINDS = {
    "send_webhook": "Send a webhook",
    "custom_action": "Custom action",
    "option_fetch": "Fetch options",
    "set_property": "Set a property",
    "delay": "Delay",
}
_OUTCOMES = ("succeeded", "failed", "retrying", "blocked", "completed", "expired", "unenrolled")
_LOOKS = {"succeeded": "good", "completed": "good", "failed": "bad", "expired": "bad", "retrying": "warn"}
_FILTERS = ("hub_id", "kind", "outcome")
_COLUMNS = (
    Column("When", "code"),
    "Action",
    "Account",
    Column("Workflow", "number"),
    "Record",
    Column("Attempt", "number"),
    "Outcome",
    "Answer",
)


def delivery_tabs(current: str) -> Markup:
    """What HubSpot sends by itself: for subscriptions, and for workflows."""
    links = (("Webhooks", "/_ui/deliveries"), ("Workflow actions", ADDRESS))
    return el(
        "nav",
        [el("a", name, href=to, aria_current="page" if name == current else None) for name, to in links],
        class_="tabs",
        aria_label="Kinds of deliveries",
    )


class Executions(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = filter_of(req, _FILTERS)
        before = whole(req.get_param("before"))
        found = list(islice(_matching(self.emulator.workflows.ledger.before(before), query), _ROWS + 1))
        rows = found[:_ROWS]
        following = {"before": rows[-1].seq} if len(found) > _ROWS else None
        empty = nothing("No action matches. " if any(query.values()) else "No workflow did anything yet.")
        shown = table("Workflow actions", _COLUMNS, [self._row(row) for row in rows], empty)
        self.show(
            resp,
            "Workflow actions",
            heading("Deliveries"),
            delivery_tabs("Workflow actions"),
            self._filters(query),
            el("div", shown, id="live", data_live=True),
            pager(ADDRESS, query, first=before is not None, following=following),
            current="Deliveries",
        )

    def _filters(self, query: dict[str, str]) -> Markup:
        outcomes = [("", "All outcomes"), *((each, each.capitalize()) for each in _OUTCOMES)]
        return filters(
            [
                account_filter(self.emulator, query["hub_id"]),
                field("Action", select("kind", [("", "All actions"), *_KINDS.items()], query["kind"])),
                field("Outcome", select("outcome", outcomes, query["outcome"])),
            ],
            active=any(query.values()),
            address=ADDRESS,
        )

    def _row(self, row: Execution) -> list[Child]:
        portal = self.emulator.portals.get(row.hub_id)
        return [
            el("a", moment(row.sent_at_ms), href=f"{ADDRESS}/{row.seq}"),
            _KINDS.get(row.kind, row.kind),
            portal.name if portal else str(row.hub_id),
            str(row.workflow_id or "–"),
            _record(self, row),
            str(row.attempt),
            chip(row.outcome, _LOOKS.get(row.outcome, "")),
            status_chip(row.status, row.error) if row.url else el("span", "–", class_="quiet"),
        ]


def _matching(rows: Iterator[Execution], query: dict[str, str]) -> Iterator[Execution]:
    return (
        row
        for row in rows
        if query["hub_id"] in ("", str(row.hub_id))
        and query["kind"] in ("", row.kind)
        and query["outcome"] in ("", row.outcome)
    )


def _record(page: Page, row: Execution) -> Child:
    portal = page.emulator.portals.get(row.hub_id)
    if portal is None or row.object_id is None:
        return el("span", "–", class_="quiet")
    try:
        kind = portal.crm.object_type(row.object_type_id)
    except UnknownObjectType:
        return str(row.object_id)
    return el("a", f"{kind.title} {row.object_id}", href=record_address(portal, kind.type_id, row.object_id))


class ExecutionPage(Page):
    def on_get(self, _req: falcon.Request, resp: falcon.Response, seq: str) -> None:
        row = self.emulator.workflows.ledger.find(whole(seq) or 0)
        if row is None:
            raise NoSuchPage(f"There is no execution {seq[:20]} any more: the ledger keeps the latest ones only.")
        portal = self.emulator.portals.get(row.hub_id)
        both: Child = None
        if row.url is not None:
            wire = (el("div", sent(row, row.method or "POST", row.url)), el("div", answered(row)))
            both = el("div", *wire, class_="columns even")
        self.show(
            resp,
            f"Execution {row.seq}",
            heading(
                f"{_KINDS.get(row.kind, row.kind)} {row.seq}",
                crumbs=trail(("Deliveries", "/_ui/deliveries"), ("Workflow actions", ADDRESS)),
                below=facts(
                    [
                        ("Outcome", chip(row.outcome, _LOOKS.get(row.outcome, ""))),
                        ("When", moment(row.sent_at_ms, day=True)),
                        ("Account", el("a", portal.name, href=account_address(portal)) if portal else str(row.hub_id)),
                        ("Workflow", str(row.workflow_id or "–")),
                        ("Record", _record(self, row)),
                        ("Attempt", str(row.attempt)),
                    ]
                ),
            ),
            section("What came of it", el("p", row.message)) if row.message else None,
            _outputs(row),
            both,
            current="Deliveries",
        )


def _outputs(row: Execution) -> Child:
    if not row.outputs:
        return None
    rows: list[list[Child]] = [[el("code", name), value] for name, value in row.outputs.items()]
    return section("Outputs", table("Outputs", ("Field", "Value"), rows, ""))
