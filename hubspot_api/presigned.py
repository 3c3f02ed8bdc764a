"""Files at addresses that carry their own permission, on hosts that must not see our token.

Source: HubSpot's page "Webhooks journal: journal entries".
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import httpx2

from hubspot_api.answers import Answer, answer_from, storage_error_from
from hubspot_api.attempts import Attempts
from hubspot_api.client import HEADERS, Client, exchange
from hubspot_api.errors import HubSpotError, ResponseInvalid
from hubspot_api.ports import Bucket, Permit
from hubspot_api.said import Call
from hubspot_api.secret import Secret
from hubspot_api.transport import Deadline


def fetch_json(client: Client, url: Secret, name: str, *, deadline: float | None = None) -> Answer:
    """Read a JSON file at a signed address. `name` is how errors and records call it; the address is never told.

    Raises AddressExpired, NotFound (the file is gone), ResponseInvalid for an address less protected than the API's
    own, and what any call raises. Follows no redirect.
    """
    call = Call("GET", name, client.hub_id)
    _check_scheme(client, url, call)
    return Attempts(call, Bucket.EXEMPT, client.surroundings, idempotent=True).run(
        _Sending(client, call, url), client.deadline if deadline is None else deadline
    )


def _check_scheme(client: Client, url: Secret, call: Call) -> None:
    """Plain HTTP only for who calls the API itself by it: an emulator."""
    try:
        scheme = urlsplit(url.reveal()).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("https", urlsplit(client.api_url).scheme):
        raise ResponseInvalid("the file's address should begin with https", call)


class _Sending:
    """One file: no token, no other host to go to."""

    def __init__(self, client: Client, call: Call, url: Secret) -> None:
        self._client = client
        self._call = call
        self._url = url
        self.bytes_sent = 0
        self.bytes_received = 0

    def prepare(self) -> None:
        """Nothing to fetch: the address is the permission."""

    def send(self, deadline: Deadline, permit: Permit) -> Answer:
        response, content = exchange(self._client.transport, self._request(), self._call, deadline, permit)
        self.bytes_received += len(content)
        return answer_from(
            response.status_code,
            response.headers,
            content,
            call=self._call,
            now=self._client.surroundings.now(),
            refusal=storage_error_from,
            sent=self._secrets(),
        )

    def _secrets(self) -> list[Secret]:
        """The address, and each part of it that is a permission."""
        url = self._url.reveal()
        return [self._url, *(Secret(value) for _, value in parse_qsl(urlsplit(url).query))]

    def correct(self, error: HubSpotError) -> bool:  # noqa: ARG002 - the protocol's name
        return False

    def _request(self) -> httpx2.Request:
        try:
            return httpx2.Request("GET", self._url.reveal(), headers=HEADERS)
        except httpx2.InvalidURL:
            raise ResponseInvalid("the file's address is none", self._call) from None  # its text quotes the address
