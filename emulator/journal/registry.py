"""The subscriptions of all apps, found by id and by account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from emulator.errors import InvalidInput, ResourceNotFound
from emulator.journal.filters import Condition, Filter
from emulator.journal.subscriptions import Kind, Subscription, Wanted

# One app's subscriptions in one account, by what they are about.
Subjects = Mapping[tuple[Kind, str], Subscription]

_NOTHING: Mapping[str, Subjects] = {}

_FIRST_SUBSCRIPTION, _FIRST_FILTER = 60_001_000, 1_000


class Registry:
    """Changed under the emulator's lock. Whoever holds only an account's lock may read `in_portal`: what it returns
    is replaced and never changed."""

    def __init__(self) -> None:
        self._subscriptions: dict[int, Subscription] = {}
        # Whose subscription each filter belongs to.
        self._filters: dict[int, int] = {}
        # By account (None: lifecycle events, of all of them), then by app.
        self._by_portal: dict[int | None, Mapping[str, Subjects]] = {}
        # The numbers given last.
        self.latest_subscription = _FIRST_SUBSCRIPTION
        self.latest_filter = _FIRST_FILTER

    def clear(self) -> None:
        self._subscriptions.clear()
        self._filters.clear()
        self._by_portal.clear()

    def in_portal(self, portal_id: int | None) -> Mapping[str, Subjects]:
        return self._by_portal.get(portal_id, _NOTHING)

    def all(self) -> list[Subscription]:
        return list(self._subscriptions.values())

    def of(self, client_id: str) -> list[Subscription]:
        return [each for each in self._subscriptions.values() if each.client_id == client_id]

    def named(self, client_id: str, subscription_id: int) -> Subscription:
        """Raises ResourceNotFound, also for another app's."""
        found = self._subscriptions.get(subscription_id)
        if found is None or found.client_id != client_id:
            raise ResourceNotFound(f"No subscription with ID {subscription_id} exists.")
        return found

    def put(self, client_id: str, wanted: Wanted, now: int) -> Subscription:
        """Create, or give the one about the same subject what is wanted now; its filters stay."""
        before = self.in_portal(wanted.portal_id).get(client_id, {}).get(wanted.subject)
        if before is None:
            self.latest_subscription += 1
            made = Subscription(self.latest_subscription, client_id, wanted, now, now)
        else:
            made = replace(before, wanted=wanted, updated_at=now)
        self._keep(made)
        return made

    def _keep(self, subscription: Subscription) -> None:
        self._subscriptions[subscription.id] = subscription
        wanted = subscription.wanted
        subjects = dict(self.in_portal(wanted.portal_id).get(subscription.client_id, {}))
        subjects[wanted.subject] = subscription
        self._replace(wanted.portal_id, subscription.client_id, subjects)

    def _replace(self, portal_id: int | None, client_id: str, subjects: Subjects) -> None:
        apps = {each: kept for each, kept in self.in_portal(portal_id).items() if each != client_id}
        if subjects:
            apps[client_id] = subjects
        if apps:
            self._by_portal[portal_id] = apps
        else:
            self._by_portal.pop(portal_id, None)

    def remove(self, client_id: str, subscription_id: int) -> None:
        """Raises ResourceNotFound."""
        gone = self.named(client_id, subscription_id)
        self._forget(gone)
        left = self.in_portal(gone.wanted.portal_id).get(client_id, {})
        subjects = {subject: each for subject, each in left.items() if each.id != gone.id}
        self._replace(gone.wanted.portal_id, client_id, subjects)

    def remove_portal(self, client_id: str, portal_id: int) -> None:
        """All of the app's in one account, if there are any."""
        for gone in self.in_portal(portal_id).get(client_id, {}).values():
            self._forget(gone)
        self._replace(portal_id, client_id, {})

    def _forget(self, subscription: Subscription) -> None:
        del self._subscriptions[subscription.id]
        for each in subscription.filters:
            del self._filters[each.id]

    # -- filters ---------------------------------------------------------------------------------------------------

    def add_filter(self, client_id: str, subscription_id: int, conditions: tuple[Condition, ...], now: int) -> Filter:
        """Raises ResourceNotFound, or InvalidInput where a filter has nothing to do."""
        subscription = self.named(client_id, subscription_id)
        wanted = subscription.wanted
        if wanted.kind is not Kind.OBJECT or not {"CREATE", "UPDATE"} & set(wanted.actions):
            raise InvalidInput("Filters can only be added to OBJECT subscriptions with the action CREATE or UPDATE.")
        self.latest_filter += 1
        made = Filter(self.latest_filter, now, conditions)
        self._filters[made.id] = subscription.id
        self._keep(replace(subscription, filters=(*subscription.filters, made)))
        return made

    def filter_named(self, client_id: str, filter_id: int) -> Filter:
        """Raises ResourceNotFound."""
        return self._filtered(client_id, filter_id)[1]

    def remove_filter(self, client_id: str, filter_id: int) -> None:
        """Raises ResourceNotFound."""
        subscription, gone = self._filtered(client_id, filter_id)
        del self._filters[gone.id]
        left = tuple(each for each in subscription.filters if each.id != gone.id)
        self._keep(replace(subscription, filters=left))

    def _filtered(self, client_id: str, filter_id: int) -> tuple[Subscription, Filter]:
        subscription = self._subscriptions.get(self._filters.get(filter_id, -1))
        if subscription is None or subscription.client_id != client_id:
            raise ResourceNotFound(f"No filter with ID {filter_id} exists.")
        return subscription, next(each for each in subscription.filters if each.id == filter_id)

    # -- snapshots -------------------------------------------------------------------------------------------------

    def restore(self, subscriptions: Iterable[Subscription]) -> None:
        for each in subscriptions:
            self._keep(each)
            self._filters.update((filter_.id, each.id) for filter_ in each.filters)
