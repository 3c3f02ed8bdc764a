"""Where the journal is: one address per generation, and the one of its first beta."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from emulator.web.gate import ApiResource
from emulator.web.journal import entries, snapshots, storage, subscriptions
from emulator.web.versions import V4, V2026_03, V2026_09, Version

if TYPE_CHECKING:
    from emulator.world import Emulator

_Route = tuple[str, type[ApiResource]]


def routes(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    found: list[tuple[str, ApiResource]] = [
        (f"{storage.FOLDER}/{{app_id}}/{{name}}", storage.StoredFile(emulator)),
        (f"{storage.FOLDER}/{{app_id}}/portals/{{portal_id}}/{{name}}", storage.StoredFile(emulator)),
    ]
    for version in (V4, V2026_03, V2026_09):
        found += [(path, resource(emulator, version)) for path, resource in _routes(version)]
    return found


def _routes(version: Version) -> Iterator[_Route]:
    yield from _areas("/webhooks-journal/{}/" + version.name)
    if version is V4:
        # As the beta of 2025 had it.
        yield from _areas("/webhooks/v4/{}")


def _areas(pattern: str) -> Iterator[_Route]:
    yield from _reading(pattern.format("journal"))
    yield from _reading(pattern.format("journal-local"))
    yield from _subscriptions(pattern.format("subscriptions"))
    yield from _snapshots(pattern.format("snapshots"))


def _reading(base: str) -> Iterator[_Route]:
    yield f"{base}/earliest", entries.Earliest
    yield f"{base}/latest", entries.Latest
    yield f"{base}/offset/{{offset}}/next", entries.Next
    yield f"{base}/batch/earliest/{{count}}", entries.BatchEarliest
    yield f"{base}/batch/latest/{{count}}", entries.BatchLatest
    yield f"{base}/batch/{{offset}}/next/{{count}}", entries.BatchNext
    yield f"{base}/batch/read", entries.BatchRead
    yield f"{base}/status/{{status_id}}", snapshots.Status


def _subscriptions(base: str) -> Iterator[_Route]:
    yield base, subscriptions.SubscriptionList
    yield f"{base}/{{subscription_id}}", subscriptions.SubscriptionItem
    yield f"{base}/portals/{{portal_id}}", subscriptions.PortalSubscriptions
    yield f"{base}/filters", subscriptions.FilterList
    yield f"{base}/filters/{{filter_id}}", subscriptions.FilterItem
    yield f"{base}/filters/subscription/{{subscription_id}}", subscriptions.SubscriptionFilters


def _snapshots(base: str) -> Iterator[_Route]:
    yield f"{base}/crm", snapshots.CrmSnapshots
    # The guide polls here, the specification under the journal.
    yield f"{base}/crm/status/{{status_id}}", snapshots.Status
