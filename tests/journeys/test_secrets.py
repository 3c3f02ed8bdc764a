"""No secret is anywhere but where it belongs, whatever goes wrong.

The whole product runs, is used by people and staff, and suffers failures in every layer, most of them by a HubSpot that
repeats what it was sent. Then everything that it has written anywhere is searched for every secret there was.
CHAOS=long goes through the failures again and again, with more pages, and with logs in both forms.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import redis
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core import signing

from demo.plan import Sizes
from installations.credentials.vault import parse_keys
from tests.console.staff import one_time_code
from tests.hubspot import Account, wait_for
from tests.installations.mail_servers import MailServer, mail_server
from tests.journeys import sinks
from tests.journeys.canaries import LEAST, Canaries
from tests.journeys.conftest import StartWorld
from tests.journeys.mishaps import Mishaps, tokens_of_all, way_back
from tests.journeys.visitor import Visitor
from tests.journeys.world import World

pytestmark = pytest.mark.chaos

LONG = os.environ.get("CHAOS") == "long"
ROUNDS = 5 if LONG else 1
PAGES = 400 if LONG else 40  # of the console and of a portal, each
GIVEN = {
    "HUBSPOT_APP_ID": str(settings.HUBSPOT_APP_ID),
    "HUBSPOT_CLIENT_SECRET": "3f0e6a52-77d1-4c0c-9be2-5d10e2f4a9b7",  # noqa: HS001 - a canary
    "HUBSPOT_CLIENT_SECRET_PREVIOUS": "a81c40de-02b5-4d6a-8f2e-c6e7b19d3340",  # noqa: HS001 - a canary
    "HUBSPOT_DEVELOPER_API_KEY": "5c1d9f7e-64ab-4a0e-b1f3-90d2c8e7a615",  # noqa: HS001 - a canary
    "PRIVATE_APP_TOKENS": "1",
    "TRACEBACKS": "1",
    "METRICS_TOKEN": "metrics-Zq81Ld0sWx72-token",
}
PASSWORDS = {"database": "Tr0ub4dor-database-Xw9", "redis": "Tr0ub4dor-redis-Kp3", "mail": "Tr0ub4dor-mail-Hb6"}
LAYERS = {"transport", "view", "task", "handler", "database", "vault", "command", "mail"}


@dataclass
class Run:
    """A stack that has been through it, what it knew, and who looked at it."""

    world: World
    canaries: Canaries
    mishaps: Mishaps
    monitor: sinks.Monitor
    accounts: list[Account]
    owners: list[Visitor]  # one per account
    staff: Visitor

    @property
    def everybody(self) -> list[Visitor]:
        return [*self.owners, self.staff]

    def places(self) -> dict[str, bytes]:
        """Everything that can be read anywhere, now."""
        world = self.world
        self.staff.open("/metrics")
        return {
            **sinks.database(world),
            **sinks.files(world),
            **sinks.command_lines(world),
            **sinks.exports(world, self.accounts),
            **self.monitor.heard(),
            **{f"{n}'s {place}": page for n, one in enumerate(self.everybody) for place, page in one.pages.items()},
            **self.mishaps.outputs,
        }

    def leaks(self) -> list[str]:
        return self.canaries.found_in(self.places())


@pytest.fixture(scope="module")
def password_thief() -> Iterator[MailServer]:
    with mail_server() as server:
        server.repeats = True
        yield server


@pytest.fixture(scope="module", params=["1", ""] if LONG else ["1"])
def run(request: pytest.FixtureRequest, start_world: StartWorld) -> Iterator[Run]:
    """Use the product as people and staff do, then let everything fail."""
    mail = request.getfixturevalue("password_thief")
    given = GIVEN | {"LOG_JSON": request.param, "EMAIL_URL": f"smtp://app:{PASSWORDS['mail']}@127.0.0.1:{mail.port}"}
    world = start_world(emulator_seed="none", env=given, sizes=Sizes(1, 4, 2), fsync=False)
    canaries = Canaries()
    add_settings(world, canaries)
    monitor = sinks.Monitor(world.stack.plan.redis.url)
    with people(world, canaries) as (staff, *owners), monitor.listening():
        found = Run(world, canaries, Mishaps(world, canaries), monitor, connect(world, owners), owners, staff)
        add_data_keys(world, canaries)
        sign_in(staff, world, canaries)
        for _ in range(ROUNDS):
            suffer(found)
        look_around(found)
        canaries.add("a token", *tokens_of_all(world))
        yield found


@contextmanager
def people(world: World, canaries: Canaries) -> Iterator[list[Visitor]]:
    """One of staff, and the admins of two accounts."""
    everybody = [Visitor(world.stack.web, canaries) for _ in range(3)]
    try:
        yield everybody
    finally:
        for one in everybody:
            one.http.close()


def add_settings(world: World, canaries: Canaries) -> None:
    plan = world.stack.plan
    secrets = GIVEN.keys() - {"HUBSPOT_APP_ID", "PRIVATE_APP_TOKENS", "TRACEBACKS"}
    canaries.add("a setting", *(GIVEN[name] for name in secrets))
    canaries.add("the key of cookies", plan.settings["SECRET_KEY"])
    canaries.add("the staff's password", plan.identity.staff_password)
    canaries.add("a server's password", *PASSWORDS.values())
    ring = parse_keys(plan.settings["ENCRYPTION_KEYS"])
    canaries.add("an encryption key", *ring.keys.values())


def add_data_keys(world: World, canaries: Canaries) -> None:
    """The portals' own keys, unwrapped here as the vault would."""
    ring = parse_keys(world.stack.plan.settings["ENCRYPTION_KEYS"])
    query = """
        SELECT hub_id, portal.id, key_id, wrapped, wrapped_by
        FROM installations_datakey JOIN installations_portal AS portal ON portal.id = portal_id
        WHERE wrapped IS NOT NULL
    """
    for hub_id, portal_id, key_id, wrapped, wrapped_by in world.sql(query):
        place = f"v1|data_key|{hub_id}|{portal_id}|{key_id}".encode()
        key = AESGCM(ring.keys[wrapped_by]).decrypt(bytes(wrapped[:12]), bytes(wrapped[12:]), place)
        canaries.add("a portal's key", key)


