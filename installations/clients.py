"""The one door to HubSpot: a client whose token is always fresh, whose calls pass the limiter and are logged."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils import timezone

from hubspot_api.account import account_details
from hubspot_api.addresses import ui_domain
from hubspot_api.app_tokens import AppTokens
from hubspot_api.app_webhooks import DeveloperKey
from hubspot_api.attempts import Surroundings
from hubspot_api.breaker import Breaker
from hubspot_api.client import Client, shared_transport
from hubspot_api.oauth import OAuth, TokenGrant
from hubspot_api.ports import AccessToken, OpenGate, StaticToken
from hubspot_api.retrying import NO_RETRIES
from hubspot_api.secret import Secret

from .calls import switches
from .calls.call_log import observer_for
from .calls.switches import GuardedGate, gate_for
from .credentials import lasting_tokens, tokens
from .credentials.tokens import Live
from .models import Portal
from .ratelimit import AheadGate, PrivateApp, WorkClass
from .ratelimit import gate_for as unguarded_gate_for

AUTHORIZE_PATH = "/oauth/authorize"
JOURNAL_SCOPES = tuple(
    f"developer.webhooks_journal.{name}" for name in ("read", "subscriptions.read", "subscriptions.write")
)
PATIENCE_S = 12.0  # of somebody who installs or signs in: longer than the limiter waits when its memory is new
EXCHANGE_PATIENCE_S = 2.5  # as little as is longer than that wait at the token endpoint: the code may be made up
JOURNAL_PATIENCE_S = 2.5  # nobody waits for the journal's reader
REFRESH_PATIENCE_S = 2.5  # just longer than a new Redis keeps the token endpoint closed

# Keeps this process from hammering a HubSpot that fails. Each process finds out by itself.
BREAKER = Breaker()


def ahead_gate_for(portal: Portal, work_class: WorkClass) -> AheadGate:
    """Return a gate for client_for, through which calls can be reserved before the first is made."""
    return AheadGate(unguarded_gate_for(portal.hub_id, work_class, private_app=private_app_of(portal)))


def client_for(portal: Portal, work_class: WorkClass, gate: AheadGate | None = None) -> Client:
    """Return a client for one portal, of one class of work. Threads may share it.

    `gate` is one that ahead_gate_for gave for the same portal and class, to reserve the client's calls through.

    Its calls raise HubSpotError (Suspended while HubSpot keeps failing), LimiterFull and TokenBusy (come back
    later), ReconnectRequired and PortalNotConnected (somebody has to connect the portal again).
    """
    return Client(
        _Tokens(portal),
        hub_id=portal.hub_id,
        surroundings=Surroundings(
            gate=GuardedGate(gate or ahead_gate_for(portal, work_class), portal.hub_id),
            observer=observer_for(portal, is_bulk=work_class == WorkClass.BULK),
            breaker=BREAKER,
        ),
        api_url=settings.HUBSPOT_API_URL,
        version=settings.HUBSPOT_API_VERSION,
        moved=lambda hublet: _moved(portal, hublet),
    )


def private_app_of(portal: Portal) -> PrivateApp | None:
    """Return by which limits the portal is called; None: by those of our app."""
    return PrivateApp(portal.time_zone) if portal.is_private_app else None


def client_with(access_token: Secret, hub_id: int, private_app: PrivateApp | None = None) -> Client:
    """Return a client for a token that is not stored yet: an install's, a sign-in's or a private app's first calls."""
    return Client(
        _Fixed(access_token),
        hub_id=hub_id,
        surroundings=_for_a_person(hub_id, private_app),
        api_url=settings.HUBSPOT_API_URL,
        version=settings.HUBSPOT_API_VERSION,
    )


def developer_client() -> Client:
    """Return a client for the app itself rather than for an account; no limit counts its calls."""
    return Client(
        StaticToken(settings.HUBSPOT_DEVELOPER_API_KEY),
        surroundings=Surroundings(gate=GuardedGate(OpenGate(), 0), observer=observer_for(None)),
        transport=DeveloperKey(shared_transport()),
        api_url=settings.HUBSPOT_API_URL,
        version=settings.HUBSPOT_API_VERSION,
    )


