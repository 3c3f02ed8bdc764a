"""Forced failures in every layer of a running stack. Each is noted once it has been seen to have happened."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from demo import app_setup
from demo.app_setup import CommandFailed
from tests.events import sent
from tests.hubspot import Account, wait_for
from tests.journeys import faults
from tests.journeys.canaries import Canaries
from tests.journeys.faults import Fault
from tests.journeys.visitor import Visitor
from tests.journeys.world import ROOT, World
from tests.webhooks.signing import PATH, SIGNATURE, body_of, signed

# A trigger whose complaint shows the whole row, as the failure of a constraint does.
_COMPLAINT = """
    CREATE OR REPLACE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a row that the database refuses: %%', NEW; END $$
"""


@dataclass
class Mishaps:
    """`suffered` has the layer and the name of each failure that was forced and seen."""

    world: World
    canaries: Canaries
    suffered: list[tuple[str, str]] = field(default_factory=list)
    outputs: dict[str, bytes] = field(default_factory=dict)  # what commands printed

    @property
    def secrets(self) -> Mapping[str, str]:
        return self.world.stack.plan.settings

    def note(self, layer: str, *names: str) -> None:
        self.suffered += [(layer, name) for name in names]

    # ── HubSpot ─────────────────────────────────────────────────────────────────────────────────────────────

    def calls(self, account: Account) -> None:
        """Calls and renewals in a process of their own, one after another."""
        tokens = [*tokens_of(self.world, account), self.secrets["HUBSPOT_CLIENT_SECRET"]]
        made_up = "CMadeUpToken" + "x7Qd" * 20
        self.canaries.add("a made-up token", made_up)
        given = {"calls": faults.of_calls(tokens), "renewals": faults.of_renewals(tokens, made_up)}
        command = [sys.executable, "-m", "tests.journeys.failing_calls", str(account.hub_id)]
        with (self.world.stack.plan.logs / "calls.log").open("ab") as log:
            done = subprocess.run(
                command,
                input=json.dumps(given).encode(),
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.world.environment(),
                cwd=ROOT,
                timeout=300,
                check=True,
            )
        errors = json.loads(done.stdout)
        assert "" not in errors, "a fault that nobody noticed"
        *called, mailed = errors
        assert len(called) == len(given["calls"]) + len(given["renewals"])
        assert mailed == "SMTPAuthenticationError"
        self.note("transport", *called)
        self.note("mail", "a mail server that repeats the password")

    # ── Web ─────────────────────────────────────────────────────────────────────────────────────────────────

    def callbacks(self, account: Account) -> None:
        """Everything that can go wrong on the way back from HubSpot."""
        secret = self.secrets["HUBSPOT_CLIENT_SECRET"]
        for number in range(len(faults.of_callbacks([secret]))):
            with self.somebody() as visitor:
                address = way_back(visitor, account)
                code = address.partition("code=")[2].partition("&")[0]
                path, fault = faults.of_callbacks([code, secret])[number]
                with self.fault(path, fault):
                    page = visitor.open(address)
                assert page.all("data-problem"), page.text[:300]
                assert visitor.open(address).status == 400, "a state works once"
            self.note("view", f"callback: {path} {page.status}")

    def broken_tables(self, account: Account, owner: Visitor) -> None:
        """The database refuses rows, and says which."""
        with self.somebody() as visitor:
            address = way_back(visitor, account)
            with self.refusing("installations_credential"):
                assert visitor.open(address).status == 500
        with self.somebody() as visitor, self.refusing("django_session"):
            assert visitor.open("/install").status == 500
        with self.refusing("webhooks_event"):
            assert self.deliver(account) == 503
        self.note("database", "credential refused", "session refused", "delivery refused")
        where = f"portal_id = {self.world.portal_id(account)} AND object_type = '0-1'"
        ((pk, record_id),) = self.world.sql(f"SELECT id, record_id FROM crm_record WHERE {where} LIMIT 1")  # noqa: S608
        self.world.sql("UPDATE crm_record SET properties = '7' WHERE id = %s", pk)
        page = owner.open(f"/portals/{account.hub_id}/records/contacts/{record_id}/")
        assert page.status == 500, page.text[:300]
        self.world.sql("UPDATE crm_record SET properties = '{}' WHERE id = %s", pk)
        self.note("view", "a record that cannot be shown")

    def webhooks(self, account: Account) -> None:
        """Deliveries that are refused, and one that is never handled."""
        assert self.deliver(account, signature="A" * 44) == 401
        assert self.deliver(account, body=b'[{"a":') == 400
        self.note("view", "a wrong signature", "a delivery cut short")
        reason = "SELECT count(*) FROM webhooks_failure WHERE reason LIKE 'EventInvalid%%'"
        before = self.world.count(reason)
        assert self.deliver(account, body=body_of(sent(account.hub_id, objectId="none"))) == 204
        wait_for(lambda: self.world.count(reason) > before, what="the event to fail")
        self.note("handler", "an event without a record")

    def cards(self, account: Account) -> None:
        """An app card opens our view: used twice, spoilt, sent to the wrong place, and refused by the database."""
        with self.somebody() as visitor:
            address, token = self._offered(account)
            page = visitor.open(address, shows_secrets=True)
            assert page.status == 200
            (reading,) = re.findall(r"hubapp_read_([\w.-]+)", page.one("hx-headers").get("hx-headers"))
            self.canaries.add("a card's token", reading)
            bearer = {"Authorization": f"Bearer hubapp_read_{reading}"}
            assert visitor.open("/embedded/view", headers=bearer).status == 200
            for wrong in (address, f"/embedded/view?token=hubapp_read_{reading}", address[:-3]):
                assert visitor.open(wrong).status == 404
            assert visitor.open(f"/records/hubapp_open_{token}/", headers=bearer).status == 404
            address, _ = self._offered(account)
            with self.refusing("embedded_cardvisit"):
                assert visitor.open(address).status == 500
        self.note("view", "a view opened twice", "a card's token in the wrong place")
        self.note("database", "a card's visit refused")

    def _offered(self, account: Account) -> tuple[str, str]:
        """Ask as the card would, through HubSpot; return the view's address and its token but for the prefix."""
        asked = {
            "user_id": account.admin_id,
            "url": f"{self.world.stack.web}/embedded/card/view",
            "method": "POST",
            "body": {"objectTypeId": "0-1", "objectId": 1},
        }
        fetched = self.world.hubspot.call("POST", f"/_emulator/portals/{account.hub_id}/fetch", asked)
        assert fetched["status"] == 200, fetched
        address = str(json.loads(fetched["body"])["uri"])
        token = address.partition("token=hubapp_open_")[2]
        self.canaries.add("a card's token", token)
        return address, token

    def staff(self, password: str) -> None:
        """Somebody types the password where the name belongs, and asks for what is not there."""
        token = next(iter(tokens_of_all(self.world)))
        with self.somebody() as stranger:
            (form,) = stranger.open("/admin/").forms()
            # What somebody typed as a name is shown to them again.
            assert stranger.send(form, shows_secrets=True, login=password, password=password[::-1]).forms()
            assert stranger.open(f"/records/{token}/").status == 404
            assert stranger.open("/portals/1/", headers={"Authorization": f"Bearer {token}"}).status == 404
        self.note("view", "a password typed as a name", "a token in an address", "a token in a header")

    # ── Workers ─────────────────────────────────────────────────────────────────────────────────────────────

    def handlers(self, account: Account) -> None:
        """Work fails at HubSpot, and at the database, and goes through in the end."""
        self.world.sql("UPDATE lanes_lane SET latest_error = ''")
        with self.fault("/crm/", faults.repeating(500), account):
            self.change_something(account)
            self._wait_for_failing_lane(account, "ServerFailed")
        with self.refusing("crm_record"):
            self.change_something(account)
            self._retry(account)
            refused = "SELECT count(*) FROM webhooks_failure WHERE reason LIKE '%%refuses%%'"
            wait_for(lambda: self.world.count(refused), what="an event that the database refuses")
        self.note("task", "HubSpot fails while a lane works")
        self.note("handler", "the database refuses what an event brings")
        self._retry(account)

    def vaults(self, account: Account) -> None:
        """A ciphertext is damaged, a data key too, the key that wrapped it is gone; then all is as before."""
        for column, table, value in (
            ("access_token", "installations_credential", "overlay(access_token placing 'AAAA' from 20)"),
            ("wrapped", "installations_datakey", "overlay(wrapped placing '\\x00000000'::bytea from 20)"),
            ("wrapped_by", "installations_datakey", "'gone'"),
        ):
            where = f"portal_id = {self.world.portal_id(account)}"
            ((before,),) = self.world.sql(f"SELECT {column} FROM {table} WHERE {where}")  # noqa: S608 - our own names
            logged = self._log("worker").count("cannot be opened")
            self.world.sql(f"UPDATE {table} SET {column} = {value} WHERE {where}")  # noqa: S608 - our own names
            self.change_something(account)
            self._retry(account)
            wait_for(lambda: self._log("worker").count("cannot be opened") > logged, what=f"{column} to fail")  # noqa: B023 - called at once
            self.world.sql(f"UPDATE {table} SET {column} = %s WHERE {where}", before)  # noqa: S608 - our own names
            self.note("vault", f"{column} does not open")
        self._retry(account)

    def departure(self, account: Account, owner: Visitor) -> None:
        """Disconnect while HubSpot refuses to hear of it, then hears."""
        settings = owner.open(f"/portals/{account.hub_id}/settings/")
        told = self._log("worker").count("could not be told")
        with self.fault("/appinstalls/", faults.repeating(500)):
            question = owner.send(settings.form("/disconnect/"))
            owner.send(question.form("/disconnect/"))
            wait_for(lambda: self._log("worker").count("could not be told") > told, what="the uninstall to fail")
        self.world.sql("UPDATE lanes_lane SET not_before = NULL, due_at = now() WHERE kind = 'disconnect'")
        left = "SELECT count(*) FROM installations_portal WHERE hub_id = %s AND state = 'disconnecting'"
        wait_for(lambda: not self.world.count(left, account.hub_id), what="the portal to be gone", seconds=120)
        self.note("task", "HubSpot cannot be told of a disconnect")

    def servers(self, account: Account, owner: Visitor) -> None:
        """Redis goes and comes back, then PostgreSQL."""
        self.world.stack.stop("redis")
        assert owner.open(f"/portals/{account.hub_id}/").status == 200
        assert self.deliver(account) == 204
        self.world.stack.start("redis")
        self.world.stack.kill("postgres")
        assert owner.open(f"/portals/{account.hub_id}/").status >= 500
        assert self.deliver(account) == 503
        self.world.stack.start("postgres")
        wait_for(lambda: owner.open("/readyz").status == 200, what="the app to be ready again", seconds=120)
        self.note(
            "database", "Redis gone", "PostgreSQL killed while pages are asked for", "a delivery without a database"
        )

    # ── Commands ────────────────────────────────────────────────────────────────────────────────────────────

    def commands(self, passwords: Mapping[str, str]) -> None:
        """What people run fails and says why. `passwords`: of servers that nobody listens for."""
        with self.fault("/webhooks/", faults.repeating(500)):
            self._fails("hubspot_subscriptions", "--sync")
        broken = f"first:{self.secrets['ENCRYPTION_KEYS'].partition(':')[2]},first:x"
        self._fails("rewrap_keys", ENCRYPTION_KEYS=broken)
        self._fails("mirror_export", "--portal", "1")
        database = f"postgresql://app:{passwords['database']}@127.0.0.1:9/hubapp"
        self._fails("migrate", DATABASE_URL=database)
        self._fails("declare_hubspot_idle", REDIS_URL=f"redis://:{passwords['redis']}@127.0.0.1:9/0")

    def add_private_app(self, account: Account) -> None:
        """Staff give a private app's token: one that HubSpot refuses and repeats, then one that it takes."""
        token = self.world.hubspot.private_token(account)["access_token"]
        self.canaries.add("a private app's token", token)
        with self.fault("/account-info/", faults.repeating(403)):
            refused = self._add_portal(token)
        assert refused.returncode, refused.stdout
        self.note("command", "add_portal")
        taken = self._add_portal(token)
        assert taken.returncode == 0, taken.stdout
        self.outputs |= {"command: add_portal refused": refused.stdout, "command: add_portal": taken.stdout}

    def _add_portal(self, token: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "manage.py", "add_portal"],
            input=token.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.world.environment(),
            cwd=ROOT,
            timeout=120,
            check=False,
        )

    def _fails(self, *arguments: str, **environment: str) -> None:
        name = " ".join(arguments)
        try:
            said = app_setup.manage({**self.world.environment(), **environment}, *arguments)
        except CommandFailed as error:
            self.outputs[f"command: {name}"] = str(error).encode()
            self.note("command", name)
        else:
            raise AssertionError(f"{name} went through: {said}")

    # ── Ways to do harm ─────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def fault(self, path: str, fault: Fault, account: Account | None = None) -> Iterator[None]:
        """HubSpot answers so for a while."""
        match = {"path": path} | ({"hub_id": account.hub_id} if account else {})
        made = self.world.hubspot.call("POST", "/_emulator/faults", {"match": match} | fault)
        yield
        address = f"/_emulator/faults/{made['id']}"
        assert self.world.hubspot.call("GET", address)["struck"], f"nobody asked for {path}"
        self.world.hubspot.call("DELETE", address)

    @contextmanager
    def refusing(self, table: str) -> Iterator[None]:
        """The database refuses every row of a table for a while."""
        self.world.sql(_COMPLAINT)
        self.world.sql(
            f"CREATE TRIGGER complains BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION complain()"
        )
        try:
            yield
        finally:
            self.world.sql(f"DROP TRIGGER complains ON {table}")

    def deliver(self, account: Account, *, body: bytes | None = None, signature: str = "") -> int:
        """Send a webhook as HubSpot would, or with another signature, and note the right one; return the status."""
        content = body_of(sent(account.hub_id)) if body is None else body
        secret, web = self.secrets["HUBSPOT_CLIENT_SECRET"], self.world.stack.web
        headers = signed(content, secret=secret, address=web + PATH)
        self.canaries.add("a signature", headers[SIGNATURE])
        given = headers | ({SIGNATURE: signature} if signature else {})
        return self.world.hubspot.http.post(web + PATH, content=content, headers=given).status_code

    def change_something(self, account: Account) -> None:
        change = {"op": "create", "object_type": "contacts", "properties": {"email": f"{time.time_ns()}@example.com"}}
        self.world.hubspot.change(account, change)

    @contextmanager
    def somebody(self) -> Iterator[Visitor]:
        """A visitor of their own, whose pages are kept."""
        visitor = Visitor(self.world.stack.web, self.canaries)
        try:
            yield visitor
        finally:
            visitor.http.close()
        number = len(self.outputs)
        self.outputs |= {f"visitor {number}'s {place}": content for place, content in visitor.pages.items()}

    def _wait_for_failing_lane(self, account: Account, error: str) -> None:
        failing = "SELECT count(*) FROM lanes_lane WHERE portal_id = %s AND latest_error LIKE %s"
        wait_for(
            lambda: self.world.count(failing, self.world.portal_id(account), f"{error}%"), what=f"a lane with {error}"
        )

    def _retry(self, account: Account) -> None:
        """Everything that waits of an account is due now."""
        portal_id = self.world.portal_id(account)
        self.world.sql(
            "UPDATE webhooks_failure SET retry_at = now() WHERE portal_id = %s AND died_at IS NULL", portal_id
        )
        self.world.sql("UPDATE lanes_lane SET not_before = NULL, due_at = now() WHERE portal_id = %s", portal_id)

    def _log(self, name: str) -> str:
        return self.world.stack.log(name).read_text(errors="replace")


def way_back(visitor: Visitor, account: Account) -> str:
    """Grant at HubSpot and return the address that leads back, unopened."""
    consent = visitor.open(f"/install?hub_id={account.hub_id}")
    (form, *_) = consent.forms()
    return visitor.leads_to(form, hub_id=str(account.hub_id), user_id=str(account.admin_id), decision="grant")


def tokens_of(world: World, account: Account) -> list[str]:
    """Return an account's tokens that HubSpot knows, access tokens first."""
    grants = world.hubspot.call("GET", "/_emulator/snapshot")["grants"]
    hub_ids = [grant["hub_id"] for grant in grants["grants"]]
    access = [value for value, token in grants["access_tokens"].items() if token["hub_id"] == account.hub_id]
    refresh = [value for value, number in grants["refresh_tokens"].items() if hub_ids[number] == account.hub_id]
    return access[-2:] + refresh[-2:]


def tokens_of_all(world: World) -> list[str]:
    grants = world.hubspot.call("GET", "/_emulator/snapshot")["grants"]
    return [*grants["access_tokens"], *grants["refresh_tokens"], *grants["rotated"], *grants["codes"]]
