"""HubSpot's OAuth: the consent page's address, exchange, refresh, introspection, revocation.

    oauth = OAuth(client_id="…", client_secret=Secret("…"))
    grant = oauth.exchange(code, redirect_uri="https://app.example.com/oauth/callback")

Source: HubSpot's pages "Working with OAuth" and "Manage OAuth tokens". Credentials go in the form body, never in a
Basic header: that is the one way HubSpot documents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl

import httpx2
from authlib.integrations.httpx_client import OAuth2Client

from hubspot_api.addresses import API_URL, API_VERSION, APP_URL, fill_path
from hubspot_api.answers import Answer, answer_from, oauth_error_from
from hubspot_api.attempts import Attempts, Surroundings
from hubspot_api.client import DEADLINE, USER_AGENT, shared_transport
from hubspot_api.errors import HubSpotError, ResponseInvalid
from hubspot_api.ports import Bucket, Permit
from hubspot_api.said import Call
from hubspot_api.secret import Secret
from hubspot_api.transport import Bounded, Deadline, named_failures

MAX_BYTES = 1024 * 1024
_TOKEN_PATH = "/oauth/{version}/token"  # noqa: S105 - a path

TokenHint = Literal["access_token", "refresh_token"]


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What the token endpoint grants. `expires_in` is in seconds from the answer on.

    `refresh_token` is None when a refresh named none: keep the one you have. `scopes` are those granted, optional
    ones included; they may be more than were asked for.
    """

    access_token: Secret
    refresh_token: Secret | None
    expires_in: int
    hub_id: int
    user_id: int | None
    scopes: tuple[str, ...]
    token_type: str


