"""A request that was sent and the answer to it, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from emulator.web.html import Child, Markup, el
from emulator.web.pages.layout import section
from emulator.web.pages.payload import highlighted
from emulator.web.pages.tables import Column, nothing, status_chip, table


class Exchanged(Protocol):
    """What every ledger of requests keeps."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> bytes: ...

    @property
    def status(self) -> int | None: ...

    @property
    def error(self) -> str | None: ...

    @property
    def answer(self) -> bytes: ...

    @property
    def duration_ms(self) -> int: ...


def sent(row: Exchanged, method: str, url: str) -> Markup:
    rows: list[list[Child]] = [[el("code", name), el("code", value)] for name, value in row.headers.items()]
    body = [el("h3", "Body"), highlighted(row.body)] if row.body else el("p", "Without a body.", class_="quiet")
    return section(
        "Sent",
        el("p", el("code", f"{method} {url}"), class_="line"),
        table("Request headers", (Column("Header", "name"), "Value"), rows, nothing("Its headers were not kept.")),
        body,
    )


def answered(row: Exchanged) -> Markup:
    if row.error is not None:
        return section("Answered", el("p", f"No answer: {row.error}.", class_="line"))
    body = highlighted(row.answer) if row.answer else el("p", "Without a body.", class_="quiet")
    return section("Answered", el("p", status_chip(row.status), f" after {row.duration_ms:,} ms"), body)
