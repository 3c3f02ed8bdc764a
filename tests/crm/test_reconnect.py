"""An app that is installed again, and an account that moves: what was missed meanwhile is made up for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from crm.models import Record, Sync
from crm.reconcile import SWEEP_AT_MOST_EVERY
from hubspot_api.breaker import Breaker
from installations import clients
from installations.models import Credential, Membership, Portal
from lanes import worker
from lanes.models import Lane
from lanes.signals import hurry
from tests.consent import way_back
from tests.crm.mirrored import next_lane, work_until_idle
from tests.hubspot import Account, HubSpot, trust_limiter
from tests.pages.furniture import browser_of
from tests.pages.reading import page_of
from tests.truth import assert_mirrored

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def installed(client: Client, hubspot: HubSpot, account: Account) -> Portal:
    """A portal that was installed through the browser and read in full and asked for news, an hour ago."""
    trust_limiter()
    client.get(way_back(client, "/install", account))
    work_until_idle()
    hurry(Portal.objects.get().pk, "reconcile")  # whether its first pass came before the reading or after
    work_until_idle()
    an_hour = timedelta(hours=1)
    times = ("reading_began_at", "reading_ended_at", "reconciled_to", "reconciled_at", "owners_read_at")
    Sync.objects.update(**{name: F(name) - an_hour for name in times})
    Record.objects.update(read_at=F("read_at") - an_hour)
    Portal.objects.update(state_changed_at=F("state_changed_at") - an_hour)
    return Portal.objects.get()


def change_unseen(hubspot: HubSpot, account: Account) -> None:
    """Change what no search for modified records finds: archive one, and associate two others."""
    contacts = Record.objects.filter(object_type="0-1").order_by("record_id").values_list("record_id", flat=True)
    companies = Record.objects.filter(object_type="0-2").order_by("record_id").values_list("record_id", flat=True)
    to = {"object_type": "companies", "id": str(companies[1])}
    hubspot.change(
        account,
        {"op": "archive", "object_type": "contacts", "id": str(contacts[0])},
        {"op": "associate", "object_type": "contacts", "id": str(contacts[1]), "to": to},
    )


@pytest.mark.parametrize("noticed", [True, False])
def test_installing_again_reads_everything_again(
    noticed: bool, client: Client, installed: Portal, account: Account, hubspot: HubSpot
) -> None:
    """Uninstalled in HubSpot, which we noticed or not; changed; installed again: the same portal, nothing missed."""
    hubspot.uninstall(account)
    if noticed:
        installed.move_to(Portal.State.NEEDS_RECONNECT, "gone")
        Lane.objects.update(parked=True, failures=7, not_before=timezone.now() + timedelta(minutes=5))
        Credential.objects.update(failures=3, latest_error="RefreshTokenInvalid", refused_at=timezone.now())
    change_unseen(hubspot, account)
    client.get(way_back(client, f"/install?hub_id={account.hub_id}", account))
    portal = Portal.objects.get()
    assert (portal.pk, portal.state, portal.state_reason) == (installed.pk, Portal.State.ACTIVE, "")
    assert not Lane.objects.filter(parked=True).exists()
    assert not Lane.objects.exclude(failures=0).exists()
    credential = Credential.objects.get()
    assert (credential.failures, credential.latest_error, credential.refused_at) == (0, "", None)
    work_until_idle()
    assert_mirrored(hubspot, account, portal)


def test_connecting_again_and_again_reads_everything_once(
    client: Client, installed: Portal, account: Account, hubspot: HubSpot
) -> None:
    """Any user of the account may do it: it costs no more than a sweep in ten minutes."""
    for _ in range(3):
        client.get(way_back(client, "/install", account))
        work_until_idle()
    began = set(Sync.objects.values_list("reading_began_at", flat=True))
    client.get(way_back(client, "/install", account))
    work_until_idle()
    assert set(Sync.objects.values_list("reading_began_at", flat=True)) == began
    late = SWEEP_AT_MOST_EVERY + timedelta(seconds=1)
    Sync.objects.update(reading_ended_at=timezone.now() - late, reading_began_at=timezone.now() - late)
    hurry(installed.pk, "reconcile")
    work_until_idle()
    assert not Sync.objects.filter(reading_began_at__in=began).exists(), "the last connection has its sweep in the end"


def test_a_second_admin_connects_the_same_portal(
    client: Client, installed: Portal, account: Account, hubspot: HubSpot
) -> None:
    """The portal, its owner and its data stay; the second waits to be let in, and reads that it is connected."""
    second = Client()
    answer = second.get(way_back(second, "/install", account, user_id=account.user_id))
    page = page_of(second.get(answer["Location"]))
    assert f"({account.hub_id}) is connected." in page.text
    assert dict(Membership.objects.values_list("user_id", "role")) == {
        account.admin_id: "owner",
        account.user_id: "waiting",
    }
    assert Portal.objects.get().pk == installed.pk
    work_until_idle()
    assert_mirrored(hubspot, account, installed)


def test_a_user_of_two_portals_has_both_in_one_browser(client: Client, hubspot: HubSpot) -> None:
    trust_limiter()
    user = {"user_id": 4711, "email": "both@x.example", "super_admin": True}
    both = [Account(hub_id, 4711, 4711) for hub_id in (6_100_001, 6_100_002)]
    for account in both:
        portal = {"hub_id": account.hub_id, "name": f"Account {account.hub_id}", "users": [user]}
        hubspot.call("POST", "/_emulator/portals", portal)
        client.get(way_back(client, "/install", account))
    for account, other in (both, both[::-1]):
        page = page_of(client.get(f"/portals/{account.hub_id}/"))
        assert f"Hub ID {account.hub_id}" in page.text
        assert [link for link in page.all("href") if link.get("href") == f"/portals/{other.hub_id}/"], "the switcher"
    form = {"confirm": str(both[0].hub_id), "destroy_now": "on"}
    client.post(f"/portals/{both[0].hub_id}/disconnect/", form)
    assert client.get(f"/portals/{both[0].hub_id}/").status_code == 404
    assert client.get(f"/portals/{both[1].hub_id}/").status_code == 200, "leaving one leaves the other alone"


# Moves between data centres


def move(hubspot: HubSpot, account: Account, **how: object) -> None:
    hubspot.call("POST", f"/_emulator/portals/{account.hub_id}/move", {"hublet": "eu1"} | how)


def overview(portal: Portal) -> str:
    owner = Membership.objects.get(portal=portal, role=Membership.Role.OWNER).user_id
    return page_of(browser_of(owner).get(f"/portals/{portal.hub_id}/")).text


def work_what_is_due() -> None:
    for _ in range(20):
        claimed = next_lane(within_s=2.5)
        if claimed is None:
            return
        worker.run(claimed)


def installs(hubspot: HubSpot, account: Account) -> list[Any]:
    """What HubSpot lists as installed in the account."""
    portals = hubspot.call("GET", "/_emulator/state")["portals"]
    return next(list(one["installs"]) for one in portals if one["hub_id"] == account.hub_id)


def test_an_account_that_moves_while_it_is_being_connected(
    client: Client, account: Account, hubspot: HubSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HubSpot lists the app as installed once the code is exchanged: so it is connected, and read afterwards."""
    trust_limiter()
    back = way_back(client, "/install", account)
    move(hubspot, account, migrating_s=3600)
    answer = client.get(back, follow=True)
    assert "HubSpot is moving this account" in page_of(answer).text
    assert len(installs(hubspot, account)) == 1
    portal = Portal.objects.get()
    assert (portal.state, portal.is_described) == (Portal.State.ACTIVE, False)
    work_what_is_due()
    assert "Until that is over nothing can be read" in overview(portal)
    assert Lane.objects.filter(latest_error__startswith="Migrating").exists()
    hubspot.advance(3601)
    Credential.objects.update(expires_at=timezone.now())  # as an hour would have done
    monkeypatch.setattr(clients, "BREAKER", Breaker())  # that too
    for kind in ("backfill", "reconcile"):
        hurry(portal.pk, kind)
    work_until_idle()
    portal.refresh_from_db()
    assert (portal.is_described, portal.hublet, portal.name) == (True, "eu1", f"Account {account.hub_id}")
    assert_mirrored(hubspot, account, portal)


