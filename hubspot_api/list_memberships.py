"""Who is on a list, and on which lists a record is. Source: HubSpot's page "Lists".

Only MANUAL and SNAPSHOT lists can be changed this way; DYNAMIC ones are refused with ValidationFailed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from hubspot_api import paging
from hubspot_api.answers import Answer
from hubspot_api.client import Client
from hubspot_api.fields import Fields
from hubspot_api.parts import Outcome, in_parts, parts_of

PAGE_SIZE = 250  # HubSpot's most
CHANGE_SIZE = 10_000  # ids; it takes 100,000, which is more than one call's time
READ_SIZE = 100

_LISTS = "/crm/lists/{version}"
_OF_LIST = _LISTS + "/{list_id}/memberships"


@dataclass(frozen=True, slots=True)
class Member:
    """A record on a list."""

    record_id: int
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Some members, and where to go on: `after` is opaque, None on the last page."""

    results: tuple[Member, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of a change. Ids in none of the three were on the list, or were not, as it should be.

    `missing`: records that do not exist.
    """

    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Membership:
    """A list that a record is on."""

    list_id: int
    first_joined_at: datetime
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class RecordMemberships:
    """The lists that a record is on."""

    object_type_id: str
    record_id: int
    lists: tuple[Membership, ...]


def list_page(
    client: Client, list_id: int, *, after: str | None = None, limit: int = PAGE_SIZE, by_joining: bool = False
) -> MemberPage:
    """Return one page of a list's members, by id, or in the order in which they joined. Raises NotFound."""
    path = _OF_LIST + ("/join-order" if by_joining else "")
    params = {"limit": limit, "after": after}
    fields = client.request("GET", path, path_params={"list_id": list_id}, params=params).fields
    return MemberPage(fields.each("results", _member), fields.after())


def list_all(client: Client, list_id: int, *, by_joining: bool = False) -> Iterator[Member]:
    """Yield every member of a list, page by page. Raises NotFound."""
    yield from paging.each(lambda after: list_page(client, list_id, after=after, by_joining=by_joining))


def add(client: Client, list_id: int, ids: Iterable[int]) -> Changed:
    """Put any number of records on a list."""
    return _change(client, list_id, "add", ids)


def remove(client: Client, list_id: int, ids: Iterable[int]) -> Changed:
    """Take any number of records off a list."""
    return _change(client, list_id, "remove", ids)


def add_from(client: Client, list_id: int, source_id: int) -> None:
    """Put all records of another list, 100,000 at most, on a list. Raises NotFound, ValidationFailed."""
    path_params = {"list_id": list_id, "source_id": source_id}
    client.request("PUT", _OF_LIST + "/add-from/{source_id}", path_params=path_params)


def clear(client: Client, list_id: int) -> None:
    """Take all records, 100,000 at most, off a list. Raises NotFound, ValidationFailed."""
    client.request("DELETE", _OF_LIST, path_params={"list_id": list_id})


def of_record(client: Client, object_type_id: str, record_id: int) -> tuple[Membership, ...]:
    """Return the lists that a record is on. Raises NotFound."""
    answer = client.request(
        "GET",
        _LISTS + "/records/{object_type_id}/{record_id}/memberships",
        path_params={"object_type_id": object_type_id, "record_id": record_id},
    )
    return answer.fields.each("results", _membership)


def of_records(client: Client, object_type_id: str, ids: Iterable[int]) -> Outcome[RecordMemberships]:
    """Return the lists that any number of records are on. Records that do not exist are in `errors`."""

    def send(part: Sequence[int]) -> Answer:
        inputs = [{"objectTypeId": object_type_id, "recordId": str(one)} for one in part]
        path = _LISTS + "/records/memberships/batch/read"
        return client.request("POST", path, json={"inputs": inputs}, idempotent=True)

    return in_parts(tuple(dict.fromkeys(ids)), READ_SIZE, send, _of_record)


def _change(client: Client, list_id: int, verb: str, ids: Iterable[int]) -> Changed:
    changed = Changed()
    for part in parts_of(tuple(dict.fromkeys(ids)), CHANGE_SIZE):
        path_params: dict[str, str | int] = {"list_id": list_id}
        answer = client.request("PUT", f"{_OF_LIST}/{verb}", path_params=path_params, json=[str(one) for one in part])
        came = _changed(answer.fields)
        changed = Changed(changed.added + came.added, changed.removed + came.removed, changed.missing + came.missing)
    return changed


def _changed(fields: Fields) -> Changed:
    # "recordsIdsAdded" is how HubSpot spells it.
    added, removed, missing = map(fields.ids, ("recordsIdsAdded", "recordIdsRemoved", "recordIdsMissing"))
    return Changed(added, removed, missing)


def _member(fields: Fields) -> Member:
    return Member(fields.id("recordId"), fields.moment("membershipTimestamp"))


def _membership(fields: Fields) -> Membership:
    first, latest = fields.moment("firstAddedTimestamp"), fields.moment("lastAddedTimestamp")
    return Membership(fields.id("listId"), first, latest)


def _of_record(fields: Fields) -> RecordMemberships:
    lists = fields.each("recordListMemberships", _membership)
    return RecordMemberships(fields.text("objectTypeId"), fields.id("recordId"), lists)