@dataclass(frozen=True, slots=True)
class AppGrant:
    """A token of the app itself, of no account. `expires_in` is in seconds from the answer on; nothing renews it."""

    access_token: Secret
    expires_in: int


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What introspection says of a live token. `expires_in` is None for a refresh token.

    `user_email` is for display only: identity is (`user_id`, `hub_id`). `hublet` is the data centre, when named.
    """

    hub_id: int
    user_id: int
    app_id: int
    client_id: str
    scopes: tuple[str, ...]
    token_use: str
    expires_in: int | None
    hublet: str | None
    user_email: str | None = field(default=None, repr=False)
    hub_domain: str | None = None


class OAuth:
    """HubSpot's authorization server, as seen by one app. Threads may share it."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: Secret,
        api_url: str = API_URL,
        app_url: str = APP_URL,
        version: str = API_VERSION,
        surroundings: Surroundings | None = None,
        transport: httpx2.BaseTransport | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        self.client_id = client_id
        self._client_secret = client_secret
        self._api_url = api_url.rstrip("/")
        self._app_url = app_url.rstrip("/")
        self._version = version
        self.surroundings = surroundings or Surroundings()
        self.transport = transport or shared_transport()
        self._deadline = deadline

    def __repr__(self) -> str:
        return f"OAuth(client_id={self.client_id!r}, api_url={self._api_url!r}, version={self._version!r})"

    def authorize_url(
        self,
        *,
        redirect_uri: str,
        scopes: Sequence[str],
        state: str,
        optional_scopes: Sequence[str] = (),
        hub_id: int | None = None,
        code_verifier: str | None = None,
    ) -> str:
        """Return the consent page's address.

        `scopes` must hold every scope the app requires. `hub_id` preselects the account. With `code_verifier` the
        address carries its S256 challenge; HubSpot does not document PKCE for this page, so it comes on top of the
        secret, never instead.
        """
        account = "" if hub_id is None else f"/{hub_id}"
        url, _ = self.session(self.transport).create_authorization_url(
            f"{self._app_url}/oauth{account}/authorize",
            state=state,
            code_verifier=code_verifier,
            redirect_uri=redirect_uri,
            scope=" ".join(scopes),
            optional_scope=" ".join(optional_scopes) or None,
        )
        # Authlib writes spaces as "+"; HubSpot's own clients write "%20". A "+" of a value is "%2B" here.
        return str(url).replace("+", "%20")

    def exchange(self, code: Secret, redirect_uri: str, code_verifier: str | None = None) -> TokenGrant:
        """Turn an authorization code into tokens. The app counts as installed from then on.

        Raises AuthCodeInvalid (unknown or used before), AuthCodeExpired, CodeVerifierInvalid, HubGone, ClientInvalid,
        OAuthRefused, RateLimited, ServerFailed, NoAnswer, AnswerInvalid. Tried again only when nothing was sent.
        """

        def ask(session: OAuth2Client, url: str) -> None:
            session.fetch_token(
                url,
                grant_type="authorization_code",
                code=_given(code),
                redirect_uri=redirect_uri,
                code_verifier=code_verifier,
            )

        return _first_grant(self._asked(_TOKEN_PATH, ask, _first_grant))

    def refresh(self, refresh_token: Secret, hub_id: int | None = None) -> TokenGrant:
        """Get a new access token. `hub_id` appears in errors and records only.

        Always store the refresh token that comes back: HubSpot reserves the right to change it. Raises
        RefreshTokenInvalid and what `exchange` raises. Tried again only when nothing was sent.
        """

        def ask(session: OAuth2Client, url: str) -> None:
            session.refresh_token(url, refresh_token=_given(refresh_token))

        return _grant(self._asked(_TOKEN_PATH, ask, _grant, hub_id))

    def client_credentials(self, scopes: Sequence[str]) -> AppGrant:
        """Get a token of the app itself, for the webhooks journal.

        Raises ClientInvalid, OAuthRefused (a scope the app may not have), RateLimited, ServerFailed, NoAnswer,
        AnswerInvalid. Tried again when the answer is lost: a second token harms nobody.
        """

        def ask(session: OAuth2Client, url: str) -> None:
            session.fetch_token(url, grant_type="client_credentials", scope=" ".join(scopes))

        return _app_grant(self._asked(_TOKEN_PATH, ask, _app_grant, idempotent=True))

    def introspect(
        self, token: Secret, hint: TokenHint = "access_token", hub_id: int | None = None
    ) -> TokenInfo | None:
        """Ask whose token it is. None: HubSpot knows no such live token."""

        def ask(session: OAuth2Client, url: str) -> None:
            session.introspect_token(url, token=_given(token), token_type_hint=hint)

        return _token_info(self._asked(_TOKEN_PATH + "/introspect", ask, _token_info, hub_id))

    def revoke(self, refresh_token: Secret, hub_id: int | None = None) -> None:
        """Make a refresh token worthless; one that HubSpot does not know counts as done.

        Access tokens already issued live on for up to their 30 minutes, and the app stays installed.
        """

        def ask(session: OAuth2Client, url: str) -> None:
            session.revoke_token(url, token=_given(refresh_token), token_type_hint="refresh_token")  # noqa: S106

        self._asked(_TOKEN_PATH + "/revoke", ask, _anything, hub_id)

    def session(self, transport: httpx2.BaseTransport) -> OAuth2Client:
        """Return Authlib's client over `transport`.

        One per call: it keeps the token it receives, and two threads sharing one would swap theirs. Not to be
        closed: that would close the transport for everybody.
        """
        return OAuth2Client(
            client_id=self.client_id,
            client_secret=self._client_secret.reveal(),
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - a method's name
            revocation_endpoint_auth_method="client_secret_post",
            code_challenge_method="S256",
            transport=transport,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )

    def _asked(
        self, path: str, ask: Ask, check: Check, hub_id: int | None = None, *, idempotent: bool = False
    ) -> Answer:
        call = Call("POST", path, hub_id)
        url = self._api_url + fill_path(path, {"version": self._version})
        sending = _Sending(self, call, url, ask, check)
        return Attempts(call, Bucket.OAUTH, self.surroundings, idempotent=idempotent).run(sending, self._deadline)