def test_a_second_try_during_and_after_a_move(
    client: Client, account: Account, hubspot: HubSpot, transactional_db: None
) -> None:
    """It is the same installation, and what was not known of it is known then."""
    trust_limiter()
    first, second = (way_back(client, "/install", account) for _ in range(2))
    move(hubspot, account, migrating_s=3600)
    for back in (first, second):
        assert client.get(back).status_code == 302
    assert len(installs(hubspot, account)) == Portal.objects.count() == Membership.objects.count() == 1
    hubspot.advance(3601)
    client.get(way_back(client, "/install", account))
    portal = Portal.objects.get()
    assert (portal.is_described, portal.hublet) == (True, "eu1")
    work_until_idle()
    assert_mirrored(hubspot, account, portal)


def test_a_move_that_hides_whose_tokens_came(
    client: Client, account: Account, hubspot: HubSpot, transactional_db: None
) -> None:
    """Nothing is stored that HubSpot has not confirmed. The page says how long, and that a second try mends it."""
    trust_limiter()
    back = way_back(client, "/install", account)
    hubspot.fault("migrating", {"path": "/oauth/2026-03/token/introspect"}, params={"retry_after_s": 3600}, count=1)
    answer = client.get(back)
    assert answer.status_code == 503
    said = page_of(answer).text
    assert "moving this account" in said
    assert "even if HubSpot lists the app" in said
    assert "UTC" in said
    assert not Portal.objects.exists()
    assert len(installs(hubspot, account)) == 1
    client.get(way_back(client, "/install", account))
    assert Portal.objects.get().is_described
    assert len(installs(hubspot, account)) == 1


