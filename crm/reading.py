"""Read records and associations from HubSpot, and find out what became of those that do not come back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TypeVar

from django.utils import timezone

from hubspot_api import associations, batches, objects
from hubspot_api.client import Client
from hubspot_api.errors import Forbidden, NotFound
from hubspot_api.ports import Bucket
from hubspot_api.records import RecordPage
from installations.clients import ahead_gate_for, client_for
from installations.models import Portal
from installations.ratelimit import WorkClass

from . import availability, definitions, features, parallel, readings
from .availability import Refusal
from .features import Feature
from .object_types import OBJECT_TYPES
from .readings import AssociationsRead, RecordRead

T = TypeVar("T")

# Reads of single records that one step has time for. Bulk work waits longer for each, and repeats what it cannot end.
_ALONE_AT_MOST = {WorkClass.EVENTS: 50, WorkClass.BULK: 10}


class ManyMissing(Exception):
    """So many records did not come with their batches that one step has no time for them: ask for fewer at once."""


class Reader:
    """Reads for one portal, in one class of work.

    A feature that HubSpot refuses is not asked for again: it is named in `refused`, with what HubSpot said, for the
    caller to write down (availability.close) in the transaction of its step. Else reads raise what client_for's calls
    raise.
    """

    def __init__(self, portal: Portal, work_class: WorkClass) -> None:
        self.portal = portal
        self.work_class = work_class
        self._gate = ahead_gate_for(portal, work_class)
        self.client = client_for(portal, work_class, self._gate)
        self.refused: dict[Feature, Refusal] = {}
        self._names: dict[str, list[str]] = {}

    @cached_property
    def _closed(self) -> set[Feature]:
        self.client.tokens.current()  # a renewal brings HubSpot's own list of scopes, which may close something
        return availability.closed(self.portal)

    def is_closed(self, object_type: str) -> bool:
        """Whether records of this type are not to be read; also when that has only just turned out."""
        return features.records(object_type) in self._closed

    def records(self, object_type: str, ids: Collection[int]) -> list[RecordRead]:
        """Read records by id. Every id is answered for: live, archived, merged away or gone.

        One that a batch does not return is looked up among the archived, then alone, because only a single read
        knows merged ids ("Contacts API guide"). Raises ManyMissing where that is too much for one step.
        """
        if not ids or self.is_closed(object_type):
            return []
        try:
            properties = self._properties(object_type)
            parts = _parts(sorted(ids), batches.SIZE)
            calls = [partial(_read_batches, self.client, object_type, i, properties) for i in parts]
            with self._gate.reserve({Bucket.BURST: len(calls)}):
                results = parallel.all_of(calls)
            missing = [record_id for _, alone in results for record_id in alone]
            if len(missing) > _ALONE_AT_MOST[self.work_class]:
                raise ManyMissing(f"{len(missing)} of {len(ids)} {object_type} records have to be read alone.")
            singles = [partial(_read_alone, self.client, object_type, i, properties) for i in missing]
            found = [reads for reads, _ in results] + parallel.all_of(singles)
        except Forbidden as error:
            self._refuse(features.records(object_type), error)
            return []
        return [record for reads in found for record in reads]

    def in_steps(self, object_type: str, ids: Sequence[int]) -> Iterator[list[RecordRead]]:
        """Yield `records` of all ids, as many at once as a step has time for."""
        try:
            reads = self.records(object_type, ids)
        except ManyMissing:
            middle = len(ids) // 2
            yield from self.in_steps(object_type, ids[:middle])
            yield from self.in_steps(object_type, ids[middle:])
        else:
            yield reads

    def page(self, object_type: str, after: str) -> RecordPage:
        """Return one page of the list of a type. Raises Forbidden too: there is nothing to go on with."""
        properties = self._properties(object_type)
        return objects.list_page(self.client, object_type, properties=properties, after=after or None)

    def associations(
        self, from_type: str, ids: Collection[int], to_types: Iterable[str] | None = None
    ) -> list[AssociationsRead]:
        """Read all associations of records towards the given object types, or towards all that we mirror.

        A record that HubSpot reports an error about is left out: its associations are unknown, not none.
        """
        towards = (object_type.id for object_type in OBJECT_TYPES) if to_types is None else to_types
        open_types = [to_type for to_type in towards if not self._needed(from_type, to_type) & self._closed]
        parts = _parts(sorted(ids), associations.READ_SIZE)
        calls = [self._sides(from_type, to_type, part) for to_type in open_types for part in parts]
        with self._gate.reserve({Bucket.ASSOCIATIONS: len(calls)}):
            return [read for result in parallel.all_of(calls) for read in result]

    @contextmanager
    def ahead(self, records: Mapping[str, Collection[int]], sides: int) -> Iterator[None]:
        """Have leave for reading records and so many sides of associations, or raise LimiterFull before any call.

        So a piece of work of several calls does not begin again and again, each time without its last ones.
        """
        batches_to_read = sum(len(_parts(sorted(ids), batches.SIZE)) for ids in records.values())
        with self._gate.reserve({Bucket.BURST: batches_to_read, Bucket.ASSOCIATIONS: sides}):
            yield

    def prepare(self, object_type: str) -> None:
        """Have the type's properties at hand before threads ask for them."""
        self._properties(object_type)

    def _properties(self, object_type: str) -> list[str]:
        if object_type not in self._names:
            self._names[object_type] = definitions.names(self.portal, object_type, self.client)
        return self._names[object_type]

    def _needed(self, from_type: str, to_type: str) -> set[Feature]:
        """What reading associations takes."""
        return {
            features.associations(from_type, to_type),
            features.records(from_type),
            features.records(to_type),
        }

    def _refuse(self, feature: Feature, error: Forbidden) -> None:
        self._closed.add(feature)
        self.refused[feature] = Refusal.of(error)

    def _refuse_sides(self, from_type: str, to_type: str, error: Forbidden) -> None:
        """Close the types at either end whose scope HubSpot names; else the associations between them."""
        scopes = Refusal.of(error).scopes
        ends = [one for one in (features.records(from_type), features.records(to_type)) if one.scope in scopes]
        for feature in ends or [features.associations(from_type, to_type)]:
            self._refuse(feature, error)

    def _sides(self, from_type: str, to_type: str, ids: Sequence[int]) -> Callable[[], list[AssociationsRead]]:
        def read() -> list[AssociationsRead]:
            read_at = timezone.now()
            try:
                result = associations.read(self.client, from_type, to_type, ids)
            except Forbidden as error:
                self._refuse_sides(from_type, to_type, error)
                return []
            return [
                readings.associated(from_type, record_id, to_type, found, read_at)
                for record_id, found in result.by_id.items()
            ]

        return read


