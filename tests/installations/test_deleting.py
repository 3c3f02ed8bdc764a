"""One account is deleted now: HubSpot told, keys destroyed, everything erased, a row left as proof."""

from __future__ import annotations

import signal
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from crm.models import Record
from hubspot_api.secret import Secret
from installations.credentials import private_apps
from installations.leaving import disconnecting, erasing
from installations.models import Credential, Portal
from tests import processes
from tests.consent import way_back
from tests.crm.mirrored import work_until_idle
from tests.hubspot import Account, HubSpot, trust_limiter, wait_for
from tests.pages.furniture import furnished
from tests.portals import make_portal
from webhooks.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    trust_limiter()
    return hubspot.add_account(contacts=3)


@pytest.fixture
def portal(client: Client, account: Account) -> Portal:
    client.get(way_back(client, "/install", account))
    work_until_idle("backfill")
    return Portal.objects.get(hub_id=account.hub_id)


def installs(hubspot: HubSpot, account: Account) -> list[object]:
    portals = hubspot.call("GET", "/_emulator/state")["portals"]
    (found,) = [portal["installs"] for portal in portals if portal["hub_id"] == account.hub_id]
    return list(found)


def delete(hub_id: int, *arguments: str) -> str:
    out = StringIO()
    call_command("portal_delete", "--portal", str(hub_id), *(arguments or ("--yes",)), stdout=out)
    return out.getvalue()


def left_of(portal: Portal) -> dict[str, int]:
    """Return how many rows of each table still belong to the portal, but for the one that proves its erasure."""
    found = {}
    for model in apps.get_models():
        fields = [field.name for field in model._meta.fields if field.related_model is Portal]
        if fields:
            found[model._meta.label] = model._default_manager.filter(**{fields[0]: portal.pk}).count()
    assert len(found) > 10
    return {label: count for label, count in found.items() if count}


def assert_gone(portal: Portal) -> None:
    portal.refresh_from_db()
    assert portal.state == Portal.State.ERASED
    assert portal.erased_at is not None
    assert (portal.name, portal.installed_by_email, portal.erase_at) == ("", "", None)
    assert left_of(portal) == {}


def test_all_of_it_goes_and_hubspot_is_told(portal: Portal, account: Account, hubspot: HubSpot) -> None:
    others = furnished()
    kept = left_of(others)
    said = delete(account.hub_id)
    assert "The app was uninstalled." in said
    assert f"Everything held about account {account.hub_id} is erased." in said
    assert_gone(portal)
    assert installs(hubspot, account) == []
    assert left_of(others) == kept, "and nothing of anybody else"
    assert f"Account {account.hub_id} was erased on" in delete(account.hub_id), "again, it says so and does nothing"


def test_every_table_is_looked_at() -> None:
    portal = furnished()
    assert {"crm.Record", "webhooks.Event", "installations.Membership", "lanes.Lane"} <= set(left_of(portal))


class TestAsking:
    @pytest.fixture
    def typed(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        def send(text: str) -> None:
            monkeypatch.setattr("sys.stdin", StringIO(text))

        return send

    @pytest.mark.parametrize("answer", ["", "\n", "yes\n", "123\n"])
    def test_nothing_happens_unless_the_account_is_named(self, typed: Any, answer: str) -> None:
        portal = furnished()
        typed(answer)
        with pytest.raises(CommandError, match="Nothing was deleted"):
            call_command("portal_delete", "--portal", str(portal.hub_id), stdout=StringIO())
        portal.refresh_from_db()
        assert portal.state == Portal.State.ACTIVE
        assert left_of(portal)

    def test_named_it_is_deleted(self, typed: Any, portal: Portal) -> None:
        typed(f"{portal.hub_id}\n")
        call_command("portal_delete", "--portal", str(portal.hub_id), stdout=StringIO())
        assert_gone(portal)

    def test_an_account_that_nobody_knows(self) -> None:
        with pytest.raises(CommandError, match="Account 123 has never installed the app"):
            delete(123)


def test_hubspot_out_of_reach_keeps_nothing_here(portal: Portal, account: Account, hubspot: HubSpot) -> None:
    hubspot.fault("status", {"path": "/appinstalls"}, params={"status": 503})
    assert "HubSpot could not be told; remove the app there." in delete(account.hub_id)
    assert_gone(portal)


def test_earlier_installations_go_too(account: Account) -> None:
    first = furnished(hub_id=account.hub_id)
    disconnecting.begin(first, "jane", destroy_now=True)
    second = make_portal(account.hub_id)
    Event.objects.create(key=b"waits", hub_id=account.hub_id, event_type="contact.creation", payload="{}")
    delete(account.hub_id)
    assert_gone(first)
    assert_gone(second)
    assert not Event.objects.filter(hub_id=account.hub_id).exists(), "nor does any wait in quarantine"


def test_what_waits_for_a_new_installation_is_not_the_old_ones(account: Account) -> None:
    """The hourly eraser comes for an installation that was left a month ago, and the account is back since."""
    old = furnished(hub_id=account.hub_id)
    disconnecting.begin(old, "jane", destroy_now=True)
    make_portal(account.hub_id)
    Event.objects.create(key=b"waits", hub_id=account.hub_id, event_type="contact.creation", payload="{}")
    Portal.objects.filter(pk=old.pk).update(erase_at="2020-01-01T00:00:00Z")

    assert erasing.erase_those_due() == 1
    assert Event.objects.filter(key=b"waits").exists()


def test_one_connected_by_a_private_app(account: Account, hubspot: HubSpot, settings: Settings) -> None:
    settings.PRIVATE_APP_TOKENS = True
    token = hubspot.private_token(account)["access_token"]
    portal = private_apps.connect(private_apps.check(Secret(token)), "staff alice")
    assert "delete the private app there" in delete(account.hub_id)
    assert_gone(portal)
    assert hubspot.requests(path="/appinstalls") == []


class TestKilled:
    def test_while_hubspot_is_being_told(self, portal: Portal, account: Account, hubspot: HubSpot) -> None:
        hubspot.fault("latency", {"path": "/appinstalls"}, params={"ms": 9000}, count=1)
        process = processes.start("manage", "portal_delete", "--portal", account.hub_id, "--yes")
        wait_for(lambda: state_of(portal) == Portal.State.DISCONNECTING, what="the disconnect")
        process.kill()
        process.communicate(timeout=60)
        assert state_of(portal) == Portal.State.DISCONNECTING
        assert Record.objects.filter(portal=portal).exists()
        delete(account.hub_id)
        assert_gone(portal)
        assert installs(hubspot, account) == []

    def test_after_hubspot_was_told(self, portal: Portal, account: Account) -> None:
        disconnecting.begin(portal, "jane")
        portal.refresh_from_db()
        assert disconnecting.tell_hubspot(portal)
        assert not Credential.objects.exists()
        delete(account.hub_id)
        assert_gone(portal)

    @pytest.mark.parametrize("then", ["the command again", "the eraser of the hour"])
    def test_while_erasing(self, portal: Portal, account: Account, then: str) -> None:
        done = processes.run("tests.installations.dying_deleter", account.hub_id)
        assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
        assert state_of(portal) == Portal.State.DISCONNECTED
        assert left_of(portal), "not all of it is gone"
        if then == "the command again":
            delete(account.hub_id)
        else:
            assert erasing.erase_those_due() == 1
        assert_gone(portal)


def state_of(portal: Portal) -> str:
    return str(Portal.objects.get(pk=portal.pk).state)
