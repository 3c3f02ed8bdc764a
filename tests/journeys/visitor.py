"""A browser whose every page is kept, and whose secrets are noted as they pass: codes, states, cookies."""

from __future__ import annotations

from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2

from demo.page import Form, Page
from tests.journeys.canaries import Canaries

_SECRET_PARAMETERS = ("code", "state")
_LEADS_OUT = ("/logout/", "/sign-out", "/webhooks/")


class Visitor:
    """One person. `pages` holds what the app answered, headers but those that carry secrets by design included."""

    def __init__(self, app: str, canaries: Canaries) -> None:
        self.app = app
        self.pages: dict[str, bytes] = {}
        self.http = httpx2.Client(follow_redirects=False, timeout=60, trust_env=False)
        self._canaries = canaries

    def open(self, address: str, *, shows_secrets: bool = False, headers: dict[str, str] | None = None) -> Page:
        """Open a page, following where it leads. `shows_secrets`: by design, so it is not kept."""
        request = self.http.build_request("GET", urljoin(self.app, address), headers=headers)
        return self._page(self._answer(request), shows_secrets=shows_secrets)

    def send(self, form: Form, *, shows_secrets: bool = False, **entered: str) -> Page:
        data, headers = {**form.fields, **entered}, {"origin": form.origin}
        request = self.http.build_request("POST", form.address, data=data, headers=headers)
        return self._page(self._answer(request), shows_secrets=shows_secrets)

    def leads_to(self, form: Form, **entered: str) -> str:
        """Send a form and return where it leads, without going there."""
        data, headers = {**form.fields, **entered}, {"origin": form.origin}
        answer = self.http.post(form.address, data=data, headers=headers)
        assert answer.next_request is not None, answer.text[:300]
        return self._noted(answer.next_request)

    def crawl(self, start: str, most: int) -> int:
        """Open every page below an address that pages there link to, each with few queries; return how many."""
        waiting, seen = [urljoin(self.app, start)], set[str]()
        below = waiting[0]
        while waiting and len(seen) < most:
            address = waiting.pop(0)
            seen.add(_kind(address))
            page = self.open(address)
            for found in page.all("href"):
                linked = page.absolute(found.get("href")).partition("#")[0]
                if linked.startswith(below) and not any(out in linked for out in _LEADS_OUT):
                    known = seen | {_kind(each) for each in waiting}
                    waiting += [linked] if _kind(linked) not in known else []
        return len(seen)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        answer = self.http.send(request)
        while answer.next_request is not None:
            self._keep(answer)
            self._noted(answer.next_request)
            answer = self.http.send(answer.next_request)
        return answer

    def _page(self, answer: httpx2.Response, *, shows_secrets: bool) -> Page:
        for name, value in self.http.cookies.items():
            if name.startswith("hubapp_"):
                self._canaries.add("a cookie", value)
        if not shows_secrets:
            self._keep(answer)
        return Page(str(answer.url), answer.status_code, answer.text)

    def _keep(self, answer: httpx2.Response) -> None:
        if str(answer.url).startswith(self.app):
            told = [
                f"{name}: {value}" for name, value in answer.headers.items() if name not in {"set-cookie", "location"}
            ]
            content = "\n".join(told).encode() + b"\n\n" + answer.content
            self.pages[f"page {len(self.pages)}: {answer.status_code} {urlsplit(str(answer.url)).path}"] = content

    def _noted(self, request: httpx2.Request) -> str:
        query = parse_qs(urlsplit(str(request.url)).query)
        for name in _SECRET_PARAMETERS:
            self._canaries.add(f"a {name}", *query.get(name, []))
        return str(request.url)


def _kind(address: str) -> str:
    """Pages that differ only in what their query asks for count as one."""
    parts = urlsplit(address)
    return parts.path + "?" + "&".join(sorted(parse_qs(parts.query)))