@cache
def journal_client() -> Client:
    """Return a client for HubSpot's webhooks journal, which tells of all accounts. Threads may share it.

    Its token is the app's own, asked for when there is none or it is about to end. Its calls raise HubSpotError
    (ClientInvalid, OAuthRefused, Unauthorized and Forbidden when the app may not read the journal) and LimiterFull.
    """
    gate = gate_for(0, WorkClass.EVENTS, wait_s=JOURNAL_PATIENCE_S)
    surroundings = Surroundings(gate=gate, observer=observer_for(None))
    return Client(
        AppTokens(_oauth(surroundings), JOURNAL_SCOPES),
        surroundings=surroundings,
        api_url=settings.HUBSPOT_API_URL,
        version=settings.HUBSPOT_API_VERSION,
    )


def prove(portal: Portal) -> None:
    """Have HubSpot renew a portal's tokens, however long they are good for: only then they certainly work.

    Raises TokenBusy, LimiterFull and HubSpotError when it cannot be known now, PortalNotConnected when they do not.
    """
    _Tokens(portal).prove()


@cache
def oauth() -> OAuth:
    """Return our app's side of HubSpot's authorization server, for somebody who waits in front of a browser."""
    return _oauth(_for_a_person(0))  # the token endpoint has one allowance for all accounts


@cache
def exchanger() -> OAuth:
    """The same for codes that anybody may have sent. They leave room in the allowance for renewals, which go first."""
    gate = gate_for(0, WorkClass.EVENTS, wait_s=EXCHANGE_PATIENCE_S)
    return _oauth(Surroundings(gate=gate, observer=observer_for(None)))


@cache
def refresher() -> OAuth:
    """The same for renewals, in a hurry: two of them must be over before the lease they are made under."""
    gate = gate_for(0, WorkClass.URGENT, wait_s=REFRESH_PATIENCE_S)
    return _oauth(Surroundings(gate=gate, observer=observer_for(None), retries=NO_RETRIES))


@cache
def revoker() -> OAuth:
    """The same for revoking what a stop is about: the one call that the kill switch lets through."""
    gate = unguarded_gate_for(0, WorkClass.URGENT, wait_s=PATIENCE_S)
    return _oauth(Surroundings(gate=gate, observer=observer_for(None)))


def _oauth(surroundings: Surroundings) -> OAuth:
    return OAuth(
        client_id=settings.HUBSPOT_CLIENT_ID,
        client_secret=Secret(settings.HUBSPOT_CLIENT_SECRET),
        api_url=settings.HUBSPOT_API_URL,
        app_url=settings.HUBSPOT_AUTHORIZE_URL.removesuffix(AUTHORIZE_PATH),
        version=settings.HUBSPOT_API_VERSION,
        surroundings=surroundings,
    )


def _for_a_person(hub_id: int, private_app: PrivateApp | None = None) -> Surroundings:
    gate = gate_for(hub_id, WorkClass.URGENT, wait_s=PATIENCE_S, private_app=private_app)
    return Surroundings(gate=gate, observer=observer_for(None))


class _Tokens:
    """A portal's tokens as the client asks for them: one is used until it should be renewed. Threads may share it."""

    def __init__(self, portal: Portal) -> None:
        self._portal_id = portal.pk
        self._hub_id = portal.hub_id
        self._private_app = private_app_of(portal)
        self._live: Live | None = None

    def current(self) -> AccessToken:
        live = self._live
        if live is None or live.until <= timezone.now():
            self._live = live = tokens.fresh(self._portal_id, self._renew)
        return live.token

    def rejected(self, token: AccessToken) -> AccessToken:
        if tokens.credential_of(self._portal_id).lasts:
            live = lasting_tokens.confirmed(self._portal_id, token, self._ask)
        else:
            live = tokens.replaced(self._portal_id, token, self._renew)
        self._live = live
        return live.token

    def _ask(self, value: Secret) -> None:
        account_details(client_with(value, self._hub_id, self._private_app))

    def prove(self) -> None:
        tokens.renewed(self._portal_id, self._renew)

    def _renew(self, refresh_token: Secret) -> TokenGrant:
        switches.require_go(self._hub_id)
        return refresher().refresh(refresh_token, self._hub_id)


class _Fixed:
    """One token that is only good for minutes."""

    def __init__(self, value: Secret) -> None:
        self._token = AccessToken(value)

    def current(self) -> AccessToken:
        return self._token

    def rejected(self, token: AccessToken) -> AccessToken:
        return token


def _moved(portal: Portal, hublet: str) -> None:
    """HubSpot says that the account lives in another data centre: call there from now on, and link there."""
    Portal.objects.filter(pk=portal.pk).update(hublet=hublet, ui_domain=ui_domain(hublet))
