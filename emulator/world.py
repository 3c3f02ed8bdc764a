"""The whole emulator in one object.

The locking rule, for all of this package:

1. What belongs to one portal (records, associations, properties) is read and changed under that portal's
   `crm.lock`. Everything else that is shared (apps, portals, codes, tokens, installs) is changed under
   `Emulator.lock`; a single dictionary look-up there needs no lock.
2. Whoever needs both takes `Emulator.lock` first.
3. Ledgers, rate windows, faults, journals, the delivery queue and workflows have locks of their own, taken last and
   held for a few instructions. Under the queue's, only the faults' and a ledger's may be taken; under the workflows',
   only the ledgers'; under the others none.
4. No lock is held while anything is sent, received or waited for.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from emulator.cards.fetching import Fetching
from emulator.clock import Clock
from emulator.crm.changes import Write
from emulator.faults import Fault, Faults
from emulator.imports.background import Background
from emulator.journal.journals import Journals
from emulator.ledger import Delivery, Ledger, Request
from emulator.legacy.sunsets import Sunsets
from emulator.limits import Limits
from emulator.oauth.apps import App
from emulator.oauth.grants import AccessToken, Grants
from emulator.oauth.marketplace import Marketplace, MarketplaceInstall
from emulator.portals import Portal
from emulator.regions import Moves
from emulator.scenarios.running import Scenarios
from emulator.webhooks.delivery import Deliveries
from emulator.webhooks.events import Event, events_of, sample_event
from emulator.webhooks.in_force import SettingsCache
from emulator.webhooks.sender import HttpSender, Sender
from emulator.webhooks.subscriptions import Subscription
from emulator.workflows.requests import Timeouts
from emulator.workflows.room import Workflows
from emulator.workflows.wire import Fetcher, fetch_over_http

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

HUBLETS = ("na1", "eu1")


@dataclass(frozen=True)
class Options:
    # The regions served, the global one first, and where each is reached.
    origins: Mapping[str, str]
    # How long a change stays invisible to search.
    search_lag_ms: int = 0
    # How long a batch that is not full waits for more events.
    webhook_linger_ms: int = 50
    # How long a file of the journal that is not full waits for more events, on the virtual clock.
    journal_linger_ms: int = 1_000
    request_ledger: int = 200_000
    # How long requests of workflows may take.
    workflow_timeouts: Timeouts = field(default_factory=Timeouts)


def default_origins(host: str = "localhost", port: int = 8765) -> dict[str, str]:
    return {hublet: f"http://{host}:{port + offset}" for offset, hublet in enumerate(HUBLETS)}


class UnknownPortal(LookupError):
    """The message names it."""


class UnknownApp(LookupError):
    """The message names it."""


class Emulator:
    def __init__(
        self,
        options: Options | None = None,
        *,
        clock: Clock | None = None,
        sender: Sender | None = None,
        fetcher: Fetcher | None = None,
        seed: Callable[[Emulator], None] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.options = options or Options(default_origins())
        self.lock = threading.RLock()
        self.clock = clock or Clock()
        self.apps: dict[str, App] = {}
        self.portals: dict[int, Portal] = {}
        self.journals = Journals(self.clock, self.options.journal_linger_ms)
        self.adopt(Grants(self.clock))
        self.marketplace = Marketplace()
        self.moves = Moves(self.clock.now_ms)
        self.limits = limits or Limits()
        self.sunsets = Sunsets()
        self.faults = Faults(self.clock.now_ms)
        self.requests: Ledger[Request] = Ledger(self.options.request_ledger)
        self.settings_cache = SettingsCache(self.clock)
        self.deliveries = Deliveries(
            self.clock, self.faults, sender or HttpSender(), self._app_in_force, self.options.webhook_linger_ms / 1000
        )
        self.scenarios = Scenarios(self)
        self.workflows = Workflows(self, fetcher or fetch_over_http, self.options.workflow_timeouts)
        self.cards = Fetching(fetcher or fetch_over_http)
        self.background = Background(self._carry_on)
        self.private_apps = 0
        self._seed = seed
        if seed is not None:
            seed(self)

    # -- the web ---------------------------------------------------------------------------------------------------

    def wsgi(self, hublet: str = "na1") -> WSGIApplication:
        """The WSGI application of one region."""
        from emulator.web.app import application

        return application(self, hublet)

    def start(self) -> None:
        """Deliver webhooks, run workflows and carry imports on, in the background."""
        self.deliveries.start()
        self.workflows.scheduler.start()
        self.background.start()

    def stop(self) -> None:
        self.background.stop()
        self.deliveries.stop()
        self.workflows.scheduler.stop()

    # -- apps and portals ------------------------------------------------------------------------------------------

    def add_app(self, app: App) -> None:
        """Configure an app; the same client id replaces what was there."""
        with self.lock:
            self.settings_cache.forget(app.client_id)
            self.apps[app.client_id] = app
        self.deliveries.wake()

    def reconfigure(self, client_id: str, change: Callable[[App], App]) -> App:
        """Change an app's webhooks as its developer does: deliveries follow when HubSpot's cache does.

        Raises UnknownApp.
        """
        with self.lock:
            before = self.app(client_id)
            after = change(before)
            self.settings_cache.keep(before)
            self.apps[client_id] = after
        self.deliveries.wake()
        return after

    def _app_in_force(self, client_id: str) -> App | None:
        """The app as deliveries see it."""
        app = self.apps.get(client_id)
        return app and self.settings_cache.in_force(app)

    def app(self, client_id: str) -> App:
        found = self.apps.get(client_id)
        if found is None:
            raise UnknownApp(f"no app with client_id {client_id}")
        return found

    def add_portal(self, portal: Portal) -> None:
        with self.lock:
            portal.crm.publish = lambda write: self._publish(portal, write)
            self.portals[portal.hub_id] = portal
        # It may have come from a snapshot with an import under way.
        self.background.wake()

    def portal(self, hub_id: int) -> Portal:
        found = self.portals.get(hub_id)
        if found is None:
            raise UnknownPortal(f"no portal {hub_id}")
        return found

    def ui_origin(self, hublet: str) -> str:
        return self.options.origins[hublet]

    def remove_portal(self, hub_id: int) -> None:
        """Close an account: its tokens stop working, and its apps' refresh tokens lead nowhere."""
        with self.lock:
            self._close(hub_id)
            self.moves.forget(hub_id)
        self.deliveries.drop(hub_id)
        self.workflows.drop(hub_id)

    def _close(self, hub_id: int) -> None:
        """A write that is under way, an import's for example, is told before or not at all."""
        portal = self.portals.get(hub_id)
        if portal is not None:
            with portal.crm.lock:
                del self.portals[hub_id]

    def adopt(self, grants: Grants) -> None:
        """Go by these grants from now on, and write what is installed into the apps' journals."""
        grants.when_installed = self.journals.installed
        self.grants = grants

    @property
    def global_hublet(self) -> str:
        """The region whose host also answers for all others."""
        return next(iter(self.options.origins))

    def _publish(self, portal: Portal, write: Write) -> None:
        if self.portals.get(portal.hub_id) is not portal:
            return
        self.journals.publish(portal.crm, write, self.grants)
        self.tell(portal, lambda app, granted: events_of(app, granted, portal.crm, write, portal.dice))
        self.workflows.note(portal.hub_id, write)

    def tell(self, portal: Portal, events_for: Callable[[App, frozenset[str]], list[Event]]) -> None:
        """Queue each installed app's events. Under the portal's lock, so that they queue in the order of the writes."""
        for client_id, configured in list(self.apps.items()):
            app = self.settings_cache.in_force(configured)
            install = self.grants.install(client_id, portal.hub_id)
            if app.webhook is None or install is None:
                continue
            events = events_for(app, install.granted)
            if events:
                self.deliveries.publish(app, portal.hub_id, events)

    # -- tokens ----------------------------------------------------------------------------------------------------

    def issue(self, app: App, portal: Portal, user_id: int, scopes: Iterable[str]) -> tuple[str, str]:
        """Install the app as if the user had consented: an access token and the refresh token."""
        with self.lock:
            refresh, grant = self.grants.authorize(app, portal.hub_id, user_id, frozenset(scopes), portal.hublet)
            return self.grants.new_access_token(app, grant), refresh

    def issue_private(self, portal: Portal, scopes: Iterable[str], made_by: int) -> tuple[str, AccessToken]:
        """A private app of the account, with its token."""
        with self.lock:
            self.private_apps += 1
            number = 26_000_000 + self.private_apps
            token = AccessToken(
                f"private-{number}",
                number,
                portal.hub_id,
                None,
                frozenset(scopes),
                None,
                portal.hublet,
                "Private app",
                made_by=made_by,
            )
            return self.grants.new_private_token(token), token

    def end_private_tokens(self, hub_id: int, app_id: int) -> AccessToken | None:
        """Let a private app's tokens die at once, and return what they were; None if there are none."""
        with self.lock:
            found = self.grants.private_tokens(hub_id, app_id)
            for value in found:
                del self.grants.access_tokens[value]
            return next(iter(found.values()), None)

    def rotate_private(self, portal: Portal, token: AccessToken) -> str:
        """Another token for the same private app, for the region in which its account is now."""
        with self.lock:
            return self.grants.new_private_token(replace(token, hublet=portal.hublet))

    def apps_with_card(self, hub_id: int) -> list[App]:
        """Installed apps that have a card on the account's records."""
        with self.lock:
            installed = [app for app in self.apps.values() if self.grants.install(app.client_id, hub_id) is not None]
        return [app for app in installed if app.card is not None]

    def begin_marketplace_install(self, app: App, portal: Portal, user_id: int | None = None) -> MarketplaceInstall:
        """Raises NotListed."""
        with self.lock:
            return self.marketplace.begin(app, portal.hub_id, user_id)

    def end_marketplace_install(self, install: MarketplaceInstall) -> None:
        with self.lock:
            self.marketplace.installs.pop(install.id, None)

    def move(self, portal: Portal, hublet: str, *, lasts_s: float = 0, refreshing_heals: bool = True) -> int:
        """Move an account to another region; when that will be over.

        Access tokens lead to the region they were minted in. If refreshing heals, new ones lead to the new region; if
        not, only after somebody authorized the app again.
        """
        with self.lock, portal.crm.lock:
            portal.hublet = hublet
            portal.crm.ui_origin = self.ui_origin(hublet)
            if refreshing_heals:
                self.grants.moved(portal.hub_id, hublet)
            return self.moves.begin(portal.hub_id, lasts_s)

    def uninstall(self, app: App, hub_id: int, *, tokens_live_on: bool | None = None) -> None:
        """Remove the app; a write that is under way is told before or not at all."""
        if tokens_live_on is None:
            tokens_live_on = app.tokens_outlive_uninstall
        with self.lock, self.portal(hub_id).crm.lock:
            install = self.grants.install(app.client_id, hub_id)
            self.grants.uninstall(app.client_id, hub_id, tokens_live_on=tokens_live_on)
            if install is not None:
                self.journals.uninstalled(app, install)
            self.deliveries.drop(hub_id, app.client_id)

    # -- time, faults, state ---------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        for portal in list(self.portals.values()):
            with portal.crm.lock:
                portal.time_passed()

    def _carry_on(self) -> bool:
        """Whether there will be more to do."""
        busy = [portal.carry_on() for portal in list(self.portals.values())]
        return any(busy)

    def add_fault(self, fault: Fault) -> None:
        self.faults.add(fault)

    def deliver(self) -> int:
        """Send all that is due, in this thread; for tests that do not `start`. How many requests that took."""
        for portal in list(self.portals.values()):
            with portal.crm.lock:
                portal.imports.progress_all(self.clock.now_ms())
        sent = 0
        while count := self.workflows.scheduler.deliver_due() + self.deliveries.deliver_due():
            sent += count
        return sent

    def test_subscription(self, app: App, subscription: Subscription, hub_id: int) -> Delivery:
        """Send the event that HubSpot's button "Test" sends: once, whatever becomes of it."""
        return self.deliveries.posting.post(app, hub_id, [sample_event(app, hub_id, subscription, self.clock.now_ms())])

    def send_again(self, delivery: Delivery) -> None:
        """Send the events of a delivery once more, now.

        Raises UnknownApp when the app is not in the account any more, or has nowhere to send to.
        """
        app = next((app for app in list(self.apps.values()) if app.app_id == delivery.app_id), None)
        if app is None or app.webhook is None or self.grants.install(app.client_id, delivery.hub_id) is None:
            raise UnknownApp(f"no app {delivery.app_id} that account {delivery.hub_id} could send to")
        self.deliveries.send_again(app, delivery.hub_id, json.loads(delivery.body))

    def delivered(self, since: int = 0, limit: int = 1_000) -> list[Delivery]:
        return self.deliveries.ledger.since(since, limit)[0]

    def requested(self, since: int = 0, limit: int = 1_000) -> list[Request]:
        return self.requests.since(since, limit)[0]

    def state(self) -> dict[str, Any]:
        from emulator.state import describe

        return describe(self)

    def snapshot(self) -> dict[str, Any]:
        from emulator.snapshot import save

        return save(self)

    def load(self, saved: Any) -> None:
        from emulator.snapshot import load

        load(self, saved)

    def reset(self) -> None:
        """Back to the start-up seed. Ledgers are emptied; their numbering goes on."""
        with self.lock:
            self.clear()
            if self._seed is not None:
                self._seed(self)

    def clear(self) -> None:
        with self.lock:
            self.scenarios.clear()
            for hub_id in list(self.portals):
                self._close(hub_id)
            self.deliveries.clear()
            self.workflows.clear()
            self.faults.clear()
            self.sunsets.restore()
            self.limits.clear()
            self.apps.clear()
            self.settings_cache.clear()
            self.grants.clear()
            self.journals.clear()
            self.marketplace.clear()
            self.moves.clear()
            self.clock.offset_ms = 0
            self.requests.clear()
            self.deliveries.ledger.clear()