def _read_batches(
    client: Client, object_type: str, ids: Sequence[int], properties: Sequence[str]
) -> tuple[list[RecordRead], Sequence[int]]:
    """Read live records, then the others among the archived; return what was found, and which ids were not."""
    reads, missing = _read_batch(client, object_type, ids, properties, archived=False)
    if missing:
        archived, missing = _read_batch(client, object_type, missing, properties, archived=True)
        reads += archived
    return reads, missing


def _read_batch(
    client: Client, object_type: str, ids: Sequence[int], properties: Sequence[str], *, archived: bool
) -> tuple[list[RecordRead], Sequence[int]]:
    read_at = timezone.now()
    result = batches.read(client, object_type, ids, properties=properties, archived=archived)
    return [readings.found(object_type, record, read_at) for record in result.results], result.missing_ids


def _read_alone(client: Client, object_type: str, record_id: int, properties: Sequence[str]) -> list[RecordRead]:
    read_at = timezone.now()
    try:
        record = objects.get(client, object_type, record_id, properties=properties)
    except NotFound:
        return [readings.gone(object_type, record_id, read_at)]
    survivor = readings.found(object_type, record, read_at)
    if record.merged:
        return [readings.merged(object_type, record_id, record, read_at), survivor]
    return [survivor]


def _parts(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