def connect(world: World, owners: list[Visitor]) -> list[Account]:
    """Each owner's account installs the app, and is read."""
    accounts = [world.hubspot.add_account(contacts=30, companies=5, deals=5, tickets=2) for _ in owners]
    for account, owner in zip(accounts, owners, strict=True):
        assert owner.open(way_back(owner, account)).status == 200
    for account in accounts:
        world.wait_until_synced(account)
    return accounts


def sign_in(staff: Visitor, world: World, canaries: Canaries) -> None:
    """With the password, then set a second factor up; the pages that show its secrets do so by design."""
    identity = world.stack.plan.identity
    (form,) = staff.open("/admin/").forms()
    assert "/admin/" in staff.send(form, login=identity.staff_username, password=identity.staff_password).address
    page = staff.open("/staff/second-factor/totp/activate/", shows_secrets=True)
    (secret,) = re.findall(r"\b[A-Z2-7]{32}\b", page.text)
    canaries.add("a second factor", secret)
    staff.send(page.form("/activate/"), code=one_time_code(secret), shows_secrets=True)


def suffer(run: Run) -> None:
    (first, second), (owner, other) = run.accounts, run.owners
    mishaps = run.mishaps
    mishaps.calls(first)
    mishaps.callbacks(first)
    mishaps.webhooks(first)
    mishaps.handlers(first)
    mishaps.vaults(first)
    mishaps.broken_tables(first, owner)
    mishaps.cards(first)
    mishaps.staff(run.world.stack.plan.identity.staff_password)
    mishaps.commands(PASSWORDS)
    mishaps.departure(second, other)
    mishaps.servers(first, owner)
    assert other.open(way_back(other, second)).status == 200
    mishaps.add_private_app(run.world.hubspot.add_account(contacts=5))
    add_data_keys(run.world, run.canaries)


def look_around(run: Run) -> None:
    """Every page of the console and of the portal, as they are after all that."""
    assert run.staff.crawl("/admin/", PAGES) > 30
    for account, owner in zip(run.accounts, run.owners, strict=True):
        assert owner.crawl(f"/portals/{account.hub_id}/", PAGES) > 8


def test_every_layer_has_failed(run: Run) -> None:
    assert {layer for layer, _ in run.mishaps.suffered} == LAYERS
    assert len(run.mishaps.suffered) >= 30


def test_every_kind_of_secret_is_looked_for(run: Run) -> None:
    wanted = {
        *("a setting", "the key of cookies", "the staff's password", "a server's password", "an encryption key"),
        *("a portal's key", "a code", "a state", "a cookie", "a second factor", "a signature"),
        *("a made-up token", "a private app's token", "a token", "a card's token"),
    }
    assert run.canaries.kinds() == wanted


PLANTED = f"CPlanted{'q8Zt3' * 12}"


def plant(run: Run) -> None:
    """Let a token leak into everything: whole, cut short, in base64, in hexadecimals, compressed."""
    world, packed = run.world, base64.b64encode(f"ab{PLANTED}".encode()).decode()
    portal_id = world.portal_id(run.accounts[0])
    fax = "properties || jsonb_build_object('fax', %s::text)"
    world.sql(f"UPDATE crm_record SET properties = {fax} WHERE portal_id = %s", PLANTED, portal_id)  # noqa: S608
    world.sql("UPDATE installations_portal SET name = %s WHERE id = %s", PLANTED.encode().hex(), portal_id)
    world.sql("INSERT INTO hubapp_cache VALUES ('planted', %s, now())", packed)
    session = signing.dumps({"token": PLANTED}, compress=True)
    world.sql("INSERT INTO django_session VALUES ('planted', %s, now() + interval '1 hour')", session)
    with redis.Redis.from_url(world.stack.plan.redis.url) as client:
        client.set("planted", packed)
        client.get(PLANTED)
    for name in ("web", "worker", "beat", "postgres"):
        with world.stack.log(name).open("a") as log:
            log.write(f"{PLANTED[:LEAST]}…\n")


def test_a_leak_into_any_place_would_be_found(run: Run) -> None:
    """With canaries of its own: other tests must not find what is planted here."""
    canaries = Canaries()
    canaries.add("a planted token", PLANTED)
    plant(run)
    wait_for(lambda: canaries.found_in(run.monitor.heard()), what="Redis' commands to be heard")
    run.owners[0].open(f"/portals/{run.accounts[0].hub_id}/")
    run.staff.open("/admin/installations/portal/")
    found = [leak.partition(": …")[0].partition(" in ")[2] for leak in canaries.found_in(run.places())]
    for place in (
        *("database: crm_record", "database: installations_portal", "database: hubapp_cache"),
        *("database: contents of sessions", "Redis: commands", "export: mirror_export", "aof"),
        *("logs/web.log", "logs/worker.log", "logs/beat.log", "logs/postgres.log"),
        *("200 /admin/installations/portal/", f"200 /portals/{run.accounts[0].hub_id}/"),
    ):
        assert any(place in each for each in found), place


def test_no_secret_is_anywhere(run: Run) -> None:
    leaks = run.leaks()
    assert not leaks, f"{len(leaks)} of {len(run.canaries)} secrets:\n" + "\n\n".join(leaks[:20])