def test_an_account_that_moves_while_it_is_mirrored(
    installed: Portal, account: Account, hubspot: HubSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work waits for as long as HubSpot says, the overview says so, and then nothing was missed."""
    move(hubspot, account, migrating_s=3600)
    before = len(hubspot.requests(account.hub_id))
    for kind in ("backfill", "reconcile"):
        hurry(installed.pk, kind)
    work_what_is_due()
    asked = len(hubspot.requests(account.hub_id)) - before
    assert 1 <= asked <= 10, "nobody asks again and again meanwhile"
    assert "HubSpot is moving this account" in overview(installed)
    assert "In sync" not in overview(installed)
    held = Lane.objects.filter(latest_error__startswith="Migrating").values_list("not_before", flat=True)
    assert all(at is not None and at > timezone.now() + timedelta(minutes=50) for at in held)
    change_unseen(hubspot, account)
    hubspot.advance(3601)
    Credential.objects.update(expires_at=timezone.now())  # as an hour would have done
    monkeypatch.setattr(clients, "BREAKER", Breaker())  # that too
    Sync.objects.update(reading_ended_at=timezone.now() - timedelta(days=2))
    hurry(installed.pk, "reconcile")
    work_until_idle()
    assert "HubSpot is moving this account" not in overview(installed)
    assert_mirrored(hubspot, account, installed)


def test_a_token_that_leads_to_the_old_data_centre_is_said_to(
    client: Client, installed: Portal, account: Account, hubspot: HubSpot
) -> None:
    """Where following HubSpot's answer does not help, connecting again does, and the overview says so."""
    move(hubspot, account, healed_by="authorizing")
    hurry(installed.pk, "reconcile")
    work_what_is_due()
    assert "HubSpot has moved this account" in overview(installed)
    client.get(way_back(client, f"/install?hub_id={account.hub_id}", account))
    work_until_idle()
    assert "HubSpot has moved this account" not in overview(installed)
    assert Portal.objects.get().hublet == "eu1"
    assert_mirrored(hubspot, account, installed)
