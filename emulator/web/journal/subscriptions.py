"""What an app subscribes to, and the filters on it."""

from __future__ import annotations

import falcon

from emulator.errors import InvalidInput, MissingScopes
from emulator.journal.events import LIST_SCOPES
from emulator.journal.filters import read_conditions
from emulator.journal.subscriptions import Kind, Wanted, read, whole
from emulator.limits import Meter
from emulator.oauth.scopes import SUBSCRIPTIONS_READ, SUBSCRIPTIONS_WRITE
from emulator.web.exchange import checked_number, json_object, no_content, reply
from emulator.web.gate import AppResource


class _Resource(AppResource):
    meter = Meter.JOURNAL_SUBSCRIPTIONS


class SubscriptionList(_Resource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        token = self.app_token(req, SUBSCRIPTIONS_READ)
        with self.emulator.lock:
            found = self.emulator.journals.registry.of(token.client_id)
        reply(resp, {"results": [each.as_json(token.app_id) for each in found]})

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Create, or update the one about the same thing."""
        token = self.app_token(req, SUBSCRIPTIONS_WRITE)
        wanted = read(json_object(req))
        with self.emulator.lock:
            if wanted.portal_id is not None:
                self._check_access(token.client_id, wanted, wanted.portal_id)
            made = self.emulator.journals.registry.put(token.client_id, wanted, self.now())
        reply(resp, made.as_json(token.app_id))

    def _check_access(self, client_id: str, wanted: Wanted, portal_id: int) -> None:
        """The account must have the app, with what it takes to read such records.

        Raises InvalidInput or MissingScopes.
        """
        portal = self.emulator.portals.get(portal_id)
        install = self.emulator.grants.install(client_id, portal_id)
        if portal is None or install is None:
            raise InvalidInput(f"The app is not installed in account {portal_id}.")
        scopes = LIST_SCOPES
        if wanted.kind is not Kind.LIST_MEMBERSHIP:
            known = portal.crm.tables
            for type_id in (wanted.object_type_id, *sorted(wanted.associated_object_type_ids)):
                if type_id not in known:
                    raise InvalidInput(f"Unable to infer object type from: {type_id[:50]}")
            scopes = known[wanted.object_type_id].kind.scopes.read
        if install.approved.isdisjoint(scopes):
            raise MissingScopes(scopes)


class SubscriptionItem(_Resource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, subscription_id: str) -> None:
        token = self.app_token(req, SUBSCRIPTIONS_READ)
        number = identity(subscription_id, "subscriptionId")
        with self.emulator.lock:
            found = self.emulator.journals.registry.named(token.client_id, number)
        reply(resp, found.as_json(token.app_id))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, subscription_id: str) -> None:
        token = self.app_token(req, SUBSCRIPTIONS_WRITE)
        number = identity(subscription_id, "subscriptionId")
        with self.emulator.lock:
            self.emulator.journals.registry.remove(token.client_id, number)
        no_content(resp)


class PortalSubscriptions(_Resource):
    """DELETE: all that the app wanted to hear of one account, if anything."""

    def on_delete(self, req: falcon.Request, resp: falcon.Response, portal_id: str) -> None:
        token = self.app_token(req, SUBSCRIPTIONS_WRITE)
        number = identity(portal_id, "portalId")
        with self.emulator.lock:
            self.emulator.journals.registry.remove_portal(token.client_id, number)
        no_content(resp)


class FilterList(_Resource):
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        token = self.app_token(req, SUBSCRIPTIONS_WRITE)
        body = json_object(req)
        conditions = read_conditions(body.get("filter"))
        number = whole(body, "subscriptionId")
        with self.emulator.lock:
            made = self.emulator.journals.registry.add_filter(token.client_id, number, conditions, self.now())
        reply(resp, {"filterId": made.id})


class FilterItem(_Resource):
    """A filter cannot be changed: another one takes its place."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, filter_id: str) -> None:
        token = self.app_token(req, SUBSCRIPTIONS_READ)
        number = identity(filter_id, "filterId")
        with self.emulator.lock:
            found = self.emulator.journals.registry.filter_named(token.client_id, number)
        reply(resp, found.as_json())

    def on_delete(self, req: falcon.Request, resp: falcon.Response, filter_id: str) -> None:
        token = self.app_token(req, SUBSCRIPTIONS_WRITE)
        number = identity(filter_id, "filterId")
        with self.emulator.lock:
            self.emulator.journals.registry.remove_filter(token.client_id, number)
        no_content(resp)


class SubscriptionFilters(_Resource):
    """A bare array, unlike other lists."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, subscription_id: str) -> None:
        token = self.app_token(req, SUBSCRIPTIONS_READ)
        number = identity(subscription_id, "subscriptionId")
        with self.emulator.lock:
            found = self.emulator.journals.registry.named(token.client_id, number)
        reply(resp, [each.as_json() for each in found.filters])


def identity(text: str, name: str) -> int:
    """Raises InvalidInput."""
    return checked_number(text, name, 0, 10**18)
