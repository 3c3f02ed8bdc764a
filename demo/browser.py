"""A browser without a screen and without JavaScript: opens pages, follows redirects, keeps cookies, sends forms."""

from __future__ import annotations

import httpx2

from .page import Form, Missing, Page


class Browser:
    """One person's browser. Raises httpx2.TransportError when nobody answers."""

    def __init__(self) -> None:
        self._http = httpx2.Client(follow_redirects=True, timeout=30, trust_env=False)
        self._http.headers["user-agent"] = "demo-check"

    def close(self) -> None:
        self._http.close()

    def open(self, address: str) -> Page:
        return _page(self._http.get(address, headers={"accept": "text/html"}))

    def send(self, form: Form, **entered: str) -> Page:
        """Send a form as it was shown, with these entries changed; a button counts as an entry."""
        return _page(self._send(form, entered, follow=True))

    def redirected(self, form: Form, **entered: str) -> str:
        """Send a form and return where it would lead, without going there. Raises Missing."""
        answer = self._send(form, entered, follow=False)
        if answer.next_request is None:
            raise Missing(f"{form.address} answered {answer.status_code}, not a redirect")
        return str(answer.next_request.url)

    def _send(self, form: Form, entered: dict[str, str], *, follow: bool) -> httpx2.Response:
        headers = {"accept": "text/html", "origin": form.origin}
        data = {**form.fields, **entered}
        return self._http.post(form.address, data=data, headers=headers, follow_redirects=follow)


def _page(answer: httpx2.Response) -> Page:
    policy = answer.headers.get("referrer-policy", "")
    return Page(str(answer.url), answer.status_code, answer.text, referrer_policy=policy)
