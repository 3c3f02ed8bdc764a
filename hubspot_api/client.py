"""The one door to HubSpot's API.

    client = Client(StaticToken("pat-eu1-…"))
    answer = client.request("GET", "/crm/objects/{version}/contacts", params={"limit": 1})

Everything else in this package is this call with names and types. See docs/client.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cache

import httpx2

from hubspot_api.addresses import API_URL, API_VERSION, QueryValue, fill_path, hublet_url, query_string
from hubspot_api.answers import Answer, answer_from
from hubspot_api.attempts import Attempts, Surroundings
from hubspot_api.bodies import Body, json_body
from hubspot_api.errors import (
    AnswerTooLarge,
    HubSpotError,
    TokenUnreadable,
    Unauthorized,
    WrongHublet,
)
from hubspot_api.ports import AccessToken, Bucket, Permit, TokenSource
from hubspot_api.proxies import ByTheEnvironment, proxy_of_the_environment
from hubspot_api.said import Call, without_values
from hubspot_api.secret import Secret
from hubspot_api.transport import Bounded, Deadline, PooledTransport, named_failures

DEADLINE = 10.0  # seconds at HubSpot, all attempts together
MAX_BYTES = 32 * 1024 * 1024  # of one answer, decoded: a hundred records with every property at its longest fit
USER_AGENT = "hubapp"
HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": USER_AGENT}
_IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})


def new_transport() -> httpx2.BaseTransport:
    """Return a pool of connections, which leads through HTTPS_PROXY if that is set now."""
    direct, proxy = PooledTransport(), proxy_of_the_environment()
    return direct if proxy is None else ByTheEnvironment(direct, PooledTransport(proxy=proxy))


def shared_transport() -> httpx2.BaseTransport:
    """Return the process' pool of connections, made on first use. Threads that come together get the same."""
    with _making:
        return _shared()


_making = threading.Lock()
_shared = cache(new_transport)


