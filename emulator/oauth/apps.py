"""Apps as their developers configured them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from emulator.webhooks.subscriptions import Subscription, Subscriptions


@dataclass(frozen=True)
class WebhookSettings:
    target_url: str
    max_concurrent_requests: int = 10
    timeout_ms: int = 5_000


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

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset((*self.required_scopes, *self.conditional_scopes, *self.optional_scopes))


def renumbered(subscriptions: Iterable[Subscription], before: App | None) -> Subscriptions:
    """Subscriptions keep their ids when an app is configured again."""
    known = {each.key: each.id for each in before.subscriptions} if before else {}
    return Subscriptions(each.numbered(known[each.key]) if each.key in known else each for each in subscriptions)
