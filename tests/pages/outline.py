"""A page as a flat list of its elements and texts, each with what it stands in: for rules that hold everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}


@dataclass
class Node:
    """An element, or a text (then without a tag)."""

    tag: str
    attributes: dict[str, str]
    inside: tuple[str, ...]  # the tags around it, outermost first
    text: str = ""  # of an element: everything in it

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")


@dataclass
class Outline:
    nodes: list[Node] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    def elements(self, *tags: str) -> Iterator[Node]:
        return (node for node in self.nodes if node.tag and (not tags or node.tag in tags))

    def texts(self) -> Iterator[Node]:
        return (node for node in self.nodes if not node.tag)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.outline = Outline()
        self._open: list[Node] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, self._inside)
        self.outline.nodes.append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop().tag != tag:
            self.outline.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.outline.nodes.append(Node("", {}, self._inside, data))
        for node in self._open:
            node.text += data

    def close(self) -> None:
        super().close()
        self.outline.unbalanced += [node.tag for node in self._open]

    @property
    def _inside(self) -> tuple[str, ...]:
        return tuple(node.tag for node in self._open)


def outline_of(html: str) -> Outline:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.outline
