"""Apps as their developers configured them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from emulator.webhooks.subscriptions import InvalidSubscription, Subscription, Subscriptions


@dataclass(frozen=True)
class WebhookSettings:
    target_url: str
    max_concurrent_requests: int = 10
    timeout_ms: int = 5_000
    created_at: int = 0
    updated_at: int = 0


def new_developer_key() -> str:
    return str(uuid.uuid4())


class Flow(StrEnum):
    """What the Install button of a marketplace listing does.

    developers.hubspot.com/docs/apps/developer-platform/list-apps/understand-app-install-flow
    """

    # Leads to the app's own page, which starts an ordinary authorization.
    OWN_SITE = "own_site"
    # Asks for consent and comes to the install URL with a code and a returnUrl, without a state.
    WITHOUT_SIGN_IN = "without_sign_in"
    # Comes to the install URL twice: with step=authorize before any consent, with step=finalize after it.
    PARTNER_SIGN_IN = "partner_sign_in"


@dataclass(frozen=True)
class Listing:
    """How the marketplace offers the app."""

    install_url: str
    flow: Flow = Flow.WITHOUT_SIGN_IN
    # Beyond the required ones, which are always asked for.
    scopes: tuple[str, ...] = ()
    optional_scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """A card on records: what its code asks of the app's server, and which addresses HubSpot lets it ask and frame."""

    name: str
    url: str
    # What answers with the address of a page to open in a modal. None: it opens none.
    view_url: str | None = None
    permitted_fetch: tuple[str, ...] = ()
    permitted_iframe: tuple[str, ...] = ()


# In how many accounts HubSpot lets an app be that is distributed privately.
ALLOWED_PORTALS = 10


@dataclass(frozen=True)
class App:
    client_id: str
    client_secret: str = field(repr=False)
    app_id: int
    name: str
    redirect_uris: tuple[str, ...]
    required_scopes: tuple[str, ...] = ("oauth",)
    conditional_scopes: tuple[str, ...] = ()
    optional_scopes: tuple[str, ...] = ()
    # None: the app receives no events.
    webhook: WebhookSettings | None = None
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    access_token_ttl_s: int = 1_800
    code_ttl_s: int = 600
    rotate_refresh_tokens: bool = False
    # With rotation: how long the refresh token before still works.
    refresh_grace_s: int = 0
    # How long deliveries go by the settings and subscriptions before, when the API changes them.
    settings_cache_s: int = 0
    # Whether a project's webhooks-hsmeta.json says where events go; then the API may not change it.
    from_project: bool = False
    # Of the developer account, which may have several apps. It opens the APIs that configure an app.
    developer_api_key: str = field(default_factory=new_developer_key, repr=False)
    # None: it is not on the marketplace.
    listing: Listing | None = None
    # In how many accounts it may be while it is not listed: 25 on HubSpot's current platform. None: as many as like it,
    # as with legacy apps.
    install_cap: int | None = None
    # Its developer's own website, once verified.
    verified_domain: str | None = None
    # Distributed privately: only these accounts may connect it, and it is metered as private apps are.
    private_distribution: bool = False
    allowed_portals: tuple[int, ...] = ()
    # It acts for a user and not for an account, as AI connectors do.
    user_level: bool = False
    # Whether access tokens live to their expiry after an uninstall, from whichever side.
    tokens_outlive_uninstall: bool = False
    # None: it has no card on records.
    card: Card | None = None

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset((*self.required_scopes, *self.conditional_scopes, *self.optional_scopes))


def renumbered(subscriptions: Iterable[Subscription], before: App | None) -> Subscriptions:
    """Subscriptions keep their ids and their age when an app is configured again.

    Raises InvalidSubscription when one occurs twice.
    """
    known = {each.key: each for each in before.subscriptions} if before else {}
    given: dict[object, Subscription] = {}
    for each in subscriptions:
        if each.key in given:
            raise InvalidSubscription(f"{each.words} occurs twice")
        old = known.get(each.key)
        given[each.key] = each if old is None else old.switched(each.active, each.updated_at)
    return Subscriptions(given.values())
