"""Grants as a snapshot holds them."""

from __future__ import annotations

from typing import Any

from emulator.oauth.apps import Card, Flow, Listing
from emulator.oauth.grants import AccessToken, Code, Grant, Grants, Install
from emulator.oauth.marketplace import Marketplace, MarketplaceInstall

Json = dict[str, Any]


def save_grants(grants: Grants) -> Json:
    """A rotated refresh token shares its grant with the one that replaced it: both refer to it by number."""
    known = list({id(grant): grant for grant in _all(grants)}.values())
    number = {id(grant): place for place, grant in enumerate(known)}
    return {
        "grants": [_plain(grant) for grant in known],
        "refresh_tokens": {value: number[id(grant)] for value, grant in grants.refresh_tokens.items()},
        "rotated": {value: [until, number[id(grant)]] for value, (until, grant) in grants.rotated.items()},
        "codes": {value: _plain(code) for value, code in grants.codes.items()},
        "access_tokens": {value: _plain(token) for value, token in grants.access_tokens.items()},
        "installs": [_plain(install) for install in grants.installs.values()],
    }


def _all(grants: Grants) -> list[Grant]:
    return [*grants.refresh_tokens.values(), *(grant for _, grant in grants.rotated.values())]


def _plain(kept: Code | AccessToken | Grant | Install) -> Json:
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in vars(kept).items()}


def load_grants(grants: Grants, saved: Json) -> None:
    """Raises KeyError, TypeError or ValueError when the snapshot is damaged."""
    known = [Grant(**_with_set(each, "scopes")) for each in saved["grants"]]
    grants.refresh_tokens = {value: known[number] for value, number in saved["refresh_tokens"].items()}
    grants.rotated = {value: (until, known[number]) for value, (until, number) in saved["rotated"].items()}
    grants.codes = {value: Code(**_with_set(each, "scopes")) for value, each in saved["codes"].items()}
    grants.access_tokens = {
        value: AccessToken(**_with_set(each, "scopes")) for value, each in saved["access_tokens"].items()
    }
    installs = [Install(**_with_set(each, "approved", "switched_off")) for each in saved["installs"]]
    grants.installs = {(each.client_id, each.hub_id): each for each in installs}
    grants.reindex()


def _with_set(saved: Json, *names: str) -> Json:
    return {**saved, **{name: frozenset(saved.get(name, ())) for name in names}}


def load_listing(saved: Json | None) -> Listing | None:
    """Raises KeyError, TypeError or ValueError when the snapshot is damaged."""
    if saved is None:
        return None
    return Listing(saved["install_url"], Flow(saved["flow"]), tuple(saved["scopes"]), tuple(saved["optional_scopes"]))


def load_card(saved: Json | None) -> Card | None:
    """Raises TypeError when the snapshot is damaged."""
    lists = ("permitted_fetch", "permitted_iframe")
    return Card(**saved | {name: tuple(saved.get(name, ())) for name in lists}) if saved is not None else None


def save_marketplace(marketplace: Marketplace) -> list[Json]:
    return [dict(vars(each)) for each in marketplace.installs.values()]


def load_marketplace(saved: list[Json]) -> Marketplace:
    """Raises TypeError when the snapshot is damaged."""
    loaded = Marketplace()
    loaded.installs = {install.id: install for install in (MarketplaceInstall(**each) for each in saved)}
    return loaded
