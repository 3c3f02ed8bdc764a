"""Where staff connect an account by a private app's token, and look after it."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from hubspot_api.ports import Bucket
from hubspot_api.secret import Secret
from installations.credentials import private_apps
from installations.models import AuditEntry, Credential, Membership, Portal
from installations.ratelimit import PrivateApp, WorkClass, limiter
from tests.hubspot import Account, HubSpot, trust_limiter

pytestmark = pytest.mark.django_db
ADD = "/admin/installations/portal/add-by-token/"
NOBODYS = "pat-na1-00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def _switched_on(settings: Settings) -> None:
    settings.PRIVATE_APP_TOKENS = True


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    trust_limiter()
    return hubspot.add_account(contacts=1)


@pytest.fixture
def made(hubspot: HubSpot, account: Account) -> dict[str, Any]:
    return hubspot.private_token(account)


@pytest.fixture
def portal(made: dict[str, Any]) -> Portal:
    return private_apps.connect(private_apps.check(Secret(made["access_token"])), "staff alice")


def page_of(portal: Portal) -> str:
    return reverse("admin:installations_portal_private_app", args=[portal.pk])


def shown(console: Client, address: str, **posted: object) -> str:
    answer = console.post(address, posted, follow=True) if posted else console.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


class TestAdding:
    def test_the_account_is_connected_and_staff_land_on_its_page(
        self, console: Client, account: Account, made: dict[str, Any]
    ) -> None:
        assert ADD in shown(console, "/admin/installations/portal/")
        page = shown(console, ADD, token=f" {made['access_token']} ")
        portal = Portal.objects.get()
        assert f"Account {account.hub_id} ({account.hub_id}) is connected" in page
        assert page_of(portal) in page
        assert made["access_token"] not in page
        entry = AuditEntry.objects.get()
        assert (entry.actor, entry.action) == ("staff alice", "connected by a private app's token")
        assert Membership.objects.get().user_id == account.admin_id

    def test_the_owner_can_be_named(self, console: Client, account: Account, made: dict[str, Any]) -> None:
        shown(console, ADD, token=made["access_token"], owner_id=account.user_id)
        assert Membership.objects.get().user_id == account.user_id

    @pytest.mark.parametrize(
        ("token", "says"),
        [("", "required"), ("secret-1", "no private-app token"), (NOBODYS, "HubSpot does not accept this token")],
    )
    @pytest.mark.usefixtures("account")
    def test_what_is_wrong_is_said_without_repeating_the_token(self, console: Client, token: str, says: str) -> None:
        page = shown(console, ADD, token=token, owner_id="12")
        assert says in page
        assert not token or token not in page
        assert 'value="12"' in page, "but the rest need not be typed again"
        assert not Portal.objects.exists()

    def test_the_browser_is_asked_to_keep_nothing(self, console: Client) -> None:
        page = shown(console, ADD)
        assert 'type="password"' in page
        assert page.count('autocomplete="off"') >= 2


class TestLookingAfterIt:
    def test_a_rotated_token_is_replaced(
        self, console: Client, hubspot: HubSpot, portal: Portal, account: Account, made: dict[str, Any]
    ) -> None:
        before = Credential.objects.get().token_number
        new = hubspot.rotate_private_token(account, made["app_id"])
        page = shown(console, page_of(portal), token=new)
        assert "has its new token" in page
        assert new not in page
        assert Credential.objects.get().token_number == before + 1

    def test_the_wrong_accounts_token_is_refused(self, console: Client, hubspot: HubSpot, portal: Portal) -> None:
        other = hubspot.private_token(hubspot.add_account())["access_token"]
        page = shown(console, page_of(portal), token=other)
        assert "belongs to account" in page
        assert Credential.objects.get().token_number == 1

    def test_it_is_checked_at_hubspot(self, console: Client, portal: Portal) -> None:
        Credential.objects.update(scopes=[])
        assert "HubSpot accepts the token" in shown(console, page_of(portal), check="yes")
        assert "tickets" in Credential.objects.get().scopes
        assert AuditEntry.objects.filter(action="checked the private app's token", actor="staff alice").exists()

    def test_a_refused_one_is_said_to_be(
        self, console: Client, hubspot: HubSpot, portal: Portal, account: Account, made: dict[str, Any]
    ) -> None:
        hubspot.rotate_private_token(account, made["app_id"])
        assert "HubSpot does not accept this token" in shown(console, page_of(portal), check="yes")
        portal.move_to(Portal.State.NEEDS_RECONNECT, "refused")
        assert "has to be connected again" in shown(console, page_of(portal), check="yes")

    def test_only_a_live_portal_of_that_kind_has_the_page(self, console: Client, portal: Portal) -> None:
        assert page_of(portal) in shown(console, f"/admin/installations/portal/{portal.pk}/change/")
        for changes in ({"connection": "oauth"}, {"connection": "private_app", "state": "disconnected"}):
            Portal.objects.update(**changes)
            assert console.get(page_of(portal)).status_code == 404
            assert page_of(portal) not in shown(console, f"/admin/installations/portal/{portal.pk}/change/")

    def test_a_token_of_half_a_year_is_to_be_rotated(self, console: Client, portal: Portal) -> None:
        assert "have it rotated" not in shown(console, "/admin/")
        Credential.objects.update(obtained_at=timezone.now() - timedelta(days=181))
        assert "1 private-app token is older than 180 days" in shown(console, "/admin/")
        assert "rotate token" in shown(console, "/admin/installations/portal/")
        assert "since" in shown(console, page_of(portal))

    def test_a_day_whose_calls_are_used_up_is_said_to_be(self, console: Client, portal: Portal) -> None:
        own_page = f"/admin/installations/portal/{portal.pk}/change/"
        assert "used up" not in shown(console, own_page) + shown(console, "/admin/")
        portal.refresh_from_db()
        headers = {"x-hubspot-ratelimit-daily": "250000", "x-hubspot-ratelimit-daily-remaining": "0"}
        private_app = PrivateApp(portal.time_zone)
        with limiter().admit(portal.hub_id, Bucket.BURST, WorkClass.URGENT, private_app=private_app) as permit:
            permit.answered(200, headers)
        limiter()._returns.flush()
        assert "All its calls wait until then." in shown(console, own_page)
        assert "its mirror waits for midnight" in shown(console, "/admin/")


def test_every_page_of_the_console_answers_and_none_shows_the_token(
    console: Client, portal: Portal, made: dict[str, Any]
) -> None:
    sealed = Credential.objects.get().access_token
    for page in admin.site._registry.values():
        name = f"admin:{page.opts.app_label}_{page.opts.model_name}"
        rows = [reverse(f"{name}_change", args=[row.pk]) for row in page.model._default_manager.all()]
        for address in (reverse(f"{name}_changelist"), *rows, page_of(portal)):
            text = shown(console, address)
            assert made["access_token"] not in text
            assert sealed[:24] not in text


class TestSwitchedOff:
    def test_there_are_no_such_pages(self, console: Client, portal: Portal, settings: Settings) -> None:
        settings.PRIVATE_APP_TOKENS = False
        assert console.get(ADD).status_code == 404
        assert console.post(page_of(portal), {"token": NOBODYS}).status_code == 404
        for address in ("/admin/installations/portal/", f"/admin/installations/portal/{portal.pk}/change/"):
            page = shown(console, address)
            assert "add-by-token" not in page
            assert "private-app/" not in page


class TestCommand:
    @pytest.fixture
    def typed(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """What is sent to standard input."""

        def send(text: str) -> None:
            monkeypatch.setattr("sys.stdin", StringIO(text))

        return send

    def test_the_token_comes_from_standard_input(self, typed: Any, account: Account, made: dict[str, Any]) -> None:
        typed(f"{made['access_token']}\n")
        out = StringIO()
        call_command("add_portal", stdout=out)
        assert (
            out.getvalue() == f"Account {account.hub_id} ({account.hub_id}) is connected by its private app's token.\n"
        )
        assert AuditEntry.objects.get().actor.endswith("at the command line")

    def test_whoever_runs_it_needs_no_name(
        self, typed: Any, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As in a container, with a user id that nobody has heard of."""
        for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setattr("os.getuid", lambda: 123_456_789)
        typed(made["access_token"])
        call_command("add_portal", stdout=StringIO())
        assert AuditEntry.objects.get().actor == "user 123456789 at the command line"

    def test_it_takes_none_as_an_argument(self, made: dict[str, Any]) -> None:
        with pytest.raises(CommandError, match="unrecognized arguments"):
            call_command("add_portal", made["access_token"])

    def test_an_owner_can_be_named(self, typed: Any, account: Account, made: dict[str, Any]) -> None:
        typed(made["access_token"])
        call_command("add_portal", "--owner", str(account.user_id), stdout=StringIO())
        assert Membership.objects.get().user_id == account.user_id

    def test_the_next_token_is_taken(
        self, typed: Any, hubspot: HubSpot, portal: Portal, account: Account, made: dict[str, Any]
    ) -> None:
        typed(hubspot.rotate_private_token(account, made["app_id"]))
        call_command("add_portal", "--replace", str(portal.hub_id), stdout=StringIO())
        assert Credential.objects.get().token_number == 2

    @pytest.mark.usefixtures("portal")
    def test_refusals_are_errors(self, typed: Any, made: dict[str, Any], settings: Settings) -> None:
        for arguments, says in (
            ([], "Replace its token instead"),
            (["--replace", "123"], "Account 123 is not connected"),
            (["--owner", "-3"], "invalid"),
        ):
            typed(made["access_token"])
            with pytest.raises(CommandError, match=says):
                call_command("add_portal", *arguments)
        settings.PRIVATE_APP_TOKENS = False
        typed(made["access_token"])
        with pytest.raises(CommandError, match="switched off"):
            call_command("add_portal")