_SECRET_FIELDS = {"client_secret", "code", "code_verifier", "refresh_token", "token"}
Ask = Callable[[OAuth2Client, str], None]
Check = Callable[[Answer], object]


class _Sending:
    """One call through Authlib, which never sees an answer that was not checked first."""

    def __init__(self, oauth: OAuth, call: Call, url: str, ask: Ask, check: Check) -> None:
        self._oauth = oauth
        self._call = call
        self._url = url
        self._ask = ask
        self._check = check
        self._answer: Answer | None = None
        self.bytes_sent = 0
        self.bytes_received = 0

    def prepare(self) -> None:
        """Nothing to fetch: the app's own credentials are at hand."""

    def send(self, deadline: Deadline, permit: Permit) -> Answer:
        session = self._oauth.session(Bounded(self._oauth.transport, deadline, MAX_BYTES, permit.answered))
        session.event_hooks = {"request": [self._sent], "response": [self._heard]}
        with named_failures(self._call):
            self._ask(session, self._url)
        assert self._answer is not None
        return self._answer

    def correct(self, error: HubSpotError) -> bool:  # noqa: ARG002 - the protocol's name
        return False

    def _sent(self, request: httpx2.Request) -> None:
        self.bytes_sent += len(request.content)

    def _heard(self, response: httpx2.Response) -> None:
        """Raise for whatever is no success: Authlib would take a refusal without `error` for a token."""
        content = response.read()
        self.bytes_received += len(content)
        answer = answer_from(
            response.status_code,
            response.headers,
            content,
            call=self._call,
            now=self._oauth.surroundings.now(),
            refusal=oauth_error_from,
            sent=_secrets_in(response.request.content),
        )
        self._check(answer)
        self._answer = answer


def _secrets_in(form: bytes) -> list[Secret]:
    return [Secret(value) for name, value in parse_qsl(form.decode()) if name in _SECRET_FIELDS]


def _given(token: Secret) -> str:
    if not token:
        raise ValueError("an empty code or token was to be sent to HubSpot")
    return token.reveal()


def _app_grant(answer: Answer) -> AppGrant:
    fields = answer.fields
    seconds = fields.integer("expires_in")
    token = fields.text("access_token")
    if seconds <= 0 or not token or "error" in fields.values:
        raise ResponseInvalid("$ should be a token with an expires_in above zero, and no error", answer.call)
    return AppGrant(Secret(token), seconds)


def _grant(answer: Answer) -> TokenGrant:
    token, fields = _app_grant(answer), answer.fields
    refresh_token = fields.optional_text("refresh_token")
    return TokenGrant(
        access_token=token.access_token,
        refresh_token=Secret(refresh_token) if refresh_token else None,
        expires_in=token.expires_in,
        hub_id=fields.integer("hub_id"),
        user_id=fields.optional_integer("user_id"),
        scopes=fields.texts("scopes"),
        token_type=fields.text("token_type"),
    )


def _first_grant(answer: Answer) -> TokenGrant:
    grant = _grant(answer)
    if grant.refresh_token is None:
        raise ResponseInvalid("$.refresh_token should be text, is missing", answer.call)
    return grant


def _token_info(answer: Answer) -> TokenInfo | None:
    fields = answer.fields
    if not fields.flag("active"):
        return None
    signed = fields.optional_child("signed_access_token")
    return TokenInfo(
        hub_id=fields.integer("hub_id"),
        user_id=fields.integer("user_id"),
        app_id=fields.integer("app_id"),
        client_id=fields.text("client_id"),
        scopes=fields.texts("scopes"),
        token_use=fields.text("token_use"),
        expires_in=fields.optional_integer("expires_in"),
        hublet=signed.optional_text("hublet") if signed else None,
        user_email=fields.optional_text("user"),
        hub_domain=fields.optional_text("hub_domain"),
    )


def _anything(answer: Answer) -> None:
    """Revocation promises no body."""
