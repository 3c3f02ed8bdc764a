"""Forms: what they send, and the controls they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import parse_qsl

import falcon

from emulator.web.exchange import raw_body
from emulator.web.html import Child, Markup, el
from emulator.web.pages.layout import button as button
from emulator.web.pages.layout import field as field

Attribute = str | int | bool | None
Fields = Mapping[str, str | int]

_NONE: Fields = MappingProxyType({})


def whole(text: str | None) -> int | None:
    """A whole number as people and links write it; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


class Form:
    """The fields that a form sent, in their order; a name may come several times."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in pairs:
            self._fields.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def names(self) -> list[str]:
        return list(self._fields)

    def all(self, name: str) -> list[str]:
        return self._fields.get(name, [])

    def text(self, name: str, default: str = "") -> str:
        """What was entered, without white space around it."""
        values = self._fields.get(name)
        return values[-1].strip() if values else default

    def number(self, name: str) -> int | None:
        """A whole number; None for anything else."""
        return whole(self.text(name))

    def lines(self, name: str) -> list[str]:
        """One thing per line, or several with white space between."""
        return self.text(name).split()


def read_form(req: falcon.Request) -> Form:
    return Form(parse_qsl(raw_body(req).decode("utf-8", "replace"), keep_blank_values=True))


def text(name: str, value: str | int = "", **attributes: Attribute) -> Markup:
    return el("input", name=name, value=str(value), autocomplete="off", **attributes)


def digits(name: str, value: str | int = "", **attributes: Attribute) -> Markup:
    return text(name, value, inputmode="numeric", pattern="[0-9]+", **attributes)


def select(name: str, options: Iterable[tuple[str, str]], chosen: str = "", **attributes: Attribute) -> Markup:
    """Options are pairs of a value and a label."""
    rows = [el("option", label, value=value, selected=value == chosen) for value, label in options]
    return el("select", rows, name=name, **attributes)


def hidden(fields: Fields) -> list[Markup]:
    """What a form sends besides what is entered. Names beside those of properties begin with a colon."""
    return [el("input", type="hidden", name=name, value=value) for name, value in fields.items()]


def checkbox(name: str, value: str, label: str, *, checked: bool = False) -> Markup:
    box = el("input", type="checkbox", name=name, value=value, checked=checked)
    return el("label", box, el("span", label), class_="check")


def post(*content: Child, action: str | None = None, **attributes: Attribute) -> Markup:
    return el("form", *content, method="post", action=action, **attributes)


def act(label: str, fields: Fields, action: str | None = None, *, kind: str = "", spoken: str = "") -> Markup:
    """One button that posts. `spoken` is for screen readers, where the label alone is not enough."""
    return post(hidden(fields), button(label, kind=kind, aria_label=spoken or None), action=action, class_="inline")


def confirmed(
    label: str, question: Child, *content: Child, fields: Fields = _NONE, action: str | None = None
) -> Markup:
    """Something that cannot be taken back: a first click opens the question, a second one does it."""
    return el(
        "details",
        el("summary", label, class_="button danger"),
        post(hidden(fields), el("p", question), content, button(label, kind="danger solid"), action=action),
        class_="confirm",
    )


def filters(controls: Sequence[Child], *, active: bool, address: str) -> Markup:
    """A row of controls that narrow a list down."""
    return el(
        "form",
        controls,
        el(
            "div",
            button("Filter"),
            el("a", "Clear", href=address, class_="button quiet") if active else None,
            class_="actions",
        ),
        method="get",
        action=address,
        class_="filters",
        role="search",
    )