class Client:
    """Calls HubSpot for one account. Threads may share it.

    `tokens`: where access tokens come from; `hub_id` appears in errors and records only. `surroundings` has the
    limiter, the call log and the clocks. `transport` is the pool of connections (default: the process' own), and the
    seam for tests. `hosts(api_url, hublet)` names the address of another data centre, or None. `moved(hublet)` is told
    when HubSpot says that the account lives elsewhere, so that its tokens can carry that from then on. `deadline` is
    what a call may take at HubSpot, in seconds, unless the call says otherwise.
    """

    def __init__(
        self,
        tokens: TokenSource,
        *,
        hub_id: int | None = None,
        surroundings: Surroundings | None = None,
        transport: httpx2.BaseTransport | None = None,
        api_url: str = API_URL,
        version: str = API_VERSION,
        hosts: Callable[[str, str], str | None] = hublet_url,
        moved: Callable[[str], None] | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        self.hub_id = hub_id
        self.deadline = deadline
        self.version = version
        self.tokens = tokens
        self.transport = transport or shared_transport()
        self.surroundings = surroundings or Surroundings()
        self.api_url = api_url.rstrip("/")
        self._hosts = hosts
        self._moved = moved
        self._hublet: str | None = None

    def __repr__(self) -> str:
        return f"Client(hub_id={self.hub_id}, api_url={self.api_url!r}, version={self.version!r})"

    def request(
        self,
        method: str,
        path: str,
        *,
        path_params: Mapping[str, str | int] | None = None,
        params: Mapping[str, QueryValue] | None = None,
        json: object = None,
        body: Body | None = None,
        bucket: Bucket = Bucket.BURST,
        idempotent: bool | None = None,
        deadline: float | None = None,
    ) -> Answer:
        """Call HubSpot and return its answer; `answer.json` is the parsed body.

        `path` is a template: `{version}` is filled in, other names come from `path_params`, quoted; what looks like a
        value in it is left out of errors and records. `params` is the
        query. `body` is for what is no JSON. `idempotent` says that doing it twice is the same as once (default: by
        method, PATCH and POST not): such calls are retried when the answer is lost, others only when HubSpot certainly
        did nothing. `deadline` is in seconds, over all attempts (default: the client's).

        Raises one HubSpotError for whatever goes wrong, and what gate and token source raise.
        """
        method = method.upper()
        call = Call(method, without_values(path), self.hub_id)
        target = fill_path(path, {"version": self.version, **(path_params or {})})
        query = query_string(params)
        url = target + (f"?{query}" if query else "")
        sending = _Sending(self, call, url, json_body(json) if json is not None else body)
        safe = method in _IDEMPOTENT_METHODS if idempotent is None else idempotent
        object_type = str((path_params or {}).get("object_type", ""))
        attempts = Attempts(call, bucket, self.surroundings, idempotent=safe, object_type=object_type)
        return attempts.run(sending, self.deadline if deadline is None else deadline)

    def _address(self, token: AccessToken) -> str:
        """The data centre that serves the account, as far as known."""
        hublet = self._hublet or token.hublet
        return (hublet and self._hosts(self.api_url, hublet)) or self.api_url

    def _follow(self, error: WrongHublet, used: str) -> bool:
        """Go where HubSpot says the account lives. False when it does not say, or names where we just were."""
        hublet = error.correct_hublet
        address = self._hosts(self.api_url, hublet) if hublet else None
        if hublet is None or address is None or address == used:
            return False
        self._hublet = hublet
        if self._moved is not None:
            self._moved(hublet)
        return True


class _Sending:
    """One call's body and where it goes: a token and a host, each corrected at most once."""

    def __init__(self, client: Client, call: Call, target: str, body: Body | None) -> None:
        self._client = client
        self._call = call
        self._target = target
        self._body = body
        self._token = AccessToken(Secret(""))
        self._url = ""
        self._refreshed = False
        self._rerouted = False
        self.bytes_sent = len(body.content) if body else 0
        self.bytes_received = 0

    def prepare(self) -> None:
        self._token = self._client.tokens.current()

    def send(self, deadline: Deadline, permit: Permit) -> Answer:
        response, content = exchange(self._client.transport, self._request(), self._call, deadline, permit)
        self.bytes_received += len(content)
        now = self._client.surroundings.now()
        sent = (self._token.value,)
        return answer_from(response.status_code, response.headers, content, call=self._call, now=now, sent=sent)

    def correct(self, error: HubSpotError) -> bool:
        if isinstance(error, Unauthorized) and not self._refreshed:
            self._refreshed = True
            rejected, self._token = self._token, self._client.tokens.rejected(self._token)
            return self._token.generation != rejected.generation
        if isinstance(error, WrongHublet) and not self._rerouted:
            self._rerouted = True
            return self._client._follow(error, self._url)
        return False

    def _request(self) -> httpx2.Request:
        self._url = self._client._address(self._token)
        headers = {**HEADERS, "Authorization": f"Bearer {_sendable(self._token.value, self._call)}"}
        if self._body is not None:
            headers["Content-Type"] = self._body.content_type
        content = self._body.content if self._body else None
        return httpx2.Request(self._call.method, self._url + self._target, headers=headers, content=content)


def exchange(
    transport: httpx2.BaseTransport, request: httpx2.Request, call: Call, deadline: Deadline, permit: Permit
) -> tuple[httpx2.Response, bytes]:
    """Send a request; return the answer and its body, decoded. Raises NoAnswer, AnswerTooLarge, AnswerUnreadable."""
    with named_failures(call):
        response = Bounded(transport, deadline, MAX_BYTES, permit.answered).handle_request(request)
        try:
            return response, _content(response, call)
        finally:
            response.close()


def _content(response: httpx2.Response, call: Call) -> bytes:
    pieces: list[bytes] = []
    size = 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > MAX_BYTES:
            raise AnswerTooLarge(f"more than {MAX_BYTES} bytes", call)
        pieces.append(piece)
    return b"".join(pieces)


def _sendable(token: Secret, call: Call) -> str:
    """Refuse here what HTTP would refuse with the token in its error's text."""
    text = token.reveal()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise TokenUnreadable("it has characters that no header can carry, or none", call)
    return text
