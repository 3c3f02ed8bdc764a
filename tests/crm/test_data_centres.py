"""An account that HubSpot has moved is followed to the other data centre's host, as HubSpot names it.

The app calls api.hubapi.com, through a proxy of the emulator's that answers for HubSpot's own host names.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from crm.models import Record, Sync
from hubspot_api.client import _shared
from installations import clients
from installations.models import Credential, Portal
from lanes.signals import hurry
from tests.crm.mirrored import install, work_until_idle
from tests.emulator.proxied import API, Proxied
from tests.hubspot import Account, HubSpot
from tests.truth import assert_mirrored

ASIDE = 5  # calls side by side that the first answer of another data centre finds under way


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    process = Proxied(tmp_path_factory.mktemp("proxy"))
    yield process
    process.end()


@pytest.fixture
def elsewhere(
    proxied: Proxied, redis_server: object, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HubSpot]:
    """HubSpot under its own names, as the app's environment leads there."""
    monkeypatch.setenv("HTTPS_PROXY", proxied.proxy)
    monkeypatch.setenv("SSL_CERT_FILE", str(proxied.bundle))
    settings.HUBSPOT_API_URL = API
    _forget_connections()
    hubspot = HubSpot(f"http://localhost:{proxied.port}")
    hubspot.reset()
    yield hubspot
    hubspot.http.close()
    _forget_connections()


def _forget_connections() -> None:
    """What a process makes once, of its settings and its environment."""
    if _shared.cache_info().currsize:
        _shared().close()
    for made in (_shared, clients.oauth, clients.exchanger, clients.refresher):
        made.cache_clear()


@pytest.mark.parametrize("healed_by", ["refreshing", "authorizing"])
def test_a_token_of_before_the_move_is_taken_to_the_other_host(
    healed_by: str, elsewhere: HubSpot, transactional_db: None
) -> None:
    """Nobody connects anything again, and HubSpot says but once where to go."""
    account = elsewhere.add_account(contacts=6, companies=2, deals=1, tickets=1)
    portal = install(elsewhere, account)
    work_until_idle()
    token = Credential.objects.get().access_token
    before = _statuses(elsewhere, account)
    assert 488 not in before
    elsewhere.call("POST", f"/_emulator/portals/{account.hub_id}/move", {"hublet": "eu1", "healed_by": healed_by})
    (made,) = elsewhere.change(account, {"op": "create", "object_type": "contacts", "properties": {"email": "m@e.org"}})
    reconcile_now(portal)
    assert Record.objects.filter(object_type="0-1", record_id=int(made["id"])).exists()
    after = _statuses(elsewhere, account)[len(before) :]
    assert 1 <= after.count(488) <= ASIDE
    assert after.count(200) > after.count(488)
    portal = Portal.objects.get()
    assert (portal.hublet, portal.ui_domain) == ("eu1", "app-eu1.hubspot.com")
    assert Credential.objects.get().access_token == token, "the same token, at another host"
    reconcile_now(portal)
    assert _statuses(elsewhere, account).count(488) == after.count(488), "it is known from then on"
    assert_mirrored(elsewhere, account, portal)


def reconcile_now(portal: Portal) -> None:
    Sync.objects.filter(portal=portal).update(reconciled_at=None)  # as if the last pass were a while ago
    hurry(portal.pk, "reconcile")
    work_until_idle()


def _statuses(hubspot: HubSpot, account: Account) -> list[int]:
    return [call["status"] for call in hubspot.requests(account.hub_id)]
