"""The calls of HubSpot's API, newest first, with what they did to the limits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import falcon

from emulator.ledger import Request
from emulator.web.html import Child, Markup, el
from emulator.web.pages.filters import account_filter, app_filter, app_names, filter_of, matches_status, status_filter
from emulator.web.pages.forms import field, filters, select, text, whole
from emulator.web.pages.layout import heading
from emulator.web.pages.page import Page
from emulator.web.pages.tables import Column, moment, nothing, pager, status_chip, table

_ROWS = 100
_FILTERS = ("hub_id", "app_id", "status", "method", "path")
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
_COLUMNS = (
    Column("Arrived", "code"),
    Column("Call", "code"),
    "Answer",
    "Account",
    "App",
    Column("In 10 s", "number"),
    Column("Searches in 1 s", "number"),
)


class Requests(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = filter_of(req, _FILTERS)
        before = whole(req.get_param("before"))
        found = list(islice(_matching(self.emulator.requests.before(before), query), _ROWS + 1))
        rows = found[:_ROWS]
        names = app_names(self.emulator)
        self.show(
            resp,
            "Requests",
            heading(
                "Requests", below=el("p", "Calls of the API. “In 10 s” counts towards the burst limit.", class_="quiet")
            ),
            self._filters(query),
            el(
                "div",
                table(
                    "Requests", _COLUMNS, [self._row(row, names) for row in rows], _empty(active=any(query.values()))
                ),
                id="live",
                data_live=True,
            ),
            pager(
                "/_ui/requests",
                query,
                first=before is not None,
                following={"before": rows[-1].seq} if len(found) > _ROWS else None,
            ),
            current="Requests",
        )

    def _filters(self, query: dict[str, str]) -> Markup:
        methods = [("", "All methods"), *((each, each) for each in _METHODS)]
        return filters(
            [
                account_filter(self.emulator, query["hub_id"]),
                app_filter(self.emulator, query["app_id"]),
                status_filter(query["status"]),
                field("Method", select("method", methods, query["method"])),
                field("Path contains", text("path", query["path"], placeholder="/crm/")),
            ],
            active=any(query.values()),
            address="/_ui/requests",
        )

    def _row(self, row: Request, names: dict[int, str]) -> list[Child]:
        portal = self.emulator.portals.get(row.hub_id) if row.hub_id is not None else None
        return [
            moment(row.arrived_at_ms),
            el("span", el("b", row.method), " ", row.path, class_="call"),
            status_chip(row.status),
            portal.name if portal else str(row.hub_id or "–"),
            names.get(row.app_id, str(row.app_id)) if row.app_id is not None else "–",
            el("span", "exempt", class_="quiet") if row.exempt else f"{row.burst_in_window:,}",
            f"{row.search_in_window:,}" if row.search_in_window else el("span", "–", class_="quiet"),
        ]


def _matching(rows: Iterator[Request], query: dict[str, str]) -> Iterator[Request]:
    return (row for row in rows if _wanted(row, query))


def _wanted(row: Request, query: dict[str, str]) -> bool:
    if query["hub_id"] and str(row.hub_id) != query["hub_id"]:
        return False
    if query["app_id"] and str(row.app_id) != query["app_id"]:
        return False
    if query["method"] and row.method != query["method"]:
        return False
    return query["path"].lower() in row.path.lower() and matches_status(row.status, query["status"])


def _empty(*, active: bool) -> Markup:
    if active:
        return nothing("No call matches. ", el("a", "Show all", href="/_ui/requests"))
    return nothing(
        "Nobody has called the API yet. Get an access token on ", el("a", "an app's page", href="/_ui/apps"), "."
    )
