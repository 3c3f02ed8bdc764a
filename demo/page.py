"""Read a page as far as a walk needs it: elements by their attributes, their text, forms and what they send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_UNREAD = {"script", "style", "template"}
# Elements that may go without an end, and what begins after them.
_ENDED_BY = {
    "p": {"p", "ul", "ol", "dl", "table", "form", "div", "section", "article", "header", "footer", "h1", "h2", "h3"},
    "li": {"li"},
    "option": {"option", "optgroup"},
    "dt": {"dt", "dd"},
    "dd": {"dt", "dd"},
    "td": {"td", "th", "tr"},
    "th": {"td", "th", "tr"},
    "tr": {"tr"},
}


class Missing(Exception):
    """The page lacks what was looked for; the message says what."""


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parts: list[Element | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Element]:
        """Go through this element and everything in it, in the page's order."""
        yield self
        for part in self.parts:
            if isinstance(part, Element):
                yield from part

    def get(self, attribute: str) -> str:
        return self.attributes.get(attribute, "")

    @property
    def text(self) -> str:
        """What a person reads there, white space joined."""
        if self.tag in _UNREAD:
            return ""
        return " ".join(" ".join(part if isinstance(part, str) else part.text for part in self.parts).split())


class Page:
    """An answer that a browser shows."""

    def __init__(self, address: str, status: int, html: str, *, referrer_policy: str = "") -> None:
        self.address = address
        self.status = status
        self._referrer_policy = referrer_policy
        self._root = _read(html)

    def __repr__(self) -> str:
        return f"{self.address} ({self.status}): {self.text[:400]}"

    @property
    def text(self) -> str:
        return self._root.text

    def all(self, attribute: str, value: str | None = None) -> list[Element]:
        """Return the elements with this attribute, and this value of it."""
        return [
            found for found in self._root if attribute in found.attributes and value in {None, found.get(attribute)}
        ]

    def one(self, attribute: str, value: str | None = None) -> Element:
        """Return the first of them. Raises Missing."""
        found = self.all(attribute, value)
        if not found:
            wanted = attribute if value is None else f'{attribute}="{value}"'
            raise Missing(f"{self.address} has no element with [{wanted}]")
        return found[0]

    def link(self, ending: str) -> str:
        """Return the address of the first link that ends so. Raises Missing."""
        for found in self.all("href"):
            address = self.absolute(found.get("href"))
            if found.tag == "a" and address.split("?")[0].endswith(ending):
                return address
        raise Missing(f"{self.address} has no link to …{ending}")

    def absolute(self, address: str) -> str:
        return urljoin(self.address, address)

    def forms(self) -> list[Form]:
        """Return the forms that post."""
        return [
            Form(self.absolute(found.get("action") or self.address), found, self._origin())
            for found in self._root
            if found.tag == "form" and found.get("method").lower() == "post"
        ]

    def form(self, ending: str) -> Form:
        """Return the first form that posts to an address that ends so. Raises Missing."""
        for form in self.forms():
            if form.address.split("?")[0].endswith(ending):
                return form
        raise Missing(f"{self.address} has no form that posts to …{ending}")

    def _origin(self) -> str:
        """What a browser says in the Origin header of a form sent from here: "null" if the page wants no referrer."""
        if self._referrer_policy == "no-referrer":
            return "null"
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass
class Form:
    address: str
    element: Element
    origin: str

    @property
    def fields(self) -> dict[str, str]:
        """What the form sends if nobody touches it: hidden, prefilled and preselected fields, no buttons."""
        return dict(_fields(self.element))

    def choices(self, name: str) -> list[str]:
        """Return what may be chosen for a field: options, radio buttons, or buttons that send it."""
        named = [found for found in self.element if found.get("name") == name]
        options = [option for found in named if found.tag == "select" for option in found if option.tag == "option"]
        return [found.get("value") for found in named + options if "value" in found.attributes]


def _fields(form: Element) -> Iterator[tuple[str, str]]:
    for found in form:
        name = found.get("name")
        if not name or "disabled" in found.attributes:
            continue
        if found.tag == "input":
            checkable = found.get("type") in {"checkbox", "radio"}
            if found.get("type") not in {"submit", "button"} and (not checkable or "checked" in found.attributes):
                yield name, found.get("value") or ("on" if checkable else "")
        elif found.tag == "textarea":
            yield name, found.text
        elif found.tag == "select":
            options = [option for option in found if option.tag == "option"]
            chosen = next((option for option in options if "selected" in option.attributes), None)
            if chosen or options:
                yield name, (chosen or options[0]).get("value")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("html", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while tag in _ENDED_BY.get(self._open[-1].tag, ()):
            self._open.pop()
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].parts.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        tags = [element.tag for element in self._open]
        if tag in tags[1:]:  # what is open inside it, a paragraph or a list item without an end, closes with it
            del self._open[len(tags) - 1 - tags[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        self._open[-1].parts.append(data)


def _read(html: str) -> Element:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.root
