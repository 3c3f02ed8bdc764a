"""Tokens of the app itself, kept while they live."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from hubspot_api.oauth import OAuth
from hubspot_api.ports import AccessToken
from hubspot_api.secret import Secret

MARGIN = 60.0  # seconds before its end that a token is replaced: longer than any call


class AppTokens:
    """A token source for `Client`: asks for a token with these scopes when there is none, or it is about to end.

    Threads share one, and one of them asks. Raises what `OAuth.client_credentials` raises.
    """

    def __init__(self, oauth: OAuth, scopes: Sequence[str]) -> None:
        self._oauth = oauth
        self._scopes = tuple(scopes)
        self._clock = oauth.surroundings.clock
        self._lock = threading.Lock()
        self._token = AccessToken(Secret(""))
        self._good_until = float("-inf")

    def current(self) -> AccessToken:
        """Return a token that is good for a minute at least."""
        with self._lock:
            return self._token if self._clock() < self._good_until else self._renewed()

    def rejected(self, token: AccessToken) -> AccessToken:
        """Return a newer token than `token`."""
        with self._lock:
            return self._token if self._token.generation != token.generation else self._renewed()

    def _renewed(self) -> AccessToken:
        asked_at = self._clock()
        grant = self._oauth.client_credentials(self._scopes)
        self._token = AccessToken(grant.access_token, self._token.generation + 1)
        self._good_until = asked_at + grant.expires_in - MARGIN
        return self._token
