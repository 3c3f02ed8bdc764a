"""Tables, which become cards on a narrow screen, and the small things in their cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from emulator.instants import iso
from emulator.web.html import Child, Markup, el, join

_TAG = re.compile(r"<[^>]*>")
# Words longer than this may break anywhere; shorter ones keep their column wide enough for them.
_LONG_WORD = re.compile(r"\S{25}")


@dataclass(frozen=True)
class Column:
    heading: str
    # How it looks: "number", "code", "acts".
    look: str = ""
    # Where a click on the heading leads, and how the rows are ordered by this column now.
    href: str | None = None
    sorted: str | None = None


def table(caption: str, columns: Sequence[Column | str], rows: Sequence[Sequence[Child]], empty: Child) -> Markup:
    """Roles are spelt out because a table that is laid out as cards loses those it has by itself."""
    if not rows:
        return empty if isinstance(empty, Markup) else nothing(empty)
    shown = [Column(each) if isinstance(each, str) else each for each in columns]
    head = el("thead", el("tr", [_heading(column) for column in shown], role="row"), role="rowgroup")
    body = el("tbody", [_row(shown, row) for row in rows], role="rowgroup")
    inner = el("table", el("caption", caption, class_="hidden"), head, body, role="table")
    return el("div", inner, class_="sheet")


def _heading(column: Column) -> Markup:
    text: Child = column.heading
    if column.href:
        arrow = {"ascending": " ↑", "descending": " ↓"}.get(column.sorted or "", "")
        text = el("a", column.heading, el("span", arrow, aria_hidden="true"), href=column.href)
    elif not column.heading:
        text = el("span", "Actions", class_="hidden")
    return el("th", text, scope="col", role="columnheader", aria_sort=column.sorted, class_=column.look or None)


def _row(columns: Sequence[Column], cells: Sequence[Child]) -> Markup:
    return el("tr", [_cell(column, cell) for column, cell in zip(columns, cells, strict=True)], role="row")


def _cell(column: Column, cell: Child) -> Markup:
    shown = join([cell])
    looks = " ".join(filter(None, (column.look, "long" if _LONG_WORD.search(_TAG.sub(" ", shown)) else "")))
    return el("td", shown, role="cell", data_label=column.heading or None, class_=looks or None)


def nothing(*content: Child) -> Markup:
    """What stands where a list would be; it says what to do next."""
    return el("div", el("p", *content), class_="empty")


def facts(rows: Iterable[tuple[str, Child]]) -> Markup:
    return el("dl", [el("div", el("dt", name), el("dd", value)) for name, value in rows], class_="facts")


def chip(text: str, look: str = "", href: str | None = None, **attributes: str | None) -> Markup:
    name = f"chip {look}".strip()
    return el("a" if href else "span", text, class_=name, href=href, **attributes)


def status_chip(status: int | None, error: str | None = None, href: str | None = None) -> Markup:
    """An answer's status; without one, what went wrong."""
    if not status:
        return chip(error or "dropped", "bad", href)
    look = {2: "good", 3: "info", 4: "warn"}.get(status // 100, "bad")
    return chip(str(status), look, href)


def moment(ms: int, *, day: bool = False) -> Markup:
    """A time on the wire, to the millisecond."""
    shown = datetime.fromtimestamp(ms / 1000, UTC)
    text = shown.strftime("%Y-%m-%d %H:%M:%S" if day else "%H:%M:%S.%f")
    return el("time", text if day else text[:-3], datetime=iso(ms), title=f"{iso(ms)} (UTC)")


def minute(ms: int) -> Markup:
    """A time of HubSpot's, to the minute."""
    return el("time", iso(ms)[:16].replace("T", " "), datetime=iso(ms), title=f"{iso(ms)} (UTC)")


def span(ms: int) -> str:
    """How long, in words short enough for a cell."""
    seconds = max(0, ms) / 1000
    if seconds < 1:
        return f"{ms:.0f} ms"
    for size, unit, most in ((1, "s", 120), (60, "min", 120), (3_600, "h", 48)):
        if seconds < size * most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"


def pager(address: str, query: Mapping[str, str], *, first: bool, following: Mapping[str, str | int] | None) -> Child:
    """To the first page and to the next one."""
    if not first and following is None:
        return None
    kept = {name: value for name, value in query.items() if value}
    back = el("a", "First page", href=_address(address, kept), class_="button") if first else el("span")
    on = None
    if following is not None:
        to = {**kept, **{name: str(value) for name, value in following.items()}}
        on = el("a", "Next page", href=_address(address, to), rel="next", class_="button")
    return el("nav", back, on, class_="pages", aria_label="Pages")


def _address(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def link_with(path: str, query: Mapping[str, str], **changes: str) -> str:
    """The address with some parameters changed; an empty one goes away."""
    return _address(path, {name: value for name, value in {**query, **changes}.items() if value})
