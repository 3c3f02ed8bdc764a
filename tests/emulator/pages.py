"""Reading the pages for people as the tests of them do."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx2

from tests.emulator.hub import HUB, Hub

_VOID = ("meta", "link", "input", "br", "hr", "img")


class Outline(HTMLParser):
    """The elements of a page, and what its forms send when nobody touches them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.bare_controls: list[dict[str, str | None]] = []
        self.forms: list[Form] = []
        self.script = ""
        self._area = ""
        self._select = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        named = "label" in self.open or attributes.get("aria-label") or attributes.get("type") == "hidden"
        if tag in ("input", "select", "textarea") and not named:
            self.bare_controls.append(attributes)
        if tag == "form":
            self.forms.append(Form(attributes.get("action") or "", attributes.get("method") or "get"))
        elif self.forms and "form" in self.open:
            self._take(tag, attributes)
        if tag not in _VOID:
            self.open.append(tag)

    def _take(self, tag: str, attributes: dict[str, str | None]) -> None:
        name, value = attributes.get("name") or "", attributes.get("value") or ""
        if tag == "textarea":
            self._area = name
            self.forms[-1].fields.append((name, ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and ("selected" in attributes or self._select not in dict(self.forms[-1].fields)):
            self.forms[-1].put(self._select, value)
        elif tag == "input" and (attributes.get("type") != "checkbox" or "checked" in attributes):
            self.forms[-1].fields.append((name, value))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} is closed in the wrong place"
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1].put(self._area, data.removeprefix("\n"))
        if self.open and self.open[-1] == "script":
            self.script += data

    def form(self, having: str, value: str | None = None) -> Form:
        """The first form that posts a field of this name, and value."""
        for form in self.forms:
            found = dict(form.fields)
            if form.method == "post" and having in found and value in (None, found[having]):
                return form
        raise AssertionError(f"no form has {having}={value}")


class Form:
    def __init__(self, action: str, method: str) -> None:
        self.action = action
        self.method = method
        self.fields: list[tuple[str, str]] = []

    def put(self, name: str, value: str) -> None:
        self.fields = [*(pair for pair in self.fields if pair[0] != name), (name, value)]

    def send(self, hub: Hub, page: str, **changes: str) -> httpx2.Response:
        """Post it as a browser does, with some fields changed. Names of the emulator's own begin with a colon."""
        for name, value in changes.items():
            self.put(name.replace("__", ":"), value)
        return post(hub, self.action or page, self.fields)


def post(hub: Hub, address: str, fields: list[tuple[str, str]], **headers: str) -> httpx2.Response:
    data: dict[str, list[str]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    return hub.http.post(address, data=data, headers=headers)


def send(hub: Hub, address: str, **fields: str) -> httpx2.Response:
    """Post these fields. `__op` is the field :op."""
    return post(hub, address, [(name.replace("__", ":"), value) for name, value in fields.items()])


def page(hub: Hub, address: str, **query: str) -> str:
    answer = hub.http.get(address, params=query or None)
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return answer.text


def outline(hub: Hub, address: str) -> Outline:
    return Outline(page(hub, address))


def followed(hub: Hub, answer: httpx2.Response) -> str:
    """The page that a form leads to."""
    assert answer.status_code == 303, answer.text
    return page(hub, answer.headers["location"])


def record(record_id: str, type_id: str = "0-1") -> str:
    return f"/contacts/{HUB}/record/{type_id}/{record_id}"


def records(type_id: str = "0-1") -> str:
    return f"/contacts/{HUB}/objects/{type_id}/views/all/list"


def new_record(type_id: str = "0-1") -> str:
    return f"/contacts/{HUB}/objects/{type_id}/new"
